"""Who may take over the head of a domain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.posture.finding import Check
from engine.posture.taking import taking

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.posture.estate import Estate
    from engine.posture.finding import Finding

CHECK: Final = Check(
    title="The head of a domain can be taken over",
    severity="high",
    why="Whoever writes its permissions, its owner or its policies gives themselves DCSync or every computer.",
    remedy="Take the right away; delegate on organizational units and not on the domain.",
    product="Suspicious permissions on the domain",
    mitre=("T1222.001", "T1484"),
    needs=("nTSecurityDescriptor",),
)


def find(estate: Estate) -> Iterator[Finding]:
    """Grants and owners that are not of administrators."""
    yield from taking(estate, estate.of("domain"))
