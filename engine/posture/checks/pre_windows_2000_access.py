"""Strangers may read the directory (MS-ADTS, group S-1-5-32-554)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.posture.finding import Check, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.posture.estate import Estate

_GROUP: Final = "S-1-5-32-554"
_STRANGERS: Final = ("S-1-1-0", "S-1-5-7")
CHECK: Final = Check(
    title="Pre-Windows 2000 Compatible Access holds Everyone or Anonymous",
    severity="medium",
    why="Accounts, groups and policies are read without logging on.",
    remedy="Take *Everyone* and *Anonymous Logon* out of the group.",
    mitre=("T1087.002",),
)


def find(estate: Estate) -> Iterator[Finding]:
    """Those two; authenticated users are a default of newer domains."""
    for sid in _STRANGERS:
        if sid in estate.members(_GROUP):
            yield Finding(
                estate.name(_GROUP), "member", estate.name(sid), "reads without logging on"
            )
