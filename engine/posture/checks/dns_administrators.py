"""Who may load code into the DNS service of domain controllers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.posture.finding import Check, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.posture.estate import Estate

CHECK: Final = Check(
    title="DnsAdmins has members",
    severity="medium",
    why="A member names a library that the DNS service of a controller loads as the system, and writes every record.",
    remedy="Give rights on zones instead, and empty the group.",
    product="Remove unnecessary members of DnsAdmins",
    mitre=("T1078.002", "T1543.003"),
)


def find(estate: Estate) -> Iterator[Finding]:
    """Members at any depth that do not administer the domain anyway."""
    for group in estate.of("group"):
        if group.account.lower() != "dnsadmins" or group.sid is None:
            continue
        for sid in sorted(estate.members(group.sid)):
            item = estate.item(sid)
            if item is not None and item.kind != "group" and not estate.privileged(sid):
                yield Finding(group.name, "member", item.name, "controls DNS on controllers")
