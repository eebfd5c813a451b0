"""Accounts with power that nobody uses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.posture.ages import idle
from engine.posture.finding import Check, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.posture.estate import Estate

MOST_DAYS: Final = 180
CHECK: Final = Check(
    title="A sensitive account is dormant",
    severity="medium",
    why="Nobody notices when it is used by somebody else.",
    remedy="Disable it, or take it out of its sensitive groups.",
    product="Dormant entities in sensitive groups",
    mitre=("T1078.002",),
    needs=("lastLogonTimestamp",),
)


def find(estate: Estate) -> Iterator[Finding]:
    """Users, and computers that are no controllers."""
    for item in estate.accounts():
        days = None if item.controller or item.rid == 502 else idle(estate, item)
        if days is not None and days > MOST_DAYS and estate.sensitive(item):
            yield Finding(
                item.name,
                "lastLogonTimestamp",
                f"{days} days ago",
                f"not used for {MOST_DAYS} days",
            )
