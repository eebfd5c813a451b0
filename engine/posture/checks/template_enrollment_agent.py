"""ESC3: certificates with which others are enrolled for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.posture.finding import Check, Finding
from engine.posture.templates import AGENT, enrollers, issued, published, purposes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.posture.estate import Estate

CHECK: Final = Check(
    title="ESC3: anybody becomes an enrolment agent",
    severity="high",
    why="An agent asks for certificates in the name of others and logs on with them.",
    remedy="Let only those who enrol others have the template, and restrict agents at the authority.",
    product="Edit misconfigured enrollment agent certificate template (ESC3)",
    mitre=("T1649",),
    needs=("certificateTemplates", "nTSecurityDescriptor"),
)


def find(estate: Estate) -> Iterator[Finding]:
    """Published templates of agents that others than administrators get."""
    for template in published(estate):
        who = enrollers(estate, template)
        if who and issued(template) and AGENT in purposes(template):
            yield Finding(template.rdn, "pKIExtendedKeyUsage", AGENT, f"enrolled by {who}")
