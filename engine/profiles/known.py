"""One profile that is remembered: learns spans of time, answers for keys.

Parts of minutes become parts of hours and of buckets as they grow old (`spans`, `upkeep`). A span in
which events came late is learnt again as a whole. Each step is one transaction of the parts with the
progress, so that a crash leaves a profile that has learnt less, never one that has learnt wrongly.
Speaks no SQL: statements and parts come from outside.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

import msgspec

from engine.profiles.part import Part, Shape
from engine.profiles.spans import HOUR, MINUTE, Levels
from engine.profiles.upkeep import Upkeep

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import duckdb

    from dsl.plan import LearnFunction
    from engine.profiles.memory import Memory
    from engine.profiles.part import Key
    from engine.store.parts import Parts, Progress

CHUNK: Final = 24 * HOUR
"""History learnt at a time."""
SLACK: Final = 2 * CHUNK
"""How long parts outlive the window, beside what statements look back: they may decide late."""

_encode = msgspec.msgpack.Encoder().encode
_key = msgspec.msgpack.Decoder(tuple).decode
_every_part = msgspec.msgpack.Decoder(list[Part]).decode
_ARRAY: Final = b"\xdd"
"""What a list begins with whose length takes 32 bits (MessagePack, array format family)."""


class ProfileOf(Protocol):
    """A compiled profile, as far as the memory must know it."""

    @property
    def hash(self) -> str: ...
    @property
    def owner(self) -> str:
        """The detection whose alerts withhold events from it, "" where none does."""

    @property
    def name(self) -> str: ...
    @property
    def events(self) -> tuple[str, ...]: ...
    @property
    def look_back(self) -> int: ...
    @property
    def bucket(self) -> int: ...
    @property
    def over(self) -> int: ...
    @property
    def frozen(self) -> int | None:
        """As of which time it is asked at the latest, None where it is not frozen."""

    @property
    def learns(self) -> tuple[tuple[LearnFunction, str], ...]: ...


class Learning(Protocol):
    """How a profile learns from events."""

    @property
    def profile(self) -> ProfileOf: ...
    @property
    def reach(self) -> int:
        """How long before an alert's row the profile may be asked, in microseconds."""

    @property
    def directory(self) -> bool:
        """Whether the directory has a say in what is learnt."""

    def learn(
        self,
        connection: duckdb.DuckDBPyConnection,
        span: tuple[int, int],
        unit: int,
        memory: Memory | None,
    ) -> Sequence[tuple[Key, Part]]:
        """Parts of `unit` of the rows with ts in `span`, both ends included, each with its key."""


