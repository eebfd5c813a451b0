"""Events that are kept shorter than was wanted, for want of room (`--retention-size`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.health import Ground, Issue

if TYPE_CHECKING:
    from collections.abc import Iterator


def issues(ground: Ground) -> Iterator[Issue]:
    """Once the oldest days were deleted for the size of the database."""
    if ground.shortened:
        yield Issue(
            "retention", "database", "low", "Events are kept shorter for want of room",
            ground.shortened,
            "allow more (`--retention-size`), or keep bulky families shorter (`--retention`)",
        )  # fmt: skip
