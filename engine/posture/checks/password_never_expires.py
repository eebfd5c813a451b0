"""People and services whose password never has to be changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.posture.finding import Check
from engine.posture.flagged import flagged

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.posture.estate import Estate
    from engine.posture.finding import Finding

CHECK: Final = Check(
    title="A password never expires",
    severity="low",
    why="A password that leaked once is good for ever.",
    remedy="Let it expire; make service accounts group managed ones, whose passwords change by themselves.",
    product="Unsecure account attributes",
    mitre=("T1078.002",),
)


def find(estate: Estate) -> Iterator[Finding]:
    """Users that can log on."""
    yield from flagged(estate.users(), "dont_expire_passwd", "never has to change its password")
