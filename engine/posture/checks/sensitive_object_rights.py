"""Who may take over sensitive accounts and groups, and the accounts of domain controllers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.posture.finding import Check
from engine.posture.taking import taking

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.posture.estate import Estate
    from engine.posture.finding import Finding

CHECK: Final = Check(
    title="A sensitive object can be taken over",
    severity="high",
    why="Whoever resets its password, adds members or writes its permissions has its power.",
    remedy="Take the right away, and make an administrator its owner.",
    product="Suspicious permissions (ACL)",
    mitre=("T1098", "T1222.001"),
    needs=("nTSecurityDescriptor",),
)


def find(estate: Estate) -> Iterator[Finding]:
    """Grants and owners that are not of administrators; what an object may do with itself is left."""
    kinds = (*estate.of("user"), *estate.of("computer"), *estate.of("group"))
    objects = [i for i in kinds if i.controller or estate.sensitive(i)]
    yield from taking(estate, objects)
