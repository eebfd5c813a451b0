"""The guest account can log on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.posture.finding import Check, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.posture.estate import Estate

CHECK: Final = Check(
    title="The guest account is enabled",
    severity="medium",
    why="Whoever has no account at all is let in as guest.",
    remedy="Disable it.",
    product="Built-in Active Directory Guest account is enabled",
    mitre=("T1078.001",),
)


def find(estate: Estate) -> Iterator[Finding]:
    """By RID 501, whatever it is called."""
    for item in estate.users():
        if item.rid == 501:
            yield Finding(item.name, "userAccountControl", "enabled", "anybody logs on as guest")
