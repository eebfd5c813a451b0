"""SIDs of the past that give power now (MS-ADA3 §2.235)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.entities_wellknown import split_sid
from engine.posture.finding import Check, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.posture.estate import Estate

_LARGEST_WELL_KNOWN: Final = 999
CHECK: Final = Check(
    title="Unsafe SID history",
    severity="high",
    why="The account has the rights of that SID without being a member of anything.",
    remedy="Clear sIDHistory once migration is over; a SID of the same domain or of a well-known group is never of a migration.",
    product="Unsecure SID History attributes",
    mitre=("T1134.005",),
)


def find(estate: Estate) -> Iterator[Finding]:
    """SIDs of domains that are here, of well-known principals, and of whoever has power."""
    ours = {d.sid for d in estate.of("domain")} | {i.domain_sid for i in estate.controllers()}
    for item in (*estate.of("user"), *estate.of("computer"), *estate.of("group")):
        for sid in item.values("sIDHistory"):
            domain, rid = split_sid(sid) or ("", 0)
            why = ""
            if domain == "S-1-5-32" or rid <= _LARGEST_WELL_KNOWN:
                why = f"a well-known principal: {estate.name(sid)}"
            elif domain == item.domain_sid:
                why = "of the account's own domain"
            elif domain in ours and estate.privileged(sid):
                why = "of an account that administers"
            if why:
                yield Finding(item.name, "sIDHistory", sid, why)
