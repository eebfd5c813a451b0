"""Trusts over which tickets of our people may be forwarded (MS-ADTS §6.1.6.7.9)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.posture.finding import Check, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.posture.estate import Estate

_ENABLE, _FORBID, _WITHIN = 0x800, 0x200, 0x20
CHECK: Final = Check(
    title="Tickets are delegated over a trust",
    severity="medium",
    why="A server with unconstrained delegation in the other forest collects the tickets of our administrators.",
    remedy="`netdom trust … /enabletgtdelegation:no`.",
    mitre=("T1558",),
)


def find(estate: Estate) -> Iterator[Finding]:
    """Trusts to other forests that say so."""
    for trust in estate.of("trust"):
        bits = trust.bits("trustAttributes")
        if bits & _ENABLE and not bits & (_FORBID | _WITHIN):
            name = trust.first("trustPartner") or trust.name
            yield Finding(
                name, "trustAttributes", "enable_tgt_delegation", "tickets go there whole"
            )
