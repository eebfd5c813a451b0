"""ESC13: certificates that make their holder a member of a group (MS-ADA2, msDS-OIDToGroupLink)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.posture.finding import Check, Finding
from engine.posture.templates import enrollers, issued, published

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.posture.estate import Estate

CHECK: Final = Check(
    title="ESC13: a template gives membership of a group",
    severity="medium",
    why="Whoever enrols is in the group linked with the issuance policy, and stands in no list of its members.",
    remedy="Take the link away, or let only members of the group enrol.",
    product="Prevent certificates with an issuance policy linked to a group (ESC13)",
    mitre=("T1649", "T1098"),
    needs=("certificateTemplates", "nTSecurityDescriptor"),
)


def find(estate: Estate) -> Iterator[Finding]:
    """Published templates with a linked policy that others than administrators get."""
    linked = {
        item.first("msPKI-Cert-Template-OID"): group
        for item in estate.items
        if (group := item.first("msDS-OIDToGroupLink"))
    }
    for template in published(estate):
        who = enrollers(estate, template)
        for policy in template.values("msPKI-Certificate-Policy") if issued(template) else ():
            if who and policy in linked:
                owner = estate.named(linked[policy])
                name = owner.name if owner else linked[policy]
                yield Finding(
                    template.rdn,
                    "msPKI-Certificate-Policy",
                    policy,
                    f"makes {who} a member of {name}",
                )
