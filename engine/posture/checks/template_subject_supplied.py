"""ESC1: whoever enrols says who they are (MS-CRTD §2.26, CT_FLAG_ENROLLEE_SUPPLIES_SUBJECT)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.posture.finding import Check, Finding
from engine.posture.templates import AUTHENTICATION, enrollers, issued, published, purposes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.posture.estate import Estate

_SUPPLIES: Final = 0x1 | 0x10000
"""Subject, or alternative name."""
CHECK: Final = Check(
    title="ESC1: a template lets its requester choose the name",
    severity="high",
    why="Anybody who may enrol logs on as anybody, as an administrator too.",
    remedy="Build the subject from the directory, or ask for approval by a manager, or take the right to enrol away.",
    product="Prevent users to request a certificate valid for arbitrary users (ESC1)",
    mitre=("T1649",),
    needs=("certificateTemplates", "nTSecurityDescriptor"),
)


def find(estate: Estate) -> Iterator[Finding]:
    """Published templates for logging on, without approval, that others than administrators get."""
    for template in published(estate):
        who = enrollers(estate, template)
        logs_on = purposes(template) & AUTHENTICATION or not purposes(template)
        if (
            who
            and issued(template)
            and logs_on
            and template.bits("msPKI-Certificate-Name-Flag") & _SUPPLIES
        ):
            yield Finding(
                template.rdn,
                "msPKI-Certificate-Name-Flag",
                "enrollee_supplies_subject",
                f"enrolled by {who}",
            )
