"""Alerts: pages of them, how many there are of which kind, and one with all that is known of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict

import msgspec

from engine.store.desk import Filter
from engine.times import iso
from portal.reading.paging import SOME, mark, place

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.status import Status
    from portal.reading.sources import Sources


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which alerts: empty means any. `tactic`: the kill chain of detections; `entity`: who takes part;
    `since`, `until`: ISO times, seen from then on, begun up to then.
    """

    status: tuple[str, ...] = ()
    severity: tuple[str, ...] = ()
    tactic: tuple[str, ...] = ()
    detection: tuple[str, ...] = ()
    assignee: str | None = None
    entity: str | None = None
    since: str | None = None
    until: str | None = None


class AlertLine(TypedDict):
    """An alert in a list. `actor`, `source`, `target`: who takes part, by role."""

    number: int
    id: str
    detection: str
    title: str
    severity: str
    confidence: float
    kill_chain: str
    mitre: list[str]
    status: str
    verdict: str | None
    assignee: str | None
    first_seen: str
    last_seen: str
    actor: object
    source: object
    target: object
    explanation: str
    count: int
    evidence_count: int


class AlertPage(TypedDict):
    """`next`: the mark of the next page, None on the last one."""

    alerts: list[AlertLine]
    next: str | None


class AlertCounts(TypedDict):
    """How many alerts a filter lets through, in all and by each."""

    total: int
    by_status: dict[str, int]
    by_severity: dict[str, int]
    by_tactic: dict[str, int]
    by_detection: dict[str, int]


class Event(TypedDict):
    """What happened to an alert: `who` did `action` (as in the audit log)."""

    ts: str
    who: str
    action: str
    verdict: str | None
    assignee: str | None
    note: str


class Guidance(TypedDict):
    """What the detection says to whoever looks at its alerts."""

    description: str
    false_positives: list[str]
    known_gaps: list[str]
    respond: list[str]
    references: list[str]


class AlertDetail(TypedDict):
    """`alert`: as sinks get it, with its evidence and `assignee`; `guidance`: None where the detection is
    gone.
    """

    alert: dict[str, object]
    history: list[Event]
    guidance: Guidance | None


class _Told(msgspec.Struct):
    """What a list shows of what is told of an alert; the rest is not read."""

    id: str
    detection: str
    title: str
    severity: str
    confidence: float
    kill_chain: str
    mitre: list[str]
    first_seen: str
    actor: object
    source: object
    target: object
    explanation: str
    count: int
    evidence_count: int


_told = msgspec.json.Decoder(_Told)


def listed(
    sources: Sources, wanted: Wanted, most: int = SOME, after: str | None = None
) -> AlertPage:
    """A page of alerts, newest first. Raises MarkError."""
    begun = place(after, tuple[str, int])
    with sources.desk() as desk:
        rows = desk.page(_filter(sources.status(), wanted), most + 1, begun)
    page = [line(stands, told) for stands, told in rows[:most]]
    last = page[-1] if len(rows) > most else None
    return {"alerts": page, "next": mark((last["last_seen"], last["number"])) if last else None}


def counts(sources: Sources, wanted: Wanted) -> AlertCounts:
    """How many there are."""
    status = sources.status()
    with sources.desk() as desk:
        rows = desk.tally(_filter(status, wanted))
    by: tuple[Counter[str], ...] = (Counter(), Counter(), Counter(), Counter())
    for detection, severity, stands, _, number, _ in rows:
        for counter, key in zip(
            by, (stands, severity, _kill_chain(status, detection), detection), strict=True
        ):
            counter[key] += number
    return {
        "total": by[0].total(),
        "by_status": dict(by[0]),
        "by_severity": dict(by[1]),
        "by_tactic": dict(by[2]),
        "by_detection": dict(by[3]),
    }


def numbers(sources: Sources, wanted: Wanted) -> list[int]:
    """Numbers of all that a filter lets through, newest first."""
    with sources.desk() as desk:
        return desk.numbers(_filter(sources.status(), wanted))


def one(sources: Sources, number: int) -> AlertDetail | None:
    """All of an alert; None where there is none of that number."""
    with sources.desk() as desk:
        alert = desk.alert(number)
        if alert is None:
            return None
        history: list[Event] = [
            {
                "ts": iso(e.ts), "who": e.who, "action": e.action, "verdict": e.verdict,
                "assignee": e.assignee, "note": e.note,
            }
            for e in desk.audit(alert=number)
        ]  # fmt: skip
    return {
        "alert": alert,
        "history": history,
        "guidance": _guidance(sources.status(), str(alert["detection"])),
    }


def line(stands: Mapping[str, object], text: str) -> AlertLine:
    """An alert in a list, as it stands and as what is told of it (JSON) says."""
    told: dict[str, object] = msgspec.structs.asdict(_told.decode(text))
    return {**told, **stands}  # type: ignore[typeddict-item]  # the two together are its keys


def _guidance(status: Status, detection: str) -> Guidance | None:
    rule = status.rules.get(detection)
    if rule is None:
        return None
    told = rule.envelope
    return {
        "description": told.description,
        "false_positives": list(told.false_positives),
        "known_gaps": list(told.known_gaps),
        "respond": list(told.respond),
        "references": list(told.references),
    }


def _kill_chain(status: Status, detection: str) -> str:
    rule = status.rules.get(detection)
    return "" if rule is None else rule.envelope.kill_chain


def _filter(status: Status, wanted: Wanted) -> Filter:
    detections = wanted.detection
    if wanted.tactic:
        of_tactic = {n for n, r in status.rules.items() if r.envelope.kill_chain in wanted.tactic}
        named = of_tactic & set(detections) if detections else of_tactic
        detections = tuple(sorted(named)) or ("",)  # none of them, not any
    return Filter(
        status=wanted.status,
        severity=wanted.severity,
        detection=detections,
        assignee=wanted.assignee,
        since=wanted.since,
        until=wanted.until,
        entity=None if wanted.entity is None else wanted.entity.lower(),
    )
