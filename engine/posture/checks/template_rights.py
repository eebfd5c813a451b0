"""ESC4: templates that others than administrators write."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.posture.finding import Check
from engine.posture.taking import taking
from engine.posture.templates import published

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.posture.estate import Estate
    from engine.posture.finding import Finding

CHECK: Final = Check(
    title="ESC4: a template can be written by others",
    severity="high",
    why="Whoever writes it makes it let them choose the name they log on with.",
    remedy="Take the right away, and make an administrator its owner.",
    product="Edit misconfigured certificate templates ACL (ESC4); owner (ESC4)",
    mitre=("T1649", "T1222.001"),
    needs=("certificateTemplates", "nTSecurityDescriptor"),
)


def find(estate: Estate) -> Iterator[Finding]:
    """Published templates; the right to enrol is no control."""
    yield from taking(estate, published(estate), rights=False)
