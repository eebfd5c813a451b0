"""Detections that wait for their turn: events come faster than this machine computes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.health import Ground, Issue

if TYPE_CHECKING:
    from collections.abc import Iterator

_LONG_S: Final = 60.0


def issues(ground: Ground) -> Iterator[Issue]:
    """News that a detection has waited with for more than a minute; one issue for all of them."""
    slow = {name: seconds for name, seconds in ground.waits.items() if seconds > _LONG_S}
    if slow:
        longest = max(slow, key=lambda name: slow[name])
        yield Issue(
            "detections_behind", "engine", "medium", "Detections come late",
            f"{len(slow)} detections wait for their turn, {longest} for {slow[longest]:.0f} s: nothing is lost, "
            "but alerts come late",
            "give the engine more processor time, or disable detections that nobody needs; see `atp health list`",
        )  # fmt: skip
