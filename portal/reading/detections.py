"""Detections: what they are, whether they work, and what became of their alerts."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Literal, TypedDict

from dsl.params import SENSITIVITIES
from engine.scores import kept
from engine.store.desk import Filter
from engine.times import iso

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from dsl.envelope import Envelope
    from dsl.params import ParamValue
    from engine.running import Rule
    from engine.status import Status
    from portal.reading.sources import Sources

State = Literal["enabled", "learning", "fault", "disabled"]
Coverage = Literal["seen", "partly", "blind"]
Sensitivity = Literal["high", "medium", "low", "own", "none"]


class DetectionLine(TypedDict):
    """A detection in a list. `state`: learning where a profile may not be asked yet; `coverage`: whether
    events of all the types that it reads came since the start, of some, or of none; `sensitivity`: own where
    its parameters are none of the three, none where it has none; `open`, `verdicts`: its alerts.
    """

    id: str
    title: str
    tactic: str
    severity: str
    confidence: int
    kill_chain: str
    mitre: list[str]
    external_id: int | None
    state: State
    why: str
    coverage: Coverage | None
    sensitivity: Sensitivity
    last_fired: str | None
    alerts: int
    open: int
    verdicts: dict[str, int]


class ParamLine(TypedDict):
    """A parameter: the `value` in force, as authors write it."""

    name: str
    value: str
    default: str
    help: str
    type: str
    least: str | None
    most: str | None


class ProfileLine(TypedDict):
    """What one profile has learnt: since when and up to when, and from when on it may be asked."""

    name: str
    since: str | None
    through: str | None
    ready_from: str | None
    waits: bool


class TypeLine(TypedDict):
    """An event type that it reads: how many came since the start, up to when all are in."""

    name: str
    events: int
    watermark: str | None


class DetectionDetail(DetectionLine):
    """All of a detection; `text`: its file. `tests`: how many it has; `needed`, `clauses`: how many of its
    clauses they need, None where that was not measured of this text. `false_share`: of those of its alerts that
    people judged, how many were false.
    """

    version: int
    description: str
    references: list[str]
    false_positives: list[str]
    known_gaps: list[str]
    respond: list[str]
    params: list[ParamLine]
    profiles: list[ProfileLine]
    reads: list[TypeLine]
    origin: dict[str, object] | None
    text: str
    tests: int
    needed: int | None
    clauses: int | None
    false_share: float | None


class _Tally:
    """Of one detection's alerts."""

    def __init__(self) -> None:
        self.last: str | None = None
        self.alerts = self.open = 0
        self.verdicts: Counter[str] = Counter()


def listed(sources: Sources) -> list[DetectionLine]:
    """All detections by id, those switched off too."""
    status = sources.status()
    tallies = _tallies(sources)
    running = [_line(status, rule, tallies) for rule in status.rules.values()]
    off = [
        _off(status, one.envelope, one.reason, tallies) for one in status.in_force.disabled.values()
    ]
    return sorted([*running, *off], key=lambda d: d["id"])


def one(sources: Sources, name: str) -> DetectionDetail | None:
    """All of a detection; None where there is none of that name."""
    status = sources.status()
    rule = status.rules.get(name)
    tallies = _tallies(sources, name)
    if rule is not None:
        return _detail(status, rule.envelope, _line(status, rule, tallies), rule)
    off = status.in_force.disabled.get(name)
    if off is None:
        return None
    return _detail(status, off.envelope, _off(status, off.envelope, off.reason, tallies), None)


def _tallies(sources: Sources, name: str | None = None) -> dict[str, _Tally]:
    found: dict[str, _Tally] = {}
    with sources.desk() as desk:
        rows = desk.tally(Filter(detection=() if name is None else (name,)))
    for detection, _, stands, verdict, number, last in rows:
        if stands in ("merged", "retracted"):
            continue
        tally = found.setdefault(detection, _Tally())
        tally.alerts += number
        tally.open += number if stands == "open" else 0
        tally.last = max(tally.last or "", last)
        if verdict is not None:
            tally.verdicts[verdict] += number
    return found


def _line(status: Status, rule: Rule, tallies: dict[str, _Tally]) -> DetectionLine:
    name = rule.plan.id
    profiles = status.learning.get(name, ())
    state: State = "learning" if any(p.waits for p in profiles) else "enabled"
    why = ", ".join(p.profile for p in profiles if p.waits)
    if name in status.faults:
        state, why = "fault", status.faults[name].strip().partition("\n")[0]
    return {
        **_told(status, rule.envelope, tallies.get(name) or _Tally()),
        "state": state,
        "why": why,
        "coverage": _coverage(status, rule.plan.events),
        "sensitivity": _sensitivity(rule),
    }


