"""ESC2: certificates that are good for everything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.posture.finding import Check, Finding
from engine.posture.templates import ANY_PURPOSE, enrollers, issued, published, purposes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.posture.estate import Estate

CHECK: Final = Check(
    title="ESC2: a template is good for any purpose",
    severity="high",
    why="The certificate logs on, signs and asks for certificates of others.",
    remedy="Name the purposes that are needed, or take the right to enrol away.",
    product="Edit overly permissive certificate template with privileged EKU (ESC2)",
    mitre=("T1649",),
    needs=("certificateTemplates", "nTSecurityDescriptor"),
)


def find(estate: Estate) -> Iterator[Finding]:
    """Published templates with any purpose or none named, that others than administrators get."""
    for template in published(estate):
        found = purposes(template)
        who = enrollers(estate, template)
        if who and issued(template) and (not found or ANY_PURPOSE in found):
            value = "any purpose" if found else "none named"
            yield Finding(template.rdn, "pKIExtendedKeyUsage", value, f"enrolled by {who}")
