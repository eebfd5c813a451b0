"""Sensors of the instance: who they are and how they stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypedDict

from engine.times import iso

if TYPE_CHECKING:
    from engine.instance.registry import Sensor
    from portal.reading.sources import Sources

_SILENT_US: Final = 300_000_000
State = Literal["new", "live", "silent", "revoked"]


class SensorLine(TypedDict):
    """`state`: new (nothing came yet), live, silent for five minutes, or revoked. `lag_seconds`: how old
    what it delivered last was, and how old the oldest is that waits there; `skew_seconds`: its clock less the
    engine's; `waiting`: batches on its disk; `dropped`, `unknown`: events by what they were.
    """

    name: str
    state: State
    release: str
    address: str
    enrolled: str
    seen: str | None
    revoked: str | None
    events: int
    lag_seconds: float | None
    skew_seconds: float
    waiting: int
    waiting_bytes: int
    dropped: dict[str, int]
    unknown: dict[str, int]


def listed(sources: Sources) -> list[SensorLine]:
    """All sensors by name; none where the engine takes none. Raises RegistryError."""
    if sources.registry is None:
        return []
    now = sources.clock()
    return [_line(sensor, now) for sensor in sources.registry.sensors()]


def _line(sensor: Sensor, now: int) -> SensorLine:
    oldest = sensor.oldest if sensor.waiting and sensor.oldest else sensor.seen
    return {
        "name": sensor.name,
        "state": _state(sensor, now),
        "release": sensor.release,
        "address": sensor.address,
        "enrolled": iso(sensor.enrolled),
        "seen": None if sensor.seen is None else iso(sensor.seen),
        "revoked": None if sensor.revoked is None else iso(sensor.revoked),
        "events": sensor.events,
        "lag_seconds": None if oldest is None else max(0, now - oldest) / 1_000_000,
        "skew_seconds": sensor.skew / 1_000_000,
        "waiting": sensor.waiting,
        "waiting_bytes": sensor.waiting_bytes,
        "dropped": dict(sensor.dropped),
        "unknown": dict(sensor.unknown),
    }


def _state(sensor: Sensor, now: int) -> State:
    if sensor.revoked is not None:
        return "revoked"
    if sensor.seen is None:
        return "new"
    return "silent" if now - sensor.seen > _SILENT_US else "live"
