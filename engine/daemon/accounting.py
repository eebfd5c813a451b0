"""RADIUS accounting in a thread of its own: VPN sessions, handed over in batches.

A record is acknowledged when its event waits here; while there is no room none is, and its NAS
sends it again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.daemon.waiting import Queued

if TYPE_CHECKING:
    from dsl.schema.base import Event
    from sensor.inputs.radius import Radius


def sensor_name(place: str) -> str:
    """The sensor that a place is: the same in every run."""
    return f"radius:{place}"


class Accounting(Queued):
    """Events of one place, numbered on from `after`. A source as `capture.Capture` is one."""

    fault = ""

    def __init__(self, radius: Radius, after: int = 0) -> None:
        super().__init__()
        self.name = f"radius {radius.place.name}"
        self._radius = radius
        self._sensor = sensor_name(radius.place.name)
        self._seq = after
        radius.start(self._emit, self._waiting.room)

    def complaints(self) -> dict[str, str]:
        """What goes wrong, by topic; empty where nothing does."""
        counts = self._radius.counts
        told = {
            "wrong_secret": "requests with a wrong secret were refused",
            "unknown_client": "packets of unknown clients were refused: see --radius-clients",
            "malformed": "packets could not be read",
        }
        found = {
            topic: f"{self.name}: {counts[topic]} {what}, since the start"
            if counts.get(topic)
            else ""
            for topic, what in told.items()
        }
        waiting = self._radius.waiting
        late = f"{self.name}: {waiting} packets were not answered, the engine is too slow"
        return {**found, "waiting": late if waiting else ""}

    def close(self) -> list[Event]:
        """Stop, and give what was still inside."""
        self._radius.close()
        return self.take()

    def _emit(self, event: Event) -> None:
        self._seq += 1
        event.sensor, event.seq = self._sensor, self._seq
        self._waiting.put(event)
