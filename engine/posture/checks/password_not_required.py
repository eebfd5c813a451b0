"""Accounts that may have an empty password."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.posture.finding import Check
from engine.posture.flagged import flagged

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.posture.estate import Estate
    from engine.posture.finding import Finding

CHECK: Final = Check(
    title="A password is not required",
    severity="medium",
    why="No policy of length or complexity holds for the account; it may have no password at all.",
    remedy="Clear `PASSWD_NOTREQD` and set a password.",
    product="Unsecure account attributes",
    mitre=("T1078.002",),
)


def find(estate: Estate) -> Iterator[Finding]:
    """Accounts that can log on, but not the guest, which is a finding of its own."""
    accounts = (i for i in estate.accounts() if i.rid != 501)
    yield from flagged(accounts, "passwd_notreqd", "may have an empty password")
