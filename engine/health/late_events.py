"""Events that come later than allowed: absences may have been concluded too early."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.health import Ground, Issue

if TYPE_CHECKING:
    from collections.abc import Iterator


def issues(ground: Ground) -> Iterator[Issue]:
    """An event type of which something came too late since the last look."""
    for kind, number in sorted(ground.late.items()):
        if number:
            yield Issue(
                "late_events", kind, "low", "Events come too late",
                f"{number} events of {kind} came later than allowed since the last look",
                "see what delays the forwarder; a source that is slow by nature goes by syslog",
            )  # fmt: skip
