"""What of each domain controller arrives, by which way: the ground of the map of blindness.

Events are tallied by controller, way (the wire, or records of its logs) and type. A type fell silent
where so many other events of the same way came since its last one that sixty of it were to be expected
by its share: so a quiet hour, in which everything is less, is no fault. A way fell silent by its own pace.
Bounded by the number of controllers; knows no store and no detection.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

import msgspec

from dsl.schema.registry import event_type
from dsl.schema.sensor import SensorHealth

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dsl.schema.base import Event

Way = Literal["wire", "log"]
SECOND_US: Final = 1_000_000
MINUTE_US: Final = 60 * SECOND_US
SILENT_US: Final = 5 * MINUTE_US
RECENT_US: Final = 10 * MINUTE_US
_WIRE: Final = frozenset({"wire", "zeek", "etw"})
_EXPECTED: Final = 60
_PACE: Final = 30
"""A way is silent after so many of its usual gaps, but not before five minutes."""
_LEARN: Final = 0.05
_HALVED_AT: Final = 200_000
_MOST: Final = 2_000
"""Controllers that are tallied."""


class Kind(msgspec.Struct, array_like=True):
    """Events of a type: how many, and which of its way's events the last one was."""

    count: int = 0
    at: int = 0
    last: int = 0


class Tally(msgspec.Struct, array_like=True):
    """Events of a controller by one way. Times in microseconds; `gap`: the usual time between two;
    `sensors`: when each was heard last.
    """

    events: int = 0
    first: int = 0
    last: int = 0
    gap: float = 0.0
    kinds: dict[str, Kind] = {}
    sensors: dict[str, int] = {}

    def add(self, kind: str, ts: int, sensor: str) -> None:
        """One more."""
        if self.events:
            apart = min(max(0, ts - self.last), 10 * MINUTE_US)
            self.gap += _LEARN * (apart - self.gap)
        else:
            self.first = ts
        self.events += 1
        self.last = max(self.last, ts)
        self.sensors[sensor] = ts
        known = self.kinds.setdefault(kind, Kind())
        known.count += 1
        known.at = self.events
        known.last = ts
        if self.events >= _HALVED_AT:
            self.events //= 2
            for each in self.kinds.values():
                each.count //= 2
                each.at //= 2

    def silent(self, now: int) -> bool:
        """Nothing came for much longer than usual."""
        return now - self.last > max(SILENT_US, _PACE * self.gap)

    def fell_silent(self, kind: str) -> int | None:
        """When the last event of a type came, if it should have come again since; else None."""
        known = self.kinds.get(kind)
        if known is None or not known.at:
            return None
        expected = (self.events - known.at) * known.count / known.at
        return known.last if expected > _EXPECTED else None

    def never(self, kind: str, of: int) -> bool:
        """Whether a type never came among so many events."""
        return self.events >= of and kind not in self.kinds


class Sight(msgspec.Struct):
    """`tallies` by controller and way. `beats`: when a sensor said last that it reads; `lost`: when
    it last said that it left something unread, by protocol (`*`: anything).
    """

    tallies: dict[str, dict[Way, Tally]] = {}
    beats: dict[str, int] = {}
    lost: dict[str, dict[str, int]] = {}

    def observe(self, events: Iterable[Event]) -> None:
        """A batch, resolved; in any order."""
        for event in events:
            if isinstance(event, SensorHealth):
                self._health(event)
                continue
            if not event.dst_is_dc or not event.dc:
                continue
            via = event.via or ""
            way: Way | None = "wire" if via in _WIRE else "log" if via[:6] == "event_" else None
            if way is None or (event.dc not in self.tallies and len(self.tallies) >= _MOST):
                continue
            ways = self.tallies.setdefault(event.dc, {})
            ways.setdefault(way, Tally()).add(event_type(event), event.ts, event.sensor or "")

    def _health(self, event: SensorHealth) -> None:
        sensor = event.sensor or ""
        if event.kind == "heartbeat":
            self.beats[sensor] = max(event.ts, self.beats.get(sensor, 0))
        elif event.kind in ("loss", "gap", "shed"):
            what = (event.activity or "*") if event.kind == "shed" else "*"
            lost = self.lost.setdefault(sensor, {})
            lost[what] = max(event.ts, lost.get(what, 0))
