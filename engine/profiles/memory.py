"""The memory of profiles: what all of them have learnt, kept up with the events.

Each profile is remembered by the hash of what it learns, so a changed one learns anew, from the
events that are stored, a day at a time; until it has caught up statements read the events instead.
Learns only what the watermark has passed, and again where events came after that. Speaks no SQL.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

import duckdb

from engine.profiles.known import CHUNK, Known, earliest_asked
from engine.profiles.upkeep import SWEEP

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from engine.profiles.known import Learning, ProfileOf
    from engine.profiles.part import Key, Part
    from engine.store.parts import Parts
    from engine.turns import Turns

KEY_CAP: Final = 1_000_000
"""Keys of a profile."""
MOST_LATE: Final = 7 * CHUNK
"""Events that come later than that are not learnt, and the directory's past not learnt anew: what
lay around them may be stored no more.
"""
UNUSED: Final = 7 * CHUNK
"""How long what no detection asks for any more is kept."""


class Events(Protocol):
    """The events that are stored."""

    @property
    def connection(self) -> duckdb.DuckDBPyConnection: ...

    def oldest(self, types: Iterable[str]) -> int | None:
        """The least `ts` of any event of these types, None where there is none."""

    def arrived(self, types: Iterable[str], after: int, before: int) -> set[int]:
        """Times, by the minute, of events with an id above `after` and a `ts` less than `before`."""

    def withheld(self, owner: str, after: int) -> set[int]:
        """Times, by the minute, of events that were withheld from the profiles of a detection, or
        count again, with changes above the number `after`.
        """


@dataclass(frozen=True, slots=True)
class News:
    """What is new since the last call: `highest` id of an event, `times` (least and greatest ts) of
    new events by type; `changed_from`: answers of the directory changed from here on. `now` is
    event time. `withheld`: the number of the latest change of what is withheld.
    """

    highest: int
    times: Mapping[str, tuple[int, int]]
    changed_from: int | None
    now: int
    withheld: int = 0


class Memory:
    """What the detections' profiles have learnt, over a store of parts."""

    def __init__(self, parts: Parts, *, key_cap: int = KEY_CAP) -> None:
        self._parts = parts
        self._key_cap = key_cap
        self.known: dict[str, Known] = {}
        self.faults: dict[str, str] = {}
        """Profiles that the database could not compute when they last learnt, and what it said."""
        self._stored = parts.progress()
        self._waiting: set[str] = set()
        """Profiles of which no event is stored yet."""

    # --- asked by statements ----------------------------------------------------------------------

    def cut(self, profile: str, time: int, before: int) -> int | None:
        """The latest time, at most `time`, up to which all rows from `before` on are remembered."""
        known = self.known.get(profile)
        return None if known is None else known.cut(time, before)

    def earliest(self, profile: str) -> int | None:
        """The `ts` of the earliest row that was learnt."""
        known = self.known.get(profile)
        return None if known is None else known.progress.earliest

    def keys(self, profile: str) -> Iterator[Key]:
        """Every key there is."""
        known = self.known.get(profile)
        return iter(()) if known is None else known.keys()

    def parts(
        self, profile: str, keys: Iterable[Key], begin: int, end: int, at: int
    ) -> Iterator[tuple[Key, Part]]:
        """Parts of these keys that begin in [begin, end) and count for who asks at `at`."""
        known = self.known.get(profile)
        return iter(()) if known is None else known.parts(keys, begin, end, at)

    def owe(self, owner: str, minutes: Iterable[int]) -> None:
        """Events of these minutes count otherwise for a detection's profiles: what was learnt of
        them is not used before it is learnt again.
        """
        for known in self.known.values():
            if known.owner == owner:
                known.owed.update(minutes)

    # --- learning ---------------------------------------------------------------------------------

    def keep_up(
        self,
        learnings: Sequence[tuple[Learning, int]],
        events: Events,
        news: News,
        turns: Turns,
    ) -> None:
        """Learn, each profile up to the time given with it, and again where events came late or
        count otherwise; whose turn it is not learns later.
        """
        by_hash: dict[str, tuple[Learning, int]] = {}
        for learning, upto in learnings:
            hash_ = learning.profile.hash
            by_hash.setdefault(hash_, (learning, upto))
            if hash_ in self.known:
                shared = self.known[hash_]
                shared.reach = max(shared.reach, learning.reach)
        turns.choose(by_hash)
        for hash_ in turns.order(by_hash):
            learning, upto = by_hash[hash_]
            profile = learning.profile
            try:
                known = self._known(learning, upto, events, news)
                if known is None:
                    continue
                if learning.directory and news.changed_from is not None:
                    known.rewind(max(news.changed_from, news.now - MOST_LATE))
                self._notice(known, profile, events, news)
                with turns.turn(hash_) as now:
                    if now and known.owed:
                        known.again(learning, events.connection, news.highest, self)
                    if now:
                        known.advance(learning, events.connection, upto, news.highest, self)
            except duckdb.Error as error:
                self.faults[profile.name] = str(error)
            else:
                self.faults.pop(profile.name, None)
        self._forget_unused(news.now)

    def _notice(self, known: Known, profile: ProfileOf, events: Events, news: News) -> None:
        """Note the late events and those that count otherwise, also from before a crash."""
        through = known.progress.through
        new = (news.times[k][0] for k in profile.events if k in news.times)
        if not known.checked or any(least < through for least in new):
            times = events.arrived(profile.events, known.progress.seen, through)
            known.owed |= {t for t in times if t >= news.now - MOST_LATE}
            known.checked = True
        if known.owner and known.progress.withheld < news.withheld:
            times = events.withheld(known.owner, known.progress.withheld)
            stored = news.now - MOST_LATE
            if any(t < stored for t in times):
                # an alert may be closed weeks after it, but what is learnt again must be stored
                oldest = events.oldest(profile.events) or news.now
                stored = min(stored, oldest + profile.look_back + profile.bucket)
            known.owed |= {t for t in times if stored <= t < through}
            known.progress = known.progress._replace(withheld=news.withheld)

    def _known(self, learning: Learning, upto: int, events: Events, news: News) -> Known | None:
        """A profile that is known, was learnt before this start, or is new; None: it cannot be
        learnt yet.
        """
        profile = learning.profile
        known = self.known.get(profile.hash)
        if known is not None:
            known.reach = max(known.reach, learning.reach)
            return known
        progress = self._stored.get(profile.hash)
        if progress is None:
            if profile.hash in self._waiting and not news.times.keys() & set(profile.events):
                return None
            first = events.oldest(profile.events)
            if first is None:
                self._waiting.add(profile.hash)
                return None
            window = earliest_asked(profile, upto, learning.reach)
            # what begins with the first event has learnt all there ever was
            since, begin = (0, first) if first >= window else (window, window)
            begin -= begin % profile.bucket
            progress = self._parts.add(profile.hash, since, begin, news.highest)
            self._stored[profile.hash] = progress
        known = Known(self._parts, profile, progress, learning.reach, self._key_cap)
        self.known[profile.hash] = known
        return known

    def _forget_unused(self, now: int) -> None:
        """Forget some of what no detection has asked for in a week."""
        for hash_, progress in list(self._stored.items()):
            if hash_ in self.known or now - progress.used < UNUSED:
                continue
            with self._parts.transaction():
                if self._parts.forget(progress.id, SWEEP):
                    del self._stored[hash_]
