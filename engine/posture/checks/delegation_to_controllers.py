"""Accounts that are delegated to services of domain controllers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.posture.finding import Check, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.posture.estate import Estate

CHECK: Final = Check(
    title="Delegation to a domain controller",
    severity="high",
    why="The service class of a ticket can be exchanged, so delegation to any service of a controller is delegation to all of it.",
    remedy="Take the services of controllers from `msDS-AllowedToDelegateTo`.",
    product="Unsecure Kerberos delegation",
    mitre=("T1558", "T1550.003"),
)


def find(estate: Estate) -> Iterator[Finding]:
    """Known by the host that the service names."""
    hosts = {h for c in estate.controllers() for h in (c.host, c.host.partition(".")[0]) if h}
    for item in estate.accounts():
        for service in [] if item.controller else item.values("msDS-AllowedToDelegateTo"):
            name = service.partition("/")[2].partition("/")[0].partition(":")[0].lower()
            if name in hosts:
                yield Finding(
                    item.name, "msDS-AllowedToDelegateTo", service, f"{name} is a domain controller"
                )
