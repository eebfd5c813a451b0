"""Who may make delegated service accounts, and so succeed anybody (BadSuccessor)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.posture.finding import Check, Finding
from engine.posture.rights import CREATE_CHILD, NOT_WRITTEN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.posture.estate import Estate

_CLASS: Final = "0feb936f-47b3-49f2-9386-1dedc2c23765"
"""schemaIDGUID of msDS-DelegatedManagedServiceAccount."""
CHECK: Final = Check(
    title="Delegated service accounts can be made by others",
    severity="high",
    why="On a controller of Windows Server 2025 the account says whom it succeeds and gets their keys and rights.",
    remedy="Take *Create all child objects* from those who do not administer; update controllers (August 2025).",
    mitre=("T1098", "T1078.002"),
    needs=("nTSecurityDescriptor",),
)


def find(estate: Estate) -> Iterator[Finding]:
    """Units of domains with a controller that knows such accounts."""
    domains = {
        estate.domain_of(c)
        for c in estate.controllers()
        if "2025" in (c.first("operatingSystem") or "")
    }
    for unit in (*estate.of("ou"), *estate.of("domain")):
        found = estate.descriptor(unit) if estate.domain_of(unit) in domains else None
        who = {g.sid for g in (found.grants if found else ()) if g.allows(CREATE_CHILD, _CLASS)}
        for sid in sorted(who - NOT_WRITTEN):
            if not estate.trusted(sid):
                yield Finding(
                    unit.dn, "nTSecurityDescriptor", estate.name(sid), "may create child objects"
                )