class Known:
    """What one profile has learnt. `reach`: how far back it may be asked."""

    def __init__(
        self, parts: Parts, profile: ProfileOf, progress: Progress, reach: int, key_cap: int
    ) -> None:
        self.name, self.owner = profile.name, profile.owner
        self.progress = progress
        self.reach = reach
        self.owed: set[int] = set()
        """Minutes of events that came late, or count otherwise, and are not learnt yet."""
        self.checked = False
        """Whether it is known that before this start all events up to `seen` were learnt."""
        self._parts = parts
        self._profile = profile
        self._levels = Levels(profile.bucket)
        self._levels.reached(progress.grown)
        self.upkeep = Upkeep(parts, Shape(tuple(f for f, _ in profile.learns)), key_cap)

    # --- asked by statements ----------------------------------------------------------------------

    def cut(self, time: int, before: int) -> int | None:
        """The latest time, at most `time`, up to which all rows from `before` on are remembered."""
        if self.progress.since > before:
            return None
        # what an event changes lies nowhere before it
        return self._levels.boundary(min(time, self.progress.through, *self.owed))

    def keys(self) -> Iterator[Key]:
        """Every key there is."""
        return map(_key, self._parts.keys(self.progress.id))

    def parts(
        self, keys: Iterable[Key], begin: int, end: int, at: int
    ) -> Iterator[tuple[Key, Part]]:
        """Parts of these keys that begin in [begin, end) and count for who asks at `at`."""
        asked = list(keys)
        found = self._parts.of_keys(self.progress.id, map(_encode, asked), begin, end)
        # as one message: a third of the time of one for each
        whole = b"".join([_ARRAY, len(found).to_bytes(4, "big"), *(data for _, data in found)])
        for (position, _), part in zip(found, _every_part(whole), strict=True):
            if part.counts(at):
                yield asked[position], part

    # --- learning ---------------------------------------------------------------------------------

    def advance(
        self,
        learning: Learning,
        connection: duckdb.DuckDBPyConnection,
        upto: int,
        seen: int,
        memory: Memory,
    ) -> None:
        """Learn the rows before `upto`, at most a day of them; `seen`: the highest id there is."""
        left = CHUNK
        while left > 0 and (learnt := self._step(learning, connection, upto, left, seen, memory)):
            left -= learnt

    def _step(
        self,
        learning: Learning,
        connection: duckdb.DuckDBPyConnection,
        upto: int,
        most: int,
        seen: int,
        memory: Memory,
    ) -> int:
        """Learn on with parts of one width; how much time."""
        progress, levels = self.progress, self._levels
        levels.reached(levels.boundary_of(upto))
        end, unit = levels.step(progress.through, upto, most)
        if end <= progress.through:
            self.progress = progress._replace(seen=seen)
            return 0
        found = learning.learn(connection, (progress.through, end - 1), unit, memory)
        earliest = progress.earliest
        if earliest is None:
            earliest = min((p.first for _, p in found), default=None)
        oldest = earliest_asked(self._profile, end, self.reach)
        self.progress = progress._replace(
            since=max(progress.since, oldest), through=end, grown=levels.grown,
            earliest=earliest, seen=seen, used=end,
        )  # fmt: skip
        try:
            with self._parts.transaction():
                self._put(found)
                self._parts.reached(self.progress)
                self.upkeep.sweep(self.progress, levels, len(found))
        except BaseException:
            self.progress = progress
            raise
        return end - progress.through

    def again(
        self,
        learning: Learning,
        connection: duckdb.DuckDBPyConnection,
        seen: int,
        memory: Memory,
    ) -> None:
        """Learn again the spans of the rows that late events may change; `seen`: the highest id
        there is.
        """
        progress = self.progress
        times = _reached(self.owed, self._profile.look_back, self._levels.fine)
        reached = [max(t, progress.since) for t in times]
        spans = {self._levels.span_of(t) for t in reached if t < progress.through}
        for begin, end, unit in _runs(spans):
            last = min(end, progress.through) - 1
            found = learning.learn(connection, (begin, last), unit, memory)
            self.progress = self.progress._replace(
                grown=self._levels.grown, earliest=_least(self.progress.earliest, found)
            )
            with self._parts.transaction():
                self._parts.clear(progress.id, begin, end)
                self._put(found)
                self._parts.reached(self.progress)
        self.owed = set()
        self.progress = self.progress._replace(seen=seen)

    def rewind(self, to: int) -> None:
        """Forget what was learnt from the bucket of `to` on: it must be learnt anew."""
        to = max(self._levels.bucket_of(to), self.progress.since)
        if to >= self.progress.through:
            return
        with self._parts.transaction():
            self._parts.clear(self.progress.id, to, self.progress.through)
            self.progress = self.progress._replace(through=to)
            self._parts.reached(self.progress)

    def _put(self, found: Sequence[tuple[Key, Part]]) -> None:
        self.upkeep.cut += sum(part.cut for _, part in found)
        rows = ((_encode(key), p.begin, p.since, p.until, _encode(p)) for key, p in found)
        self._parts.put(self.progress.id, rows)


def earliest_asked(profile: ProfileOf, now: int, reach: int) -> int:
    """The begin of the earliest bucket of which something may yet be asked."""
    last = now if profile.frozen is None else min(now, profile.frozen)
    begin = last - last % profile.bucket - profile.over - SLACK - reach
    return begin - begin % profile.bucket


def _least(earliest: int | None, found: Sequence[tuple[Key, Part]]) -> int | None:
    times = [p.first for _, p in found]
    return min(times if earliest is None else [earliest, *times], default=None)


def _reached(minutes: Iterable[int], look_back: int, fine: int) -> Iterator[int]:
    """Times in all fine spans that have rows which events of these minutes may change."""
    for minute in minutes:
        last = minute + MINUTE - 1 + look_back
        yield from range(minute, last, min(fine, MINUTE))
        yield last


def _runs(spans: Iterable[tuple[int, int]]) -> Sequence[tuple[int, int, int]]:
    """Spans (begin, width) that follow one another as one (begin, end, width), a day at most."""
    runs: list[tuple[int, int, int]] = []
    for begin, width in sorted(spans):
        if runs and runs[-1][1:] == (begin, width) and begin + width - runs[-1][0] <= CHUNK:
            runs[-1] = (runs[-1][0], begin + width, width)
        else:
            runs.append((begin, begin + width, width))
    return runs
