"""Who may read the passwords of group managed service accounts (MS-ADA2 §2.353)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.posture.finding import Check, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.posture.estate import Estate

ATTRIBUTE: Final = "msDS-GroupMSAMembership"
CHECK: Final = Check(
    title="Everybody may read a managed password",
    severity="high",
    why="The password of the service is there for any user or computer of the domain.",
    remedy="Name the hosts that run the service, or a group of them, in `PrincipalsAllowedToRetrieveManagedPassword`.",
    mitre=("T1555",),
)


def find(estate: Estate) -> Iterator[Finding]:
    """Grants to groups that stand for everybody."""
    for item in estate.users():
        found = estate.descriptor(item, ATTRIBUTE)
        for sid in sorted({g.sid for g in found.grants} if found else ()):
            if estate.broad(sid):
                yield Finding(item.name, ATTRIBUTE, estate.name(sid), "reads the password")
