"""What a turn costs: so much whatever it does, and so much for each event. Knows nobody's work."""

from __future__ import annotations

from math import inf
from typing import Final, NamedTuple

_ALIKE: Final = 0.3
"""Turns whose lengths differ by less tell nothing of what each costs for itself."""


class Pace(NamedTuple):
    """What turns of somebody cost: `fixed` seconds each and `rate` for each event, as far as the last
    two tell, the last of which did `much` in `took`.
    """

    much: int
    took: float
    fixed: float
    rate: float

    def after(self, much: int, took: float) -> Pace:
        """The same after one more turn."""
        rate = self.rate
        if abs(much - self.much) > _ALIKE * max(much, self.much):
            rate = (took - self.took) / (much - self.much)
        whole = took / much
        rate = min(max(rate, whole / 10), whole)
        return Pace(much, took, took - rate * much, rate)

    def most(self, seconds: float) -> float:
        """How much fits in that time; where most of the time goes before any of it, what half the time is for."""
        return max(seconds - self.fixed, seconds / 2) / self.rate if self.rate else inf


UNKNOWN: Final = Pace(0, 0.0, 0.0, 0.0)
