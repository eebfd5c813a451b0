"""How much to shed, from how full the capture's buffer is: up at once, down with patience.

Levels are those of `sensor.wire.shed`. Knows no clock, socket or packet: the time is told.
"""

from __future__ import annotations

from typing import Final

_MARKS: Final[tuple[float, ...]] = (0.3, 0.4, 0.6, 0.75, 0.85)
"""How full the buffer is before each level: what matters most is shed only where it nearly overflows."""
MOST: Final = 5
_LOW: Final = 0.1
_STEP_US: Final = 100_000
"""After a step up the next one waits so long: blocks read before it do not count."""
_HOLD_US: Final = 2_000_000
_LONGEST_US: Final = 64_000_000
_NEVER: Final = -(1 << 62)


class Pressure:
    """The level now, 0 (nothing is shed) to MOST.

    A buffer fuller than the mark of the next level is one step up, unless the step before makes it
    drain. Where it was nearly empty for the time of holding,
    one step down; if that brings the load back, holding takes twice as long from then on.
    """

    __slots__ = ("_before", "_calm", "_hold", "_lowered", "_raised", "level")

    def __init__(self) -> None:
        self.level = 0
        self._before = 0.0  # how full it was at the step before
        self._raised = _NEVER
        self._lowered = _NEVER
        self._calm = _NEVER  # since when the buffer is nearly empty
        self._hold = _HOLD_US

    def judge(self, fill: float, now: int) -> int:
        """The level for packets read from here on; `fill` from 0 to 1, `now` in steady
        microseconds.
        """
        if fill > _MARKS[0]:
            self._calm = _NEVER
            if now - self._raised >= _STEP_US:
                rising = self.level == 0 or fill >= self._before
                if self.level < MOST and fill > _MARKS[self.level] and rising:
                    self._rise(now)
                self._raised = now
                self._before = fill
        elif fill >= _LOW or self.level == 0:
            self._calm = _NEVER
        elif self._calm == _NEVER:
            self._calm = now
        elif now - self._calm >= self._hold:
            self.level -= 1
            self._lowered = now
            self._calm = now
        return self.level

    def _rise(self, now: int) -> None:
        if now - self._lowered < self._hold:
            self._hold = min(2 * self._hold, _LONGEST_US)
            self._lowered = _NEVER  # one relapse, one lesson
        elif self.level == 0 and now - self._lowered > 2 * _LONGEST_US:
            self._hold = _HOLD_US
        self.level += 1
