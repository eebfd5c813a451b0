"""People with power who are services: anybody gets a ticket to guess their password with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.posture.finding import Check, Finding, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.posture.estate import Estate

CHECK: Final = Check(
    title="A sensitive account has a service principal name",
    severity="high",
    why="Every user of the domain may ask for a ticket to it and guess its password offline (Kerberoasting).",
    remedy="Take the account out of the group or the name off the account; make it a group managed service account.",
    product="Riskiest service accounts in privileged groups",
    mitre=("T1558.003",),
)


def find(estate: Estate) -> Iterator[Finding]:
    """Users; the passwords of managed service accounts are not guessed."""
    for item in estate.users():
        names = item.values("servicePrincipalName")
        managed = (item.row.class_ or "").lower().endswith("managedserviceaccount")
        if names and not managed and estate.sensitive(item):
            yield Finding(
                item.name,
                "servicePrincipalName",
                shown(", ".join(sorted(names))),
                "sensitive, and a service",
            )
