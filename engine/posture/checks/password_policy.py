"""The password policy of a domain is weak (MS-SAMR §3.1.1.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.posture.finding import Check, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.posture.estate import Estate

LEAST_LENGTH: Final = 14
_COMPLEX: Final = 0x1
CHECK: Final = Check(
    title="The password policy is weak",
    severity="low",
    why="Short passwords are guessed offline in hours; without a lockout they are guessed online as well.",
    remedy="At least 14 characters, complexity, a lockout after ten wrong ones; stronger for administrators by a policy of their own.",
    mitre=("T1110",),
    needs=("minPwdLength",),
)


def find(estate: Estate) -> Iterator[Finding]:
    """Of each domain, whatever is less than the baseline."""
    for domain in estate.of("domain"):
        length = domain.number("minPwdLength")
        if length is not None and length < LEAST_LENGTH:
            yield Finding(domain.dn, "minPwdLength", str(length), f"below {LEAST_LENGTH}")
        if domain.first("pwdProperties") and not domain.bits("pwdProperties") & _COMPLEX:
            yield Finding(domain.dn, "pwdProperties", "no complexity", "simple passwords are taken")
        if domain.first("lockoutThreshold") == "0":
            yield Finding(domain.dn, "lockoutThreshold", "0", "guessing is never stopped")
