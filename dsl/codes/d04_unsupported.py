"""D04: statements of the language that this version does not compute. D0401 (profiles) is withdrawn."""

from __future__ import annotations

from typing import Final

from dsl.codes.code import Code

_CODES: Final = (
    Code(
        "D0402", "models",
        "A model scores how unusual a row is. This version reads the statement and has no models.",
        "rare = model access_anomaly of logon by account, source over 30d\n"
        "t = match logon where rare.score > 0.9\nalert t as (actor: account)",
        "t = match logon where logon_type == network\nalert t as (actor: account)",
    ),
)  # fmt: skip
CODES: Final = {c.code: c for c in _CODES}
