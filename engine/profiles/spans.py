"""Spans of parts: fine ones while they are young, then hours, quarters of a day, buckets.

What is asked as of a time must be cut there, and between parts only. So spans stay fine where
questions are likely: the last two hours are kept by ten minutes, half a day by the hour, the open
bucket and the one before by the quarter of a day. Each span learnt costs a look at every profile, and each part
of a key that is asked for is read; what is newer is asked of the events.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.profiles.part import Part

MINUTE: Final = 60_000_000
HOUR: Final = 60 * MINUTE
FINE: Final = 10 * MINUTE
YOUNG: Final = 2 * HOUR
"""How long parts stay fine."""
_MIDDLE: Final = ((HOUR, YOUNG), (6 * HOUR, 12 * HOUR))
"""Widths between the fine spans and the buckets, and how old what has them is at least."""


class Levels:
    """The spans of a profile. Times in microseconds since 1970, spans are multiples of their width."""

    def __init__(self, bucket: int) -> None:
        self.bucket = bucket
        self.fine = next((w for w in (FINE, MINUTE) if bucket % w == 0), bucket)
        self._middle = [(w, a) for w, a in _MIDDLE if bucket % w == 0 and self.fine < w < bucket]
        self._limits = dict.fromkeys([bucket, *(w for w, _ in reversed(self._middle))], 0)
        """Widths but for the fine one, the widest first: the times before which parts have them."""
        self.grown = 0
        """The time that was reached."""

    def reached(self, through: int) -> None:
        """All rows before `through` are learnt."""
        self.grown = max(self.grown, through)
        closed = min(self.bucket_of(through - YOUNG), self.bucket_of(through) - self.bucket)
        self._limits[self.bucket] = max(self._limits[self.bucket], closed)
        for width, age in self._middle:
            old = through - age
            self._limits[width] = max(self._limits[width], old - old % width)

    def bucket_of(self, time: int) -> int:
        """The begin of the bucket of a time."""
        return time - time % self.bucket

    def boundary_of(self, time: int) -> int:
        """The latest boundary of fine spans that is not after a time."""
        return time - time % self.fine

    def boundary(self, time: int) -> int:
        """The latest time, at most `time`, that no part reaches over."""
        found = self.boundary_of(time)
        for wider, limit in reversed(self._limits.items()):
            if found >= limit:
                return found
            found = time - time % wider
        return found

    def step(self, through: int, upto: int, most: int) -> tuple[int, int]:
        """How far to learn on from `through`, at most `most` or one span, and by which span: the
        widest that parts of that age have.
        """
        end = self.boundary_of(upto)
        for unit, limit in self._limits.items():
            aligned = through + -through % unit
            if aligned + unit > limit:
                continue
            if aligned == through:
                last = min(limit - limit % unit, through + max(most - most % unit, unit))
                return min(end, last), unit
            end = min(end, aligned)
        return min(end, through + max(most, self.fine)), self.fine

    def span_of(self, time: int) -> tuple[int, int]:
        """Begin and width of a span that holds every part of a time."""
        for width, limit in self._limits.items():
            if time < limit:
                return time - time % width, width
        return self.boundary_of(time), self.fine

    def grouped(self, parts: Iterable[Part]) -> dict[tuple[int, int], list[Part]]:
        """Parts of one key by the span in which they may be one."""
        groups: dict[tuple[int, int], list[Part]] = {}
        for part in parts:
            span = self.span_of(part.begin)
            if part.begin + part.width > span[0] + span[1]:
                span = (part.begin, part.width)
            groups.setdefault(span, []).append(part)
        return groups
