"""Accounts whose password can be guessed from one reply, unasked (RFC 4120 §5.2.7.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.posture.finding import Check
from engine.posture.flagged import flagged

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.posture.estate import Estate
    from engine.posture.finding import Finding

CHECK: Final = Check(
    title="Kerberos preauthentication is not required",
    severity="high",
    why="Anybody gets a reply encrypted with the account's key and guesses its password offline (AS-REP roasting).",
    remedy="Clear `DONT_REQ_PREAUTH` and change the password.",
    product="Unsecure account attributes",
    mitre=("T1558.004",),
)


def find(estate: Estate) -> Iterator[Finding]:
    """Accounts that can log on."""
    yield from flagged(estate.accounts(), "dont_req_preauth", "answers without preauthentication")
