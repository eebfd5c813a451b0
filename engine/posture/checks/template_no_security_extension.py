"""ESC9: certificates that do not name the account by its SID (MS-CRTD §2.26)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.posture.finding import Check, Finding
from engine.posture.templates import AUTHENTICATION, enrollers, issued, published, purposes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.posture.estate import Estate

_NO_SECURITY_EXTENSION: Final = 0x80000
CHECK: Final = Check(
    title="ESC9: a template leaves the security extension out",
    severity="medium",
    why="The certificate is known by its name alone: whoever may rename an account logs on as another.",
    remedy="Clear CT_FLAG_NO_SECURITY_EXTENSION in msPKI-Enrollment-Flag, and enforce strong mapping on the controllers.",
    product="Prevent certificate enrollment without security extension (ESC9)",
    mitre=("T1649",),
    needs=("certificateTemplates", "nTSecurityDescriptor"),
)


def find(estate: Estate) -> Iterator[Finding]:
    """Published templates for logging on that others than administrators get."""
    for template in published(estate):
        who = enrollers(estate, template)
        logs_on = purposes(template) & AUTHENTICATION
        if (
            who
            and issued(template)
            and logs_on
            and template.bits("msPKI-Enrollment-Flag") & _NO_SECURITY_EXTENSION
        ):
            yield Finding(
                template.rdn, "msPKI-Enrollment-Flag", "no_security_extension", f"enrolled by {who}"
            )
