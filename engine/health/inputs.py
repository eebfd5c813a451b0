"""What inputs complain of: directories that cannot be reached, ports that lose, files that cannot be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.health import Ground, Issue

if TYPE_CHECKING:
    from collections.abc import Iterator


def issues(ground: Ground) -> Iterator[Issue]:
    """Each complaint of an input, as it says it."""
    for topic, complaint in sorted(ground.complaints.items()):
        if complaint:
            yield Issue("inputs", topic, "medium", "An input has trouble", complaint,
                        "see what it says; the input tries again by itself")  # fmt: skip
