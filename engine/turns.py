"""Whose turn it is in a tick that has not the time for all: who has waited longest.

Each takes about as long as it took lately; where no time is left for that, its turn is at a later
tick. The first of a tick always has its turn, so nobody waits for ever; so has the first of each
line, where several threads work side by side. Knows nobody's work.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

_KEPT: Final = 0.9
"""What is left of an expected duration after a shorter one: a quiet tick says little of the next."""


class Turns:
    """Turns by name over many ticks; `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._expected: dict[str, float] = {}
        self._waiting: dict[str, tuple[int, float]] = {}
        """In which tick each began to wait, and when."""
        self._tick = 0
        self._end: float | None = None
        self._served: set[int] = set()
        """Lines in which somebody has had a turn in this tick."""

    def begin(self, seconds: float | None) -> None:
        """A tick that has so much time; None: enough for all."""
        self._tick += 1
        self._served = set()
        self._end = None if seconds is None else self._clock() + seconds

    def order(self, names: Iterable[str]) -> list[str]:
        """Who has waited longest first, else in the order given."""
        return sorted(names, key=lambda n: self._waiting.get(n, (self._tick, 0.0))[0])

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
        if line in self._served and self._end is not None:
            left = self._end - begin
            if left <= 0 or left < self._expected.get(name, 0.0):
                self._waiting.setdefault(name, (self._tick, begin))
                yield False
                return
        self._served.add(line)
        self._waiting.pop(name, None)
        yield True
        took = self._clock() - begin
        self._expected[name] = max(took, self._expected.get(name, 0.0) * _KEPT)

    def over(self) -> bool:
        """Whether no time is left."""
        return self._end is not None and self._clock() >= self._end

    def wait(self, name: str) -> None:
        """It has had its turn and is not done: it is among those who wait."""
        self._waiting.setdefault(name, (self._tick, self._clock()))

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
