"""The built-in administrator (RID 500) works as if it were a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.posture.finding import Check, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.posture.estate import Estate

WITHIN_DAYS: Final = 30
CHECK: Final = Check(
    title="The built-in Administrator is used",
    severity="low",
    why="It is nobody's: what it does cannot be told of a person, and it is exempt from lockout.",
    remedy="Give administrators accounts of their own; keep this one for emergencies.",
    mitre=("T1078.002",),
    needs=("lastLogonTimestamp",),
)


def find(estate: Estate) -> Iterator[Finding]:
    """Those that logged on of late; the directory notes it to two weeks."""
    for item in estate.users():
        days = estate.days(item.since("lastLogonTimestamp")) if item.rid == 500 else None
        if days is not None and days <= WITHIN_DAYS:
            why = f"logged on within {WITHIN_DAYS} days"
            yield Finding(item.name, "lastLogonTimestamp", f"{days} days ago", why)
