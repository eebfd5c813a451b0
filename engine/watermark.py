"""Up to when everything has arrived: one watermark per event type, from its sensors by domain.

A sensor is complete up to its newest event or heartbeat, of whatever type, less the lateness of
its kind; a type's watermark is the least of its live sensors. A sensor silent for two minutes leaves,
unless it is known to catch up (`hold`). A watermark
never goes back. `now` is event time: the newest `ts` seen, or the caller's clock where there is
one; an event from a clock that runs ahead of it moves nothing. Knows no store.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from dsl.schema.registry import event_type
from dsl.schema.sensor import SensorHealth
from engine import lateness

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dsl.schema.base import Event

_AHEAD_US: Final = 60 * lateness.SECOND_US
"""How far a sensor's clock may run ahead of the engine's."""
_MOST_BEHIND_US: Final = 24 * 3_600 * lateness.SECOND_US
"""Who is further behind holds nothing up."""


class Watermarks:
    """Watermarks of all event types; times in microseconds."""

    def __init__(self) -> None:
        self.sources: dict[tuple[str, str, str], int] = {}
        """(event type, domain, sensor) -> how late its events may be."""
        self.progress: dict[tuple[str, int], int] = {}
        """(sensor, lateness) -> newest ts of what it sends with that lateness."""
        self.marks: dict[str, int] = {}
        self.held: dict[str, int] = {}
        """Remote sensors, the first part of their inputs' names -> until when (caller's clock) they
        are known to bring what is older."""
        self.now = 0
        self.late: Counter[str] = Counter()
        """Events by type that came later than allowed."""

    def observe(self, events: Sequence[Event], clock: int | None = None) -> None:
        """A batch arrived; `clock` is the wall clock, None in a replay."""
        for event in events:
            kind = event_type(event)
            if event.ts < self.marks.get(kind, 0) and not self._recorded(event):
                self.late[kind] += 1
            if clock is not None and event.ts > clock + _AHEAD_US:
                continue
            self.now = max(self.now, event.ts)
            if isinstance(event, SensorHealth):
                self._heartbeat(event)
                continue
            sensor, late = event.sensor or "", lateness.of_via(event.via)
            key = (kind, event.domain or "", sensor)
            self.sources[key] = max(late, self.sources.get(key, 0))
            self.progress[sensor, late] = max(event.ts, self.progress.get((sensor, late), 0))
        if clock is not None:
            self.now = max(self.now, clock)

    def _heartbeat(self, event: SensorHealth) -> None:
        """A heartbeat says that everything before it has been sent."""
        if event.kind != "heartbeat":
            return
        for sensor, late in self.progress:
            if sensor == (event.sensor or ""):
                newest = self.progress[sensor, late]
                self.progress[sensor, late] = max(newest, event.ts)

    def _recorded(self, event: Event) -> bool:
        """Whether it is of files that do not keep up with the time: a recording, which nobody waited for."""
        if not lateness.of_files(event.sensor):
            return False
        newest = self.progress.get((event.sensor or "", lateness.of_via(event.via)), 0)
        return self.now - newest > lateness.IDLE_US

    def hold(self, sensor: str, until: int) -> None:
        """A remote sensor is there, with events that are still on its way: until then its inputs
        do not leave, however old their newest event is.
        """
        self.held[sensor] = max(until, self.held.get(sensor, 0))

    def of(self, events: Iterable[str]) -> int:
        """The watermark of a detection that reads these types: the least of theirs."""
        return min((self._of_type(kind) for kind in events), default=self.now)

    def _of_type(self, kind: str) -> int:
        mark = self.now
        slowest = None
        for (type_, _, sensor), late in self.sources.items():
            if type_ != kind:
                continue
            slowest = max(slowest or 0, late)
            newest = self.progress[sensor, late]
            if self.now - newest <= lateness.IDLE_US or self._held(sensor, newest):
                mark = min(mark, newest - late)
        # Those that left were allowed to be late too; what nobody has sent yet is waited for no
        # longer than the slowest sensor there is, or rules would wait for sources nobody has.
        if slowest is None:
            there = max((late for _, late in self.progress), default=lateness.SLOW_US)
            slowest = min(lateness.of_type(kind), there)
        mark = min(mark, self.now - slowest)
        self.marks[kind] = max(mark, self.marks.get(kind, 0))
        return self.marks[kind]

    def _held(self, sensor: str, newest: int) -> bool:
        until = self.held.get(sensor.partition("/")[0], -1) if self.held else -1
        return self.now <= until and self.now - newest <= _MOST_BEHIND_US
