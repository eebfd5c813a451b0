"""Members of groups that are better left empty."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.posture.finding import Check, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.posture.estate import Estate

_BUILTIN: Final = (548, 549, 550, 551)
_SCHEMA_ADMINS: Final = 518
_ADMINISTRATOR: Final = 500
CHECK: Final = Check(
    title="A group that should be empty has members",
    severity="medium",
    why="Account, server, print and backup operators log on to controllers and come from there to everything; schema administrators are needed for minutes.",
    remedy="Delegate what the member does on units or servers of its own, and empty the group.",
    product="Remove unnecessary members of privileged operator groups",
    mitre=("T1078.002",),
)


def find(estate: Estate) -> Iterator[Finding]:
    """Members at any depth; the built-in administrator is of Schema Admins by nature."""
    groups = [f"S-1-5-32-{rid}" for rid in _BUILTIN]
    groups += [str(g.sid) for g in estate.of("group") if g.rid == _SCHEMA_ADMINS]
    for group in groups:
        owner = estate.item(group)
        for sid in sorted(estate.members(group)):
            item = estate.item(sid)
            if (
                item is None
                or item.kind == "group"
                or item.rid == _ADMINISTRATOR
                or not item.enabled
            ):
                continue
            yield Finding(
                owner.name if owner else estate.name(group),
                "member",
                item.name,
                "should have no members",
            )
