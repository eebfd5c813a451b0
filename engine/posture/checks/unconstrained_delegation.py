"""Accounts that keep the tickets of everyone who logs on to them (MS-SFU, MS-ADTS §2.2.16)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.posture.finding import Check, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.posture.estate import Estate

CHECK: Final = Check(
    title="Unconstrained delegation",
    severity="high",
    why="Whoever holds the host takes the tickets of all its users, also of a controller that is coerced to log on.",
    remedy="Replace it by constrained or resource-based delegation, and mark privileged accounts as not to be delegated.",
    product="Unsecure Kerberos delegation",
    mitre=("T1558", "T1550.003"),
)


def find(estate: Estate) -> Iterator[Finding]:
    """All but domain controllers, which have it by nature."""
    for item in estate.accounts():
        if "trusted_for_delegation" in item.flags and not item.controller:
            yield Finding(
                item.name,
                "userAccountControl",
                "trusted_for_delegation",
                "may delegate anybody to anywhere",
            )
