"""Who may write group policies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.posture.finding import Check
from engine.posture.taking import taking

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.posture.estate import Estate
    from engine.posture.finding import Finding

CHECK: Final = Check(
    title="A group policy can be written by others",
    severity="high",
    why="A policy runs what it says, as the system, on every computer it is linked to.",
    remedy="Let only administrators write policies that reach servers and controllers.",
    product="Modify unsecure GPO permissions",
    mitre=("T1484.001",),
    needs=("nTSecurityDescriptor",),
)


def find(estate: Estate) -> Iterator[Finding]:
    """Grants and owners that are not of administrators, nor of the creators of policies (520)."""
    yield from taking(estate, estate.of("policy"), rights=False, allowed=frozenset({520}))
