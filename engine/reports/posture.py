"""What is weak in the directory at the end of the period, the gravest first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from engine.reports import Facts, Row, Sheets

TITLE: Final = "Weaknesses of the directory"


def sheets(facts: Facts) -> Sheets:
    """`Checks`: how many objects each found; `Findings`: the objects."""
    findings = facts.posture(facts.end)
    checks: dict[str, Row] = {}
    for row in findings:
        known = checks.setdefault(str(row["check"]), {
            "check": row["check"], "title": row["title"], "severity": row["severity"], "objects": 0,
            "remedy": row["remedy"],
        })  # fmt: skip
        known["objects"] = int(str(known["objects"])) + 1
    kept = [{k: v for k, v in row.items() if k != "remedy"} for row in findings]
    return {"Checks": list(checks.values()), "Findings": kept}
