"""Detections that do not see a domain controller any more: cells of the map that turned blind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.blindness import turned
from engine.health import Ground, Issue

if TYPE_CHECKING:
    from collections.abc import Iterator


def issues(ground: Ground) -> Iterator[Issue]:
    """One for each controller and cause."""
    for dc, reason, number in turned(ground.cells):
        who = "detection misses" if number == 1 else "detections miss"
        yield Issue(
            "blind_cells", f"{dc} {reason.cause}", "medium", "Detections do not see a domain controller",
            f"{number} {who} something of {dc}: {reason.type}: {reason.text}; see `atp health map`",
            reason.remedy,
        )  # fmt: skip
