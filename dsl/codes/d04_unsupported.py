"""D04: statements of the language that this version does not compute. D0401 (profiles) is withdrawn."""

from __future__ import annotations

from typing import Final

from dsl.codes.code import Code

_CODES: Final = (
    Code(
        "D0402", "trained models",
        "`access_anomaly` and `outlier` are read and not computed: in the benchmark they find less than `novelty`.",
        "rare = model access_anomaly of logon by account, source over 30d\n"
        "t = match logon where rare.score > 0.9\nalert t as (actor: account)",
        "rare = model novelty of logon by account, source over 30d\n"
        "t = match logon where rare.score > 0.9\nalert t as (actor: account)",
    ),
)  # fmt: skip
CODES: Final = {c.code: c for c in _CODES}
