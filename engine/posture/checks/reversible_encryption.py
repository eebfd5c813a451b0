"""Passwords are kept so that they can be read, by account or for a whole domain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.posture.finding import Check, Finding
from engine.posture.flagged import flagged

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.posture.estate import Estate

_STORE_CLEARTEXT: Final = 0x10
"""DOMAIN_PASSWORD_STORE_CLEARTEXT, MS-SAMR §2.2.1.18."""
CHECK: Final = Check(
    title="Passwords are stored with reversible encryption",
    severity="high",
    why="A copy of the directory gives the passwords themselves.",
    remedy="Clear the flag or the policy, then change the passwords: those stored before stay readable.",
    product="Unsecure account attributes",
    mitre=("T1556.005",),
)


def find(estate: Estate) -> Iterator[Finding]:
    """Policies of domains, then accounts that can log on."""
    for domain in estate.of("domain"):
        if domain.bits("pwdProperties") & _STORE_CLEARTEXT:
            yield Finding(domain.dn, "pwdProperties", "store_cleartext", "holds for all accounts")
    yield from flagged(estate.accounts(), "reversible_encryption", "its password can be read")
