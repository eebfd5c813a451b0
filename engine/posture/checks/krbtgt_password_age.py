"""The key that signs all tickets, `krbtgt`, has not been changed for long."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.posture.ages import password_age
from engine.posture.finding import Check, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.posture.estate import Estate

MOST_DAYS: Final = 180
CHECK: Final = Check(
    title="krbtgt has an old password",
    severity="high",
    why="Whoever ever got the key of krbtgt forges golden tickets until it is changed twice.",
    remedy="Change the password of krbtgt twice, at least the lifetime of a ticket (10 h) apart; then twice a year.",
    product="Change password for krbtgt account",
    mitre=("T1558.001",),
    needs=("pwdLastSet",),
)


def find(estate: Estate) -> Iterator[Finding]:
    """The accounts of the domains, and of read-only controllers (`krbtgt_…`)."""
    for item in estate.of("user"):
        if item.rid == 502 or item.account.lower().startswith("krbtgt_"):
            days = password_age(estate, item)
            if days is not None and days > MOST_DAYS:
                yield Finding(
                    item.name, "pwdLastSet", f"{days} days", f"older than {MOST_DAYS} days"
                )
