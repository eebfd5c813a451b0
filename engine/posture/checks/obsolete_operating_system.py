"""Computers with systems that get no security updates any more."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from engine.posture.finding import Check, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.posture.estate import Estate

ALIVE_DAYS: Final = 60
_OBSOLETE: Final = re.compile(
    r"windows (nt|2000|xp|vista|7|8|8\.1|server 2003|server 2008|server 2012)\b", re.IGNORECASE
)
CHECK: Final = Check(
    title="An obsolete operating system is in use",
    severity="medium",
    why="Known holes stay open, and old protocols are kept alive for it.",
    remedy="Replace it, or part it from the network and the domain.",
    mitre=("T1210",),
    needs=("operatingSystem",),
)


def find(estate: Estate) -> Iterator[Finding]:
    """Computers that logged on of late; controllers always."""
    for item in estate.of("computer"):
        system = item.first("operatingSystem") or ""
        days = estate.days(item.since("lastLogonTimestamp"))
        alive = item.controller or (days is not None and days <= ALIVE_DAYS)
        # trade marks stand between the words
        if item.enabled and alive and _OBSOLETE.search(re.sub(r"[®™]|\(R\)|\(TM\)", "", system)):
            yield Finding(item.name, "operatingSystem", system, "no updates any more")
