"""Backups and reports that could not be made when they were due."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.health import Ground, Issue

if TYPE_CHECKING:
    from collections.abc import Iterator


def issues(ground: Ground) -> Iterator[Issue]:
    """Until it is made at last; it is tried again every five minutes."""
    for name, why in sorted(ground.undone.items()):
        if why:
            yield Issue(
                "timetable", name, "medium", "Something scheduled could not be made", why,
                "see that the folder is there, may be written and has room",
            )  # fmt: skip
