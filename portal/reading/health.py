"""Health: what is wrong with the product, how it goes, and alerts on their way out."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, TypedDict

from engine.store import health as stored
from engine.times import iso

if TYPE_CHECKING:
    from portal.reading.sources import Sources

_RANK = {"high": 0, "medium": 1, "low": 2}


class IssueLine(TypedDict):
    """An issue of health. `subject`: what it is about; `remedy`: what mends it; `status`: open, closed or
    suppressed; `opened`: since when; `seen`: when it was found last.
    """

    check: str
    subject: str
    severity: str
    title: str
    text: str
    remedy: str
    status: str
    opened: str
    seen: str


class SinkLine(TypedDict):
    """Alerts to one receiver. `trouble`: why they are not delivered now, "" where nothing hinders."""

    name: str
    waiting: int
    sent: int
    refused: int
    dropped: int
    trouble: str


class Health(TypedDict):
    """`ticked`: when the engine was brought up to date last, None before the first time; `now`: the time
    up to which it has seen events; `events`: how many since the start; `waiting`: detections that had no
    turn lately; `late`: events by type that came later than allowed; `watermarks`: by type, up to when
    everything is in; `complaints`: what goes wrong now, by topic; `disabled`: detections that are switched off, and why.
    """

    ticked: str | None
    now: str | None
    events: int
    detections: int
    faults: int
    disabled: dict[str, str]
    waiting: int
    late: dict[str, int]
    watermarks: dict[str, str]
    complaints: dict[str, str]
    issues: list[IssueLine]
    open: dict[str, int]
    sinks: list[SinkLine]


def stands(sources: Sources) -> Health:
    """How everything stands; issues that are open first, the worst of them first."""
    status = sources.status()
    with sources.desk() as desk:
        every = stored.standings(desk).values()
    issues: list[IssueLine] = [
        {
            "check": s.issue.check, "subject": s.issue.subject, "severity": s.issue.severity,
            "title": s.issue.title, "text": s.issue.text, "remedy": s.issue.remedy,
            "status": s.status, "opened": iso(s.opened), "seen": iso(s.seen),
        }
        for s in every
    ]  # fmt: skip
    issues.sort(key=lambda i: i["seen"], reverse=True)
    issues.sort(key=lambda i: (i["status"] != "open", _RANK.get(i["severity"], 3)))
    return {
        "ticked": iso(status.at) if status.at else None,
        "now": iso(status.now) if status.now else None,
        "events": sum(status.taken.values()),
        "detections": len(status.rules),
        "faults": len(status.faults),
        "disabled": {n: d.reason for n, d in sorted(status.in_force.disabled.items())},
        "waiting": len(status.waited),
        "late": dict(status.late),
        "watermarks": {kind: iso(mark) for kind, mark in sorted(status.marks.items())},
        "complaints": dict(status.complaints),
        "issues": issues,
        "open": dict(Counter(i["severity"] for i in issues if i["status"] == "open")),
        "sinks": [
            {
                "name": c.name, "waiting": c.waiting, "sent": c.sent, "refused": c.refused,
                "dropped": c.dropped, "trouble": c.trouble,
            }
            for c in status.sinks
        ],
    }  # fmt: skip
