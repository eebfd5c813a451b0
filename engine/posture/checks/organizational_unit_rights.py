"""Who may take over the units that hold controllers or sensitive accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.posture.finding import Check
from engine.posture.taking import taking

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.posture.estate import Estate
    from engine.posture.finding import Finding

CHECK: Final = Check(
    title="A unit with controllers or sensitive accounts can be taken over",
    severity="high",
    why="Whoever links a policy to it or writes its permissions has what lies in it.",
    remedy="Keep administrators and controllers in units that only administrators manage.",
    product="Unsafe permissions on organizational units",
    mitre=("T1484.001", "T1222.001"),
    needs=("nTSecurityDescriptor",),
)


def find(estate: Estate) -> Iterator[Finding]:
    """Units above such accounts, at any depth."""
    kinds = (*estate.of("user"), *estate.of("computer"), *estate.of("group"))
    above: set[str] = set()
    for item in kinds:
        if item.controller or estate.sensitive(item):
            dn = item.dn.lower()
            above |= {dn[i + 1 :] for i, c in enumerate(dn) if c == ","}
    yield from taking(estate, [u for u in estate.of("ou") if u.dn.lower() in above], rights=False)
