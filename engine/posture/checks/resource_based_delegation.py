"""Who may impersonate anybody to controllers and sensitive accounts (MS-ADA2 §2.210)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.posture.finding import Check, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.posture.estate import Estate

ATTRIBUTE: Final = "msDS-AllowedToActOnBehalfOfOtherIdentity"
CHECK: Final = Check(
    title="Resource-based delegation to a controller or sensitive account",
    severity="high",
    why="The principal named there logs anybody on to the object, its administrators too.",
    remedy=f"Clear {ATTRIBUTE}; find out who wrote it.",
    product="Unsecure Kerberos delegation",
    mitre=("T1098", "T1558"),
)


def find(estate: Estate) -> Iterator[Finding]:
    """Whoever is named, but for those that administer the domain anyway."""
    for item in (*estate.of("computer"), *estate.of("user")):
        if not (item.controller or estate.sensitive(item)):
            continue
        found = estate.descriptor(item, ATTRIBUTE)
        for sid in sorted({g.sid for g in found.grants} if found else ()):
            if not estate.privileged(sid):
                yield Finding(
                    item.name, ATTRIBUTE, estate.name(sid), "may impersonate anybody there"
                )
