"""Settings of the whole forest that weaken it (MS-ADTS §6.1.1.2.4.1.2, dSHeuristics)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.posture.finding import Check, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.posture.estate import Estate

ATTRIBUTE: Final = "dSHeuristics"
_ANONYMOUS, _EXCLUDED = 7, 16
_RIGHTS: Final = {28: "attributes of new objects", 29: "owners of new objects"}
CHECK: Final = Check(
    title="A forest-wide setting weakens the directory",
    severity="medium",
    why="One character of dSHeuristics opens the directory to strangers or takes groups out of protection.",
    remedy="Set the character to 0 in dSHeuristics of CN=Directory Service,CN=Windows NT,CN=Services.",
    mitre=("T1087.002", "T1222.001"),
)


def find(estate: Estate) -> Iterator[Finding]:
    """Anonymous LDAP, groups that AdminSDHolder leaves out, and rights that are not enforced."""
    for item in estate.items:
        text = item.first(ATTRIBUTE) or ""
        if text[_ANONYMOUS - 1 : _ANONYMOUS] == "2":
            yield Finding(item.dn, ATTRIBUTE, text, "anonymous searches are answered")
        if text[_EXCLUDED - 1 : _EXCLUDED] not in ("", "0"):
            yield Finding(item.dn, ATTRIBUTE, text, "operators are not protected by AdminSDHolder")
        for place, what in _RIGHTS.items():
            if text[place - 1 : place] == "2":
                yield Finding(item.dn, ATTRIBUTE, text, f"{what} are not checked")
