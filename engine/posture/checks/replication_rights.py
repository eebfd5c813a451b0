"""Who may replicate all secrets of a domain (MS-ADTS §5.1.3.2.1, DS-Replication-Get-Changes-All)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.posture.finding import Check, Finding
from engine.posture.rights import ALL, CONTROL, GET_CHANGES_ALL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.posture.estate import Estate

CHECK: Final = Check(
    title="DCSync is allowed to an account that is no controller",
    severity="high",
    why="The account copies the password hashes of the whole domain, krbtgt's too.",
    remedy="Take *Replicating Directory Changes All* on the head of the domain away; Entra Connect needs it for password hash synchronisation only.",
    product="Remove non-admin accounts with DCSync permissions",
    mitre=("T1003.006",),
    needs=("nTSecurityDescriptor",),
)


def find(estate: Estate) -> Iterator[Finding]:
    """Whoever the head of a domain lets, but for its administrators and controllers."""
    for domain in estate.of("domain"):
        found = estate.descriptor(domain)
        who = {
            g.sid
            for g in (found.grants if found else ())
            if g.allows(CONTROL, GET_CHANGES_ALL) or g.allows(ALL)
        }
        for sid in sorted(who):
            if not estate.trusted(sid):
                yield Finding(
                    domain.dn, "nTSecurityDescriptor", estate.name(sid), "may replicate all secrets"
                )
