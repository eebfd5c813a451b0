"""The state of the installation: what was raised, what is open, what is wrong with the product."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from dsl.schema.enums import SEVERITY

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from engine.reports import Facts, Row, Sheets

TITLE: Final = "Summary"
_SHOWN: Final = (
    "number", "title", "severity", "confidence", "first_seen", "last_seen", "actor", "source", "target",
    "assignee", "detection", "external_id", "mitre", "explanation", "evidence_count",
)  # fmt: skip


def sheets(facts: Facts) -> Sheets:
    """`Summary`, `Open suspected attacks`, `Open health issues`."""
    alerts, issues = facts.alerts(), facts.issues()
    attacks = sorted(
        (a for a in alerts if a["status"] == "open"),
        key=lambda a: (-SEVERITY.index(str(a["severity"])), str(a["first_seen"])),
    )
    return {
        "Summary": [*_counts(alerts, issues), *_events(facts.events())],
        "Open suspected attacks": [{name: a.get(name) for name in _SHOWN} for a in attacks],
        "Open health issues": sorted(
            issues, key=lambda i: (-SEVERITY.index(str(i["severity"])), str(i["check"]))
        ),
    }


def _counts(alerts: Iterable[Row], issues: Iterable[Row]) -> Iterator[Row]:
    by_status = Counter((str(a["status"]), str(a["severity"])) for a in alerts)
    for status in ("open", "closed", "suppressed"):
        yield _row(f"{status} suspected attacks", Counter({
            severity: number for (s, severity), number in by_status.items() if s == status
        }))  # fmt: skip
    yield _row("open health issues", Counter(str(i["severity"]) for i in issues))


def _row(what: str, by_severity: Counter[str]) -> Row:
    row: Row = {"what": what, "number": by_severity.total()}
    return row | {severity: by_severity[severity] for severity in reversed(SEVERITY)}


def _events(counts: Iterable[Row]) -> Iterator[Row]:
    for row in counts:
        yield {
            "what": f"events: {row['type']}", "number": row["events"],
            "first": row["first"], "last": row["last"],
        }  # fmt: skip
