"""Profiles that have no room for all there is to learn: the unusual may seem usual, or the reverse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.health import Ground, Issue

if TYPE_CHECKING:
    from collections.abc import Iterator


def issues(ground: Ground) -> Iterator[Issue]:
    """A profile that left out values or keys since the start."""
    for name, (values, keys) in sorted(ground.forgotten.items()):
        if values or keys:
            yield Issue(
                "profile_overflow", name, "low", "A profile has no room",
                f"the profile {name} had no room for {values} values and {keys} keys since the start",
                "see `atp profiles`; let the rule learn of fewer entities",
            )  # fmt: skip
