"""Accounts whose membership hides in their primary group (MS-ADTS §3.1.1.8.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.posture.finding import Check, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.posture.estate import Estate

_USERS: Final = 513
_GUESTS: Final = 514
_COMPUTERS: Final = 515
_CONTROLLERS: Final = 516
_READ_ONLY: Final = 521
CHECK: Final = Check(
    title="An unusual primary group",
    severity="medium",
    why="The membership does not stand in the group's members, so that many tools do not see it.",
    remedy="Set the default again: Domain Users, Domain Computers, Domain Controllers.",
    product="Accounts with non-default Primary Group ID",
    mitre=("T1098",),
    needs=("primaryGroupID",),
)


def find(estate: Estate) -> Iterator[Finding]:
    """All accounts, disabled ones too."""
    for item in (*estate.of("user"), *estate.of("computer")):
        primary = item.number("primaryGroupID")
        usual = {_USERS, _COMPUTERS} if item.kind == "user" else {_COMPUTERS}
        if item.rid == 501:
            usual = {_GUESTS}
        elif "partial_secrets_account" in item.flags:
            usual = {_READ_ONLY}
        elif "server_trust_account" in item.flags:
            usual = {_CONTROLLERS}
        elif item.kind == "user" and not (item.row.class_ or "").lower().startswith("msds-"):
            usual = {_USERS}
        if primary is not None and primary not in usual:
            group = estate.name(f"{item.domain_sid}-{primary}")
            yield Finding(item.name, "primaryGroupID", f"{primary} ({group})", "not the default")
