"""D04: statements of the language that this version does not compute."""

from __future__ import annotations

from typing import Final

from dsl.codes.code import Code

_CODES: Final = (
    Code(
        "D0401", "profiles",
        "A profile learns what is usual for each key. This version reads the statement and does not "
        "learn yet: state a threshold, or compare with a window.",
        "usual = profile of kerberos_as by account bucket 1d over 30d learn n := count()\n"
        "t = match kerberos_as where usual.n == 0\nalert t as (actor: account)",
        "t = window kerberos_as by account over 1d compute n := count() having n == 1\n"
        "alert t as (actor: account)",
    ),
    Code(
        "D0402", "models",
        "A model scores how unusual a row is. This version reads the statement and has no models.",
        "rare = model access_anomaly of logon by account, source over 30d\n"
        "t = match logon where rare.score > 0.9\nalert t as (actor: account)",
        "t = match logon where logon_type == network\nalert t as (actor: account)",
    ),
)  # fmt: skip
CODES: Final = {c.code: c for c in _CODES}
