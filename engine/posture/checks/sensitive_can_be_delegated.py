"""Accounts with power whose tickets services may use further (MS-ADTS §2.2.16, Protected Users)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.posture.finding import Check, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.posture.estate import Estate

_PROTECTED_USERS: Final = 525
CHECK: Final = Check(
    title="A privileged account can be delegated",
    severity="medium",
    why="A service that is trusted for delegation, once taken, acts as this account.",
    remedy="Set *Account is sensitive and cannot be delegated*, or make it a member of Protected Users.",
    product="Ensure that all privileged accounts are not delegated",
    mitre=("T1550.003",),
)


def find(estate: Estate) -> Iterator[Finding]:
    """Users that administer the domain."""
    for item in estate.users():
        if item.sid is None or not estate.privileged(item.sid) or "not_delegated" in item.flags:
            continue
        if f"{item.domain_sid}-{_PROTECTED_USERS}" not in estate.groups(item.sid):
            yield Finding(
                item.name,
                "userAccountControl",
                "not_delegated is not set",
                "its tickets may be used further",
            )
