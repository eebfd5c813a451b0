"""A domain controller has stopped changing its own password."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.posture.ages import password_age
from engine.posture.finding import Check, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.posture.estate import Estate

MOST_DAYS: Final = 45
CHECK: Final = Check(
    title="The password of a domain controller is old",
    severity="medium",
    why="Controllers change theirs every 30 days. One that does not is broken, gone, or keeps a key that was reset by an attack (Zerologon).",
    remedy="Look whether the controller is alive and replicates; `nltest /sc_change_pwd` there, or remove it from the domain.",
    product="Change Domain Controller computer account old password",
    mitre=("T1003.006",),
    needs=("pwdLastSet",),
)


def find(estate: Estate) -> Iterator[Finding]:
    """Controllers that can log on."""
    for item in estate.controllers():
        days = password_age(estate, item)
        if item.enabled and days is not None and days > MOST_DAYS:
            yield Finding(item.name, "pwdLastSet", f"{days} days", f"older than {MOST_DAYS} days")
