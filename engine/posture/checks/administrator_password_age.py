"""The built-in administrator of a domain (RID 500) has an old password."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.posture.ages import password_age
from engine.posture.finding import Check, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.posture.estate import Estate

MOST_DAYS: Final = 180
CHECK: Final = Check(
    title="The built-in Administrator has an old password",
    severity="medium",
    why="The account cannot be locked out and is known by its RID, so it is guessed first; old passwords are known to former staff.",
    remedy="Change it, keep it in a safe, and use personal accounts for work.",
    product="Change password of built-in domain Administrator account",
    mitre=("T1078.002",),
    needs=("pwdLastSet",),
)


def find(estate: Estate) -> Iterator[Finding]:
    """Those that can log on."""
    for item in estate.users():
        days = password_age(estate, item) if item.rid == 500 else None
        if days is not None and days > MOST_DAYS:
            yield Finding(item.name, "pwdLastSet", f"{days} days", f"older than {MOST_DAYS} days")
