"""Domains that work as controllers of long ago did (MS-ADTS §6.1.4.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.posture.finding import Check, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.posture.estate import Estate

_LEVELS: Final = {
    0: "2000", 1: "2003 interim", 2: "2003", 3: "2008", 4: "2008 R2", 5: "2012", 6: "2012 R2",
    7: "2016", 10: "2025",
}  # fmt: skip
LEAST: Final = 7
CHECK: Final = Check(
    title="The functional level is obsolete",
    severity="low",
    why="Protected Users, authentication policies and the rolling of secrets need newer levels; controllers that old get no updates.",
    remedy="Replace old controllers, then raise the level of the domain and the forest.",
    mitre=("T1558",),
    needs=("msDS-Behavior-Version",),
)


def find(estate: Estate) -> Iterator[Finding]:
    """Domains below Windows Server 2016."""
    for domain in estate.of("domain"):
        level = domain.number("msDS-Behavior-Version")
        if level is not None and level < LEAST:
            name = f"Windows Server {_LEVELS.get(level, level)}"
            yield Finding(domain.dn, "msDS-Behavior-Version", f"{level} ({name})", "below 2016")
