"""Who may write the objects of certification authorities (ESC5, the part of ESC7 that is visible)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.posture.finding import Check
from engine.posture.taking import taking

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.posture.estate import Estate
    from engine.posture.finding import Finding

CHECK: Final = Check(
    title="The object of a certification authority can be written by others",
    severity="high",
    why="Whoever writes it publishes templates, weak ones too; with the authority's host they issue anything.",
    remedy="Take the right away; rights within the authority itself stand in its registry and are looked at there.",
    product="Edit vulnerable Certificate Authority setting (ESC7, the directory's part)",
    mitre=("T1649", "T1222.001"),
    needs=("certificateTemplates", "nTSecurityDescriptor"),
)


def find(estate: Estate) -> Iterator[Finding]:
    """Enrolment services; their own computer writes them by nature."""
    for service in estate.of("certificate_authority"):
        host = (service.first("dNSHostName") or "").lower()
        own = {c.sid for c in estate.of("computer") if c.sid and c.host == host and host}
        yield from taking(estate, [service], rights=False, besides=own)