def _off(
    status: Status, envelope: Envelope, reason: str, tallies: dict[str, _Tally]
) -> DetectionLine:
    return {
        **_told(status, envelope, tallies.get(envelope.id) or _Tally()),
        "state": "disabled",
        "why": reason,
        "coverage": None,
        "sensitivity": "none",
    }


def _told(status: Status, envelope: Envelope, tally: _Tally) -> DetectionLine:
    """What is the same whether it runs or not; the rest is put over it."""
    return {
        "id": envelope.id,
        "title": envelope.title,
        "tactic": status.in_force.tactics.get(envelope.id, ""),
        "severity": envelope.severity,
        "confidence": envelope.confidence,
        "kill_chain": envelope.kill_chain,
        "mitre": list(envelope.mitre),
        "external_id": envelope.external_id,
        "state": "enabled",
        "why": "",
        "coverage": None,
        "sensitivity": "none",
        "last_fired": tally.last,
        "alerts": tally.alerts,
        "open": tally.open,
        "verdicts": dict(tally.verdicts),
    }


def _detail(
    status: Status, envelope: Envelope, line: DetectionLine, rule: Rule | None
) -> DetectionDetail:
    params = {} if rule is None else dict(rule.plan.params)
    score = kept().get(envelope.id)
    if score is not None and score.digest != status.in_force.digests.get(envelope.id):
        score = None
    profiles = status.learning.get(envelope.id, ())
    return {
        **line,
        "version": envelope.version,
        "description": envelope.description,
        "references": list(envelope.references),
        "false_positives": list(envelope.false_positives),
        "known_gaps": list(envelope.known_gaps),
        "respond": list(envelope.respond),
        "params": [
            {
                "name": p.name,
                "value": _shown(p.show, params.get(p.name), p.default),
                "default": p.show(p.default),
                "help": p.help,
                "type": p.type,
                "least": None if p.min is None else p.show(p.min),
                "most": None if p.max is None else p.show(p.max),
            }
            for p in envelope.params.values()
        ],
        "profiles": [
            {
                "name": p.profile,
                "since": None if p.since is None else iso(p.since),
                "through": None if p.through is None else iso(p.through),
                "ready_from": None if p.ready_from is None else iso(p.ready_from),
                "waits": p.waits,
            }
            for p in profiles
        ],
        "reads": [] if rule is None else [_type(status, kind) for kind in rule.plan.events],
        "origin": None if envelope.origin is None else asdict(envelope.origin),
        "text": status.in_force.texts.get(envelope.id, ""),
        "tests": status.in_force.tests.get(envelope.id, 0),
        "needed": None if score is None else score.needed,
        "clauses": None if score is None else score.clauses,
        "false_share": false_share(line["verdicts"]),
    }


def false_share(verdicts: Mapping[str, int]) -> float | None:
    """The share of alerts found false among those that were judged; None where none was."""
    judged = sum(verdicts.values())
    return verdicts.get("false_positive", 0) / judged if judged else None


def _shown(show: Callable[[ParamValue], str], value: object, default: ParamValue) -> str:
    return show(value if isinstance(value, (bool, int, float, str)) else default)


def _type(status: Status, kind: str) -> TypeLine:
    mark = status.marks.get(kind)
    return {
        "name": kind,
        "events": _came(status, kind),
        "watermark": None if mark is None else iso(mark),
    }


def _came(status: Status, kind: str) -> int:
    return sum(number for (type_, _), number in status.taken.items() if type_ == kind)


def _coverage(status: Status, kinds: Iterable[str]) -> Coverage:
    came = [_came(status, kind) > 0 for kind in kinds if kind != "alert"]
    return "seen" if all(came) else "partly" if any(came) else "blind"


def _sensitivity(rule: Rule) -> Sensitivity:
    declared = rule.envelope.params
    leveled = [p for p in declared.values() if p.levels]
    if not leveled:
        return "none"
    values = dict(rule.plan.params)
    for word in sorted(SENSITIVITIES, key=lambda s: s != "medium"):
        if all(values.get(p.name, p.default) == p.at(word) for p in declared.values()):
            return word
    return "own"
