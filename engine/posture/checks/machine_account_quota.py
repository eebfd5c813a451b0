"""Ordinary users may join computers to the domain (MS-ADTS §3.1.1.5.2.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.posture.finding import Check, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.posture.estate import Estate

ATTRIBUTE: Final = "ms-DS-MachineAccountQuota"
CHECK: Final = Check(
    title="Anybody may join computers",
    severity="medium",
    why="A computer of one's own is an account with a known password and a service name: the first step of delegation and relay attacks.",
    remedy=f"Set {ATTRIBUTE} of the domain to 0 and delegate joining to those who do it.",
    product="Unsecure domain configurations",
    mitre=("T1136.002",),
    needs=(ATTRIBUTE,),
)


def find(estate: Estate) -> Iterator[Finding]:
    """Domains whose quota is more than nothing."""
    for domain in estate.of("domain"):
        quota = domain.number(ATTRIBUTE)
        if quota is not None and quota > 0:
            yield Finding(domain.dn, ATTRIBUTE, str(quota), "computers that every user may join")
