"""Trusts over which SIDs of this domain are believed (MS-ADTS §6.1.6.7.9, MS-PAC §4.1.2.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.posture.finding import Check, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.posture.estate import Estate

_OUTBOUND: Final = 0x2
"""trustDirection: they are trusted here."""
_QUARANTINED, _FOREST, _WITHIN, _AS_EXTERNAL = 0x4, 0x8, 0x20, 0x40
_MIT: Final = 3
CHECK: Final = Check(
    title="A trust does not filter SIDs",
    severity="high",
    why="Administrators of the other domain put SIDs of ours into their tickets and administer here.",
    remedy="`netdom trust … /quarantine:yes` for external trusts, `/enablesidhistory:no` for forest trusts.",
    mitre=("T1134.005", "T1482"),
)


def find(estate: Estate) -> Iterator[Finding]:
    """Domains outside the forest that are trusted here."""
    for trust in estate.of("trust"):
        bits = trust.bits("trustAttributes")
        outside = not bits & _WITHIN and trust.number("trustType") != _MIT
        if not outside or not trust.bits("trustDirection") & _OUTBOUND:
            continue
        name = trust.first("trustPartner") or trust.name
        if bits & _FOREST:
            if bits & _AS_EXTERNAL and not bits & _QUARANTINED:
                yield Finding(name, "trustAttributes", "treat_as_external", "SID history is let in")
        elif not bits & _QUARANTINED:
            yield Finding(name, "trustAttributes", f"0x{bits:x}", "not quarantined")
