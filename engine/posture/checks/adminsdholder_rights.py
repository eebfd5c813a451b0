"""Who may write the template of all protected accounts (MS-ADTS §3.1.1.6.1.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.posture.finding import Check
from engine.posture.taking import taking

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.posture.estate import Estate
    from engine.posture.finding import Finding

CHECK: Final = Check(
    title="AdminSDHolder grants control to others",
    severity="high",
    why="Within an hour the entry is copied to every protected account and group: a hidden way back.",
    remedy="Take the entry from AdminSDHolder and from the protected objects, and look who wrote it.",
    product="Remove access rights on suspicious accounts with the AdminSDHolder permission",
    mitre=("T1098", "T1222.001"),
    needs=("nTSecurityDescriptor",),
)


def find(estate: Estate) -> Iterator[Finding]:
    """Grants and owners that are not of administrators."""
    holders = [i for i in estate.items if i.dn.lower().startswith("cn=adminsdholder,cn=system,")]
    yield from taking(estate, holders)
