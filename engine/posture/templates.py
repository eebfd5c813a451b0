"""Certificate templates: who gets a certificate of which purposes, and whether anybody approves it.

Reference: MS-CRTD §2 (attributes of templates), MS-WCCE §3.2.2.6.2.1.4 (rights to enrol).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.posture.rights import ALL, AUTO_ENROLL, CONTROL, ENROLL, NOT_WRITTEN

if TYPE_CHECKING:
    from engine.posture.estate import Estate
    from engine.posture.item import Item

ANY_PURPOSE: Final = "2.5.29.37.0"
AGENT: Final = "1.3.6.1.4.1.311.20.2.1"
AUTHENTICATION: Final = frozenset({
    "1.3.6.1.5.5.7.3.2", "1.3.6.1.5.2.3.4", "1.3.6.1.4.1.311.20.2.2", ANY_PURPOSE,
})  # fmt: skip
"""Client authentication, PKINIT, smart card logon, anything."""
_PENDING: Final = 0x2
"""CT_FLAG_PEND_ALL_REQUESTS: a manager approves."""
_NAMED: Final = 3


def published(estate: Estate) -> list[Item]:
    """Templates that some authority issues."""
    names = {
        name.lower()
        for service in estate.of("certificate_authority")
        for name in service.values("certificateTemplates")
    }
    return [t for t in estate.of("certificate_template") if t.rdn.lower() in names]


def issued(template: Item) -> bool:
    """Whether a certificate comes without approval and without an agent's signature."""
    pending = template.bits("msPKI-Enrollment-Flag") & _PENDING
    return not pending and not template.bits("msPKI-RA-Signature")


def purposes(template: Item) -> set[str]:
    """OIDs that certificates are good for; none: for everything."""
    return {
        *template.values("pKIExtendedKeyUsage"),
        *template.values("msPKI-Certificate-Application-Policy"),
    }


def enrollers(estate: Estate, template: Item) -> str:
    """Who may enrol and does not administer the domain, for people; empty where nobody does."""
    found = estate.descriptor(template)
    who = {
        g.sid
        for g in (found.grants if found else ())
        if g.allows(CONTROL, ENROLL) or g.allows(CONTROL, AUTO_ENROLL) or g.allows(ALL)
    }
    names = sorted(estate.name(s) for s in who - NOT_WRITTEN if not estate.trusted(s))
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
