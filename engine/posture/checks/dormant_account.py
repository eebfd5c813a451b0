"""Accounts that nobody uses and that can still log on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.posture.ages import idle
from engine.posture.finding import Check, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.posture.estate import Estate

MOST_DAYS: Final = 180
CHECK: Final = Check(
    title="An account is dormant",
    severity="low",
    why="Accounts of former staff and forgotten services are doors that nobody watches.",
    remedy="Disable it, delete it later.",
    product="Remove stale Active Directory accounts",
    mitre=("T1078.002",),
    needs=("lastLogonTimestamp",),
)


def find(estate: Estate) -> Iterator[Finding]:
    """Those that are not sensitive: these are a finding of their own."""
    for item in estate.accounts():
        days = None if item.controller or item.rid in (500, 502) else idle(estate, item)
        if days is not None and days > MOST_DAYS and not estate.sensitive(item):
            yield Finding(
                item.name,
                "lastLogonTimestamp",
                f"{days} days ago",
                f"not used for {MOST_DAYS} days",
            )
