"""The rows of one detection's alerts, by dedup value, in memory.

A recomputed slice replaces what was there; the answer names the dedup values it touched. Rows of
a long episode that no event in time can change any more are summed up, so that a flood of rows
costs memory for the open minutes only. Knows no store, no clock.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, Final

import msgspec

from engine.alerts import AlertRow, Episode, connected, dedup_key, episodes, order

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

SEAL_ABOVE: Final = 500
"""Dedup values with more rows than this have their settled rows summed up."""


class Held(msgspec.Struct):
    """Rows of one dedup value: open ones by alert statement, in time; the rest summed up."""

    rows: dict[int, list[AlertRow]] = msgspec.field(default_factory=dict)
    sealed: list[Episode] = msgspec.field(default_factory=list)
    sealed_to: int = -1
    """Open rows are later than this; a slice before it is not replaced any more."""

    def count(self) -> int:
        return sum(map(len, self.rows.values()))


class AlertRows:
    """All rows of a detection; `dedup_us` is its D in microseconds."""

    def __init__(self, dedup_us: int) -> None:
        self.dedup_us = dedup_us
        self.sealing = True
        """False: nothing is summed up, for earlier rows may still come."""
        self.held: dict[bytes, Held] = {}
        self.cuts: dict[bytes, tuple[int, ...]] = {}
        """By dedup value: after these times rows are another alert's, for people closed the one before."""

    def replace(self, index: int, low: int, high: int, rows: Sequence[AlertRow]) -> set[bytes]:
        """Put the rows of alert statement `index` with ts in [low, high] in place of the old ones.

        Answers the dedup values for which something changed.
        """
        arriving: dict[bytes, list[AlertRow]] = {}
        for row in rows:
            arriving.setdefault(dedup_key(row.dedup), []).append(row)
        touched = set()
        for key, held in self.held.items():
            there = held.rows.get(index)
            if not there or (there[-1].ts < low or there[0].ts > high):
                continue
            if key not in arriving and self._between(there, low, high):
                arriving[key] = []
        for key, fresh in arriving.items():
            held = self.held.setdefault(key, Held())
            there = held.rows.setdefault(index, [])
            begin, end = bisect_left(there, low, key=_ts), bisect_right(there, high, key=_ts)
            fresh = sorted((r for r in fresh if r.ts > held.sealed_to), key=order)  # noqa: PLW2901  # the open part
            if there[begin:end] != fresh:
                there[begin:end] = fresh
                touched.add(key)
        return touched

    def open_rows(self, rows: Sequence[AlertRow]) -> list[AlertRow]:
        """Those of the rows that are not summed up."""
        return [r for r in rows if r.ts > self.held[dedup_key(r.dedup)].sealed_to]

    def put_back(self, index: int, row: AlertRow) -> None:
        """A row kept over a restart."""
        there = self.held.setdefault(dedup_key(row.dedup), Held()).rows.setdefault(index, [])
        there.insert(bisect_right(there, row.ts, key=_ts), row)

    def put_back_sealed(self, episode: Episode, sealed_to: int) -> None:
        """Summed-up rows kept over a restart."""
        held = self.held.setdefault(dedup_key(episode.dedup), Held())
        held.sealed.append(episode)
        held.sealed_to = sealed_to

    def episodes(self, key: bytes) -> list[Episode]:
        """The episodes of one dedup value now."""
        held = self.held.get(key)
        if held is None:
            return []
        rows = [row for there in held.rows.values() for row in there]
        cuts = self.cuts.get(key, ())
        return connected([*held.sealed, *episodes(rows, self.dedup_us, cuts)], self.dedup_us, cuts)

    def seal(self, before: int) -> set[bytes]:
        """Sum up rows older than `before` where there are many; answers the dedup values."""
        done: set[bytes] = set()
        for key, held in self.held.items() if self.sealing else ():
            if held.count() <= SEAL_ABOVE or before - 1 <= held.sealed_to:
                continue
            old = [row for there in held.rows.values() for row in there if row.ts < before]
            if not old:
                continue
            held.rows = {i: [r for r in there if r.ts >= before] for i, there in held.rows.items()}
            cuts = self.cuts.get(key, ())
            held.sealed = connected(
                [*held.sealed, *episodes(old, self.dedup_us, cuts)], self.dedup_us, cuts
            )
            held.sealed_to = before - 1
            done.add(key)
        return done

    def forget(self, before: int) -> set[bytes]:
        """Drop dedup values whose newest row is older than `before`; answers them."""
        gone = {key for key, held in self.held.items() if _newest(held) < before}
        for key in gone:
            del self.held[key]
            self.cuts.pop(key, None)
        return gone

    @staticmethod
    def _between(there: list[AlertRow], low: int, high: int) -> bool:
        i = bisect_left(there, low, key=_ts)
        return i < len(there) and there[i].ts <= high


def _newest(held: Held) -> int:
    ends: Iterable[int] = (
        *(e.last for e in held.sealed),
        *(there[-1].ts for there in held.rows.values() if there),
    )
    return max(ends, default=-1)


def _ts(row: AlertRow) -> int:
    return row.ts
