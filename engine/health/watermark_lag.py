"""Time that does not go on for an event type: what waits for it is not decided."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.health import HOUR_US, MINUTE_US, Ground, Issue

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST_US: Final = HOUR_US


def issues(ground: Ground) -> Iterator[Issue]:
    """An event type whose watermark is more than an hour behind."""
    for kind, mark in sorted(ground.marks.items()):
        behind = ground.now - mark
        if mark and behind > _MOST_US:
            yield Issue(
                "watermark_lag", kind, "medium", "Decisions wait",
                f"what waits for {kind} is decided {behind // MINUTE_US} minutes late",
                "see `atp coverage` for the sensor that is behind",
            )  # fmt: skip
