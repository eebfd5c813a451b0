"""Computers whose local administrator has the same password for ever (MS-ADA2, Windows LAPS)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.posture.finding import Check, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.posture.estate import Estate

ALIVE_DAYS: Final = 60
_EXPIRY: Final = ("msLAPS-PasswordExpirationTime", "ms-Mcs-AdmPwdExpirationTime")
CHECK: Final = Check(
    title="LAPS does not manage a computer",
    severity="medium",
    why="Where local administrators share a password, one computer taken is all taken.",
    remedy="Roll out Windows LAPS; where it is there, see why the computer never set a password.",
    product="Protect and manage local admin passwords with LAPS",
    mitre=("T1078.003",),
)


def find(estate: Estate) -> Iterator[Finding]:
    """Windows computers that logged on of late, no controllers, that have never told an expiry."""
    for item in estate.of("computer"):
        if item.controller or not item.enabled:
            continue
        days = estate.days(item.since("lastLogonTimestamp"))
        windows = "windows" in (item.first("operatingSystem") or "").lower()
        if (
            windows
            and days is not None
            and days <= ALIVE_DAYS
            and not any(map(item.first, _EXPIRY))
        ):
            yield Finding(item.name, _EXPIRY[0], "not set", "no password of LAPS was ever set")
