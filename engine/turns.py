"""Whose turn it is in a tick that has not the time for all: who has waited longest.

Each takes about as long as it took lately; where no time is left for that, its turn is at a later
tick. The first of a tick always has its turn, so nobody waits for ever; so has the first of each
line, where several threads work side by side. Knows nobody's work.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from math import ceil
from typing import TYPE_CHECKING, Final

from engine.pace import UNKNOWN, Pace

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

_SHARE: Final = 0.5
"""Of a tick's time, for what is cut into pieces."""
_PIECES: Final = 6
"""Of what is owed at most: each costs what a turn costs whatever it does."""
_LEAST: Final = 25_000
"""Events that a piece has at least."""
_KEPT: Final = 0.9
"""What is left of an expected duration after a shorter one: a quiet tick says little of the next."""


class Turns:
    """Turns by name over many ticks; `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._expected: dict[str, float] = {}
        self._waiting: dict[str, tuple[int, float]] = {}
        """In which tick each began to wait, and when."""
        self._waited: dict[str, tuple[int, float]] = {}
        """The same of those that have had their turn in this tick."""
        self._covered: dict[str, int] = {}
        self._paces: dict[str, Pace] = {}
        self._tick = 0
        self.paused = False
        self._long = ""
        """Who has its turn in this tick though it takes longer than that; "": nobody."""
        self._pressed = False
        """Whether somebody waited when the tick began: else nobody minds one that takes long."""
        self._seconds: float | None = None
        self._end: float | None = None
        self._served: set[int] = set()
        """Lines in which somebody has had a turn in this tick."""

    def begin(self, seconds: float | None, *, paused: bool = False) -> None:
        """A tick that has so much time; None: enough for all. `paused`: it is nobody's turn."""
        self._tick += 1
        self.paused = paused
        self._long = ""
        self._served = set()
        self._waited, self._covered = {}, {}
        self._pressed = bool(self._waiting)
        self._seconds = seconds
        self._end = None if seconds is None else self._clock() + seconds

    def order(self, names: Iterable[str]) -> list[str]:
        """Who has waited longest first, else in the order given."""
        return sorted(names, key=lambda n: self._waiting.get(n, (self._tick, 0.0))[0])

    def choose(self, names: Iterable[str]) -> bool:
        """Of those whose turns take longer than this tick, who has waited longest has its turn all the same;
        False: there are none.
        Else all of them wait.
        """
        self._long = next((n for n in self.order(names) if self._over(n)), "")
        return bool(self._long)

    @contextmanager
    def turn(self, name: str, line: int = 0, *, free: bool = False) -> Iterator[bool]:
        """Whether it is the turn of `name` in its line; the time until the end is its own. `free`: it has
        hardly anything to do, and nobody waits for that.
        """
        if free:
            self._waiting.pop(name, None)
            yield True
            return
        begin = self._clock()
        if self._end is not None:
            left = self._end - begin
            short = left <= 0 or left < self._expected.get(name, 0.0)
            may = line not in self._served and (name == self._long or not self._over(name))
            if self.paused or (short and not may):
                self._waiting.setdefault(name, (self._tick, begin))
                yield False
                return
        self._served.add(line)
        self._waited[name] = self._waiting.pop(name, (self._tick, begin))
        yield True
        took = self._clock() - begin
        if name in self._covered:
            much = self._covered.pop(name)
            self._paces[name] = self._paces.get(name, UNKNOWN).after(much, took)
        self._expected[name] = max(took, self._expected.get(name, 0.0) * _KEPT)

    def pieces(self, name: str, owed: int, begun: int = 0) -> int:
        """In how many turns it does what it owes, at its pace, none of which takes long; 1 where nothing is known.
        `begun`: in how many it does the rest of what it began so: cut anew it would never come to its end.
        """
        if self._seconds is None:
            return 1
        if begun or name not in self._paces:
            return begun or 1
        most = self._paces[name].most(self._seconds * _SHARE)
        return max(1, min(_PIECES, ceil(owed / most), owed // _LEAST))

    def covered(self, name: str, much: int) -> None:
        """So many of the events owed it judges in the turn that it has."""
        if much:
            self._covered[name] = much

    def over(self) -> bool:
        """Whether no time is left."""
        return self._end is not None and self._clock() >= self._end

    def wait(self, name: str, *, first: bool = False) -> None:
        """It has had its turn and is not done: it is among those who wait. `first`: for as long as if it had not
        had it, so its next turn follows soon.
        """
        since = self._waited.get(name) if first else None
        self._waiting.setdefault(name, since or (self._tick, self._clock()))

    def _over(self, name: str) -> bool:
        """Whether a turn of it takes longer than a tick, and others wait."""
        if self._seconds is None or not self._pressed:
            return False
        return self._expected.get(name, 0.0) > self._seconds

    def waited(self) -> list[int]:
        """For how many ticks each has waited that waits now."""
        return [self._tick - since + 1 for since, _ in self._waiting.values()]

    def waits(self) -> dict[str, float]:
        """For how many seconds each has waited that waits now."""
        now = self._clock()
        return {name: now - since for name, (_, since) in self._waiting.items()}

    def keep(self, names: Collection[str]) -> None:
        """Only these are there any more."""
        self._waiting = {n: since for n, since in self._waiting.items() if n in names}
        self._expected = {n: took for n, took in self._expected.items() if n in names}
        self._paces = {n: pace for n, pace in self._paces.items() if n in names}
