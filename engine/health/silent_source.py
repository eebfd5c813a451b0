"""Sensors that were heard steadily and fell silent: what they watch is not watched now.

A folder of files is heard now and then, a live source without a pause; only the latter is missed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.health import HOUR_US, MINUTE_US, Ground, Issue
from engine.times import iso

if TYPE_CHECKING:
    from collections.abc import Iterator

_SILENT_US: Final = 5 * MINUTE_US
_STEADY_US: Final = HOUR_US // 2
_LONG_US: Final = 7 * 24 * HOUR_US


def issues(ground: Ground) -> Iterator[Issue]:
    """A sensor that was alive for half an hour or more, and not since five minutes."""
    newest: dict[str, int] = {}
    steady: dict[str, int] = {}
    for (sensor, _), spans in ground.alive.items():
        if spans:
            begin, end = spans[-1]
            newest[sensor] = max(end, newest.get(sensor, 0))
            steady[sensor] = max(end - begin, steady.get(sensor, 0))
    for sensor, end in sorted(newest.items()):
        silent = ground.now - end
        if _SILENT_US < silent < _LONG_US and steady[sensor] >= _STEADY_US:
            yield Issue(
                "silent_source", sensor, "medium", "Sensor stopped communicating",
                f"the sensor {sensor} is silent since {iso(end)[:19]}Z",
                "see whether the mirror port, the forwarder or the sensor's machine is up",
            )  # fmt: skip
