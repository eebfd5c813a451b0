"""Slices of a detection whose alerts withhold events from its own profiles, unit by unit.

What is behind a row teaches nothing from the end of the row's unit on, so rows of a unit rest on the
alerts of earlier units only. A slice is computed whole; where a unit of it tells something new of
what is withheld, only the rows up to that unit's end stand and the rest is computed again. Alerts are
rare: most slices are computed once, and the answer is the same however time was sliced.

The first event of an attack makes others like it usual for the rest of the unit. So a unit with alerts
is looked over once more when it is over, as if nothing of it had been learnt: what is then behind a row
with the dedup value of an alert is withheld, too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from engine.alerts import dedup_key
from engine.entities_rows import FOREVER
from engine.store import withheld
from engine.store.withheld import Behind, Change

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import duckdb

    from engine.alerts import AlertRow
    from engine.profiles.memory import Memory

MINUTE: Final = 60_000_000
WIDER: Final = 4
"""By so much more is computed at once after each part that told nothing new."""

Span = tuple[int, int, int]
"""Number of an alert statement, first and last ts."""
Rows = tuple[Span, "list[AlertRow]"]


class Protection(Protocol):
    """Events of the types `events` behind an alert's row teach the detection's profiles nothing
    from the end of its `unit` on; `over`: the longest window of a profile. Microseconds.
    """

    @property
    def unit(self) -> int: ...
    @property
    def over(self) -> int: ...
    @property
    def events(self) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True)
class Slicing:
    """How the slices of one detection are computed. `rows` gives the rows of a span, as told by
    profiles that learnt nothing from a time on; `asks`: the statements that ask profiles under
    `protection`.
    """

    connection: duckdb.DuckDBPyConnection
    detection: str
    protection: Protection
    asks: frozenset[int]
    rows: Callable[[Span, int], list[AlertRow]]
    memory: Memory | None = None
    over: Callable[[], bool] = lambda: False

    def run(self, spans: Sequence[Span]) -> tuple[list[Rows], list[Span]]:
        """The rows of the spans, and what is behind them is withheld; the spans that are left, later than all
        that asked profiles and were computed, where after a part of them the time is `over`.
        """
        made = [(s, self.rows(s, FOREVER)) for s in spans if s[0] not in self.asks]
        for span, rows in made:
            self._withhold(span[0], self._changes(span, rows))
        waiting = [s for s in spans if s[0] in self.asks]
        width = max((high - low + 1 for _, low, high in waiting), default=0)
        while waiting:
            begin = min(low for _, low, _ in waiting)
            last = self._alike(begin, begin + width - 1)
            unsealed = withheld.unsealed(self.connection, self.detection, 0, last)
            ended = {end: keys for end, keys in unsealed.items() if end <= begin}
            self._seal(ended)
            if ended and self.over():
                break
            tried = [
                (s, self.rows(s, FOREVER))
                for s in ((i, low, min(high, last)) for i, low, high in waiting if low <= last)
            ]
            changed = {s: self._changes(s, rows) for s, rows in tried}
            since = [c.behind.since for some in changed.values() for c in some]
            since += [end for end in unsealed if end > begin]
            end = min([last + 1, *since])
            for span, rows in tried:
                self._withhold(span[0], [c for c in changed[span] if c.behind.row_ts < end])
                if span[1] < end:
                    kept = [r for r in rows if r.ts < end]
                    made.append(((span[0], span[1], min(span[2], end - 1)), kept))
            waiting = [(i, max(low, end), high) for i, low, high in waiting if high >= end]
            # near alerts there are often more
            width = self.protection.unit if since else width * WIDER
            if self.over():
                break
        return made, waiting

    def _alike(self, begin: int, last: int) -> int:
        """Up to when the same is withheld as at `begin`: what lies beyond is a question of its own, so it may wait."""
        cuts = withheld.boundaries(self.connection, self.detection, begin, min(last, FOREVER))
        return cuts[0] - 1 if cuts else last

    def _seal(self, ended: Mapping[int, set[bytes]]) -> None:
        """Look over units with alerts, by their ends; they change nothing of those that end later."""
        unit = self.protection.unit
        for since, keys in ended.items():
            for index in sorted(self.asks):
                span = (index, since - unit, since - 1)
                rows = [r for r in self.rows(span, since - unit) if dedup_key(r.dedup) in keys]
                # apart from what rows that stand withhold: these may go alone
                apart = -1 - index, *span[1:]
                self._withhold(apart[0], self._changes(apart, rows))
            withheld.seal(self.connection, self.detection, since)

    def _changes(self, span: Span, rows: Sequence[AlertRow]) -> list[Change]:
        index, low, high = span
        unit, events = self.protection.unit, self.protection.events
        found = [
            Behind(row.ts, dedup_key(row.dedup), id_, row.ts - row.ts % unit + unit)
            for row in rows
            for id_ in row.evidence
        ]
        return withheld.changes(self.connection, self.detection, index, (low, high), found, events)

    def _withhold(self, index: int, made: Sequence[Change]) -> None:
        if made:
            withheld.apply(self.connection, self.detection, index, made)
            if self.memory is not None:
                minutes = {c.ts - c.ts % MINUTE for c in made}
                self.memory.owe(self.detection, minutes)
