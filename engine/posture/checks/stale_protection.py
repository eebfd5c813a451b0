"""Accounts that still look protected though they left the protected groups (MS-ADTS §3.1.1.6.1.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.posture.finding import Check, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.posture.estate import Estate

CHECK: Final = Check(
    title="adminCount is left over",
    severity="low",
    why="Its permissions no longer come from above, so nobody who should manages it; a sign that it once had power.",
    remedy="Set inheritance of permissions again, clear adminCount, look at what else it may do.",
    product="Remove stale AdminSDHolder protection",
    mitre=("T1078.002",),
)


def find(estate: Estate) -> Iterator[Finding]:
    """Users and groups that are in no group that leads to power now."""
    for item in (*estate.of("user"), *estate.of("group")):
        if item.first("adminCount") == "1" and item.rid != 502 and not estate.sensitive(item):
            yield Finding(item.name, "adminCount", "1", "in no protected group")
