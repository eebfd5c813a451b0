"""Accounts that may impersonate anybody without their ticket (S4U2self, MS-SFU §3.2.5.1.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.posture.finding import Check, Finding, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.posture.estate import Estate

CHECK: Final = Check(
    title="Constrained delegation with protocol transition",
    severity="medium",
    why="The account logs anybody on to the services it names, without that person ever having come.",
    remedy="Allow Kerberos only (clear `TRUSTED_TO_AUTH_FOR_DELEGATION`), or use resource-based delegation.",
    product="Unsecure Kerberos delegation",
    mitre=("T1558", "T1550.003"),
)


def find(estate: Estate) -> Iterator[Finding]:
    """Those that name a service."""
    for item in estate.accounts():
        services = item.values("msDS-AllowedToDelegateTo")
        if "trusted_to_auth_for_delegation" in item.flags and services:
            value = shown(", ".join(sorted(services)))
            why = "may impersonate anybody to these services"
            yield Finding(item.name, "msDS-AllowedToDelegateTo", value, why)
