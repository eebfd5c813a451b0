"""The governor: every ten seconds it reads host and groups, and says what the sensor may use.

Short of processor time the sensor reads more slowly, and the wire part sheds least valuable traffic
first; short of memory it sheds more with each reading, and where it uses more than it may it asks to
be started anew. All of it ends by itself. What was limited is told in `sensor_health` of kind `limited`.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, Protocol

from dsl.schema.sensor import SensorHealth
from sensor.govern.quota import quota
from sensor.wire.pressure import MOST

if TYPE_CHECKING:
    from collections.abc import Callable

    from dsl.schema.base import Event
    from sensor.govern.allowance import Allowance
    from sensor.govern.readings import Reading

EVERY_S: Final = 10.0
NAME: Final = "governor"
"""The input as which it tells events."""
_LEAST_LIFE_S: Final = 600.0
"""A new start that did not help is not tried again sooner."""
_GROWN: Final = 1.25
"""Only what grew since its start can be given back by a new one."""


class Readable(Protocol):
    """Who can be read: see `readings.Host`."""

    def read(self) -> Reading: ...


class Governor:
    """A source of events as inputs are. `reserve`: the share of processor time and memory, 0 to 1,
    that stays free (0: all may be used); `most_memory`: bytes that the sensor itself may use. `after`: see
    `inputs.Ground.last`.
    """

    name = NAME
    fault = ""

    def __init__(
        self,
        host: Readable,
        allowance: Allowance,
        reserve: float,
        most_memory: float,
        after: int = 0,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.outgrown = ""
        """Why the sensor should be started anew; "": it should not."""
        self._host = host
        self._allowance = allowance
        self._reserve = reserve
        self._most_memory = most_memory
        self._seq = after
        self._clock = clock
        self._began = self._due = clock() + EVERY_S
        self._first = 0
        self._words = {"processor": "", "memory": ""}
        self._events: list[Event] = []

    def step(self) -> None:
        """Read, if it is time."""
        now = self._clock()
        if now < self._due:
            return
        self._due = now + EVERY_S
        reading = self._host.read()
        self._first = self._first or reading.own_memory
        allowed = quota(reading, self._reserve)
        if self._reserve:
            self._allowance.allow(allowed.cores)
        rested, self._allowance.rested = self._allowance.rested, False
        self._words["processor"] = ""
        if rested:
            self._words["processor"] = (
                f"the host is short of processor time ({allowed.free_processor:.0%} free): the "
                f"sensor keeps to {allowed.cores:.2f} cores"
            )
            self._tell("processor")
        short = allowed.free_memory < self._reserve
        level = self._allowance.level + (1 if short else -1)
        self._allowance.level = min(max(level, 0), MOST)
        self._words["memory"] = ""
        if short:
            free = f"the host is short of memory ({allowed.free_memory:.0%} free)"
            self._words["memory"] = f"{free}: the sensor sheds traffic"
            self._tell("memory")
        self.outgrown = self._too_large(reading.own_memory, allowed.memory, now)

    def take(self) -> list[Event]:
        """What is to be told; reads, if it is time."""
        self.step()
        events, self._events = self._events, []
        return events

    def complaints(self) -> dict[str, str]:
        """What the sensor is short of, by topic."""
        return dict(self._words)

    def close(self) -> list[Event]:
        """What was still to be told."""
        return self.take()

    def _too_large(self, own: int, allowed: float, now: float) -> str:
        most = min(self._most_memory, allowed)
        grown = own > self._first * _GROWN
        if own <= most or not grown or now - self._began < _LEAST_LIFE_S:
            return ""
        return f"the sensor uses {own >> 20} MB of memory and may use {int(most) >> 20} MB"

    def _tell(self, activity: str) -> None:
        now = time.time_ns() // 1000
        self._seq += 1
        event = SensorHealth(
            ts=now, sensor=NAME, seq=self._seq, via="wire", kind="limited", activity=activity,
            from_ts=now - int(EVERY_S * 1_000_000), to_ts=now,
        )  # fmt: skip
        self._events.append(event)
