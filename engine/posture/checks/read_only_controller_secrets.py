"""Read-only controllers that may keep the secrets of sensitive accounts (MS-ADA2 §2.483)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.posture.finding import Check, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.posture.estate import Estate

ALLOWED: Final = "msDS-RevealOnDemandGroup"
REFUSED: Final = "msDS-NeverRevealGroup"
CHECK: Final = Check(
    title="A read-only controller may keep sensitive secrets",
    severity="high",
    why="Read-only controllers stand where they can be stolen; what they keep is lost with them.",
    remedy=f"Take the principal from {ALLOWED}, and put administrators into {REFUSED}.",
    mitre=("T1003.006",),
)


def find(estate: Estate) -> Iterator[Finding]:
    """Principals that are allowed, hold sensitive accounts, and are not refused."""
    for controller in estate.controllers():
        refused = {s for dn in controller.values(REFUSED) for s in _reached(estate, dn)}
        for dn in controller.values(ALLOWED):
            people = {
                i.name
                for s in _reached(estate, dn) - refused
                if (i := estate.item(s)) and i.kind != "group" and estate.privileged(s)
            }
            if people:
                yield Finding(controller.name, ALLOWED, dn, f"keeps secrets of {min(people)}")


def _reached(estate: Estate, dn: str) -> set[str]:
    item = estate.named(dn)
    return {item.sid, *estate.members(item.sid)} if item is not None and item.sid else set()
