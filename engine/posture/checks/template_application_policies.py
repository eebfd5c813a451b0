"""ESC15 (CVE-2024-49019): old templates in which the requester names the purposes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.posture.finding import Check, Finding
from engine.posture.templates import enrollers, issued, published

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.posture.estate import Estate

_SUPPLIES: Final = 0x1
CHECK: Final = Check(
    title="ESC15: a template of version 1 takes the requester's purposes",
    severity="high",
    why="An authority without the update of November 2024 adds the purposes that are asked for, logging on too.",
    remedy="Update the authorities; replace templates of version 1, or take the right to enrol away.",
    product="Prevent certificate enrollment with arbitrary application policies (ESC15)",
    mitre=("T1649",),
    needs=("certificateTemplates", "nTSecurityDescriptor"),
)


def find(estate: Estate) -> Iterator[Finding]:
    """Published templates of version 1 whose requester chooses the name."""
    for template in published(estate):
        who = enrollers(estate, template)
        old = template.number("msPKI-Template-Schema-Version", 1) == 1
        if (
            who
            and issued(template)
            and old
            and template.bits("msPKI-Certificate-Name-Flag") & _SUPPLIES
        ):
            yield Finding(template.rdn, "msPKI-Template-Schema-Version", "1", f"enrolled by {who}")
