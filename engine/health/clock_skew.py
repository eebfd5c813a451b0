"""Sensors whose clock runs ahead: their events are judged later than they happen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.health import MINUTE_US, Ground, Issue

if TYPE_CHECKING:
    from collections.abc import Iterator

_AHEAD_US: Final = 5 * MINUTE_US


def issues(ground: Ground) -> Iterator[Issue]:
    """A sensor that tells of a time more than five minutes to come."""
    ahead: dict[str, int] = {}
    for (sensor, _), spans in ground.alive.items():
        if spans and spans[-1][1] - ground.now > _AHEAD_US:
            ahead[sensor] = max(spans[-1][1] - ground.now, ahead.get(sensor, 0))
    for sensor, by in sorted(ahead.items()):
        yield Issue(
            "clock_skew", sensor, "medium", "Clock of a source runs ahead",
            f"the events of {sensor} are up to {by // MINUTE_US} minutes ahead of this machine's clock",
            "let both machines take their time from the domain (w32tm /resync, chronyc makestep)",
        )  # fmt: skip
