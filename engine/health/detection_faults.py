"""Detections that the database cannot compute: they see nothing now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.health import Ground, Issue

if TYPE_CHECKING:
    from collections.abc import Iterator


def issues(ground: Ground) -> Iterator[Issue]:
    """A detection that failed in the last tick."""
    for name, why in sorted(ground.faults.items()):
        yield Issue(
            "detection_faults", name, "high", "A detection cannot be computed",
            f"the detection {name} fails: {why.strip().partition(chr(10))[0]}",
            f"`atp test {name}` and `atp explain {name} --sql`; more memory where it says so",
        )  # fmt: skip
