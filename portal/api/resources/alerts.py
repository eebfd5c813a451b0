"""Alerts: list, count, see, export, and decide about them."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypedDict

import msgspec

from engine import exports
from engine.alert_records import Verdict  # noqa: TC001 - msgspec reads annotations at run time
from engine.lifecycle import Action, RefusedError, Standing
from engine.times import iso
from portal.access.roles import Permission
from portal.api.endpoint import Asked, Endpoint, File, Problem
from portal.api.moments import micros
from portal.reading import alerts
from portal.reading.alerts import AlertCounts, AlertDetail, AlertPage, Wanted
from portal.reading.paging import MOST, SOME

Some = Annotated[int, msgspec.Meta(ge=1, le=MOST, description="At most so many on a page.")]
After = Annotated[str | None, msgspec.Meta(description="`next` of the page before.")]
Note = Annotated[str, msgspec.Meta(max_length=10_000, description="Why, for the audit log.")]
_EXPORTED: Final = 1_000
"""Alerts in a file: with their evidence they are held in memory."""
_MEDIA: Final = {
    "csv": "text/csv", "json": "application/x-ndjson", "parquet": "application/vnd.apache.parquet",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}  # fmt: skip


class Which(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Which alerts; what is left out means any."""

    status: Annotated[
        tuple[Literal["open", "closed", "suppressed", "retracted", "merged"], ...],
        msgspec.Meta(description="How they stand; may be given again."),
    ] = ()
    severity: Annotated[
        tuple[Literal["informational", "low", "medium", "high"], ...],
        msgspec.Meta(description="May be given again."),
    ] = ()
    tactic: Annotated[
        tuple[str, ...], msgspec.Meta(description="`kill_chain` of detections; may be given again.")
    ] = ()
    detection: Annotated[
        tuple[str, ...], msgspec.Meta(description="Ids of detections; may be given again.")
    ] = ()
    assignee: Annotated[str | None, msgspec.Meta(description="Who looks after them.")] = None
    entity: Annotated[
        str | None, msgspec.Meta(description="Who takes part, in any role, as `ann@corp.test`.")
    ] = None
    since: Annotated[str | None, msgspec.Meta(description="Seen from then on.")] = None
    until: Annotated[str | None, msgspec.Meta(description="Begun up to then.")] = None


class Page(Which, kw_only=True):
    """Which alerts, and which page of them."""

    limit: Some = SOME
    after: After = None


class Exported(Which, kw_only=True):
    """Which alerts, in which form."""

    format: Literal["csv", "json", "parquet", "xlsx"]
    number: Annotated[
        tuple[int, ...], msgspec.Meta(description="These alerts, whatever the filters say.")
    ] = ()


class Decided(msgspec.Struct, forbid_unknown_fields=True):
    """A decision about one alert. `verdict` belongs to `close`, `assignee` to `assign`."""

    action: Action
    verdict: Verdict | None = None
    assignee: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    note: Note = ""


class DecidedOfMany(Decided):
    """A decision about some alerts."""

    numbers: Annotated[tuple[int, ...], msgspec.Meta(min_length=1, max_length=1_000)] = ()


class Stands(TypedDict):
    """How an alert stands then."""

    number: int
    status: str
    verdict: str | None
    assignee: str | None


class Refused(TypedDict):
    """An alert of which it could not be done, and why."""

    number: int
    why: str


class Done(TypedDict):
    """What became of a decision about some."""

    done: list[Stands]
    refused: list[Refused]


def _list(asked: Asked[Page]) -> AlertPage:
    query = asked.query
    return alerts.listed(asked.sources, _wanted(query), query.limit, query.after)


def _count(asked: Asked[Which]) -> AlertCounts:
    return alerts.counts(asked.sources, _wanted(asked.query))


def _get(asked: Asked[Any]) -> AlertDetail:
    number = _number(asked)
    found = alerts.one(asked.sources, number)
    if found is None:
        raise Problem(404, f"there is no alert {number}")
    return found


def _export(asked: Asked[Exported]) -> File:
    query = asked.query
    with asked.sources.desk() as desk:
        numbers = query.number or tuple(alerts.numbers(asked.sources, _wanted(query)))
        if len(numbers) > _EXPORTED:
            raise Problem(413, f"{len(numbers)} alerts, allowed are {_EXPORTED}: narrow the filter")
        found = [alert for n in numbers if (alert := desk.alert(n)) is not None]
    with tempfile.NamedTemporaryFile(
        prefix="atp-", suffix=f".{query.format}", delete=False
    ) as made:
        path = Path(made.name)
    try:
        exports.writer(query.format)(found, path)
    except BaseException:
        path.unlink()
        raise
    return File(path, f"alerts.{query.format}", _MEDIA[query.format])


def _decide(asked: Asked[Any]) -> Stands:
    number = _number(asked)
    try:
        after = _decided(asked, number)
    except RefusedError as error:
        raise Problem(409, str(error)) from None
    if after is None:
        raise Problem(404, f"there is no alert {number}")
    return _stands(number, after)


def _decide_many(asked: Asked[Any]) -> Done:
    told: Done = {"done": [], "refused": []}
    for number in dict.fromkeys(asked.body.numbers):
        try:
            after = _decided(asked, number)
        except RefusedError as error:
            told["refused"].append({"number": number, "why": str(error)})
            continue
        if after is None:
            told["refused"].append({"number": number, "why": "there is no such alert"})
        else:
            told["done"].append(_stands(number, after))
    return told


def _decided(asked: Asked[Any], number: int) -> Standing | None:
    decision: Decided = asked.body
    if (decision.action == "close") != (decision.verdict is not None):
        raise Problem(400, "`verdict` belongs to `close`, which needs it")
    if decision.assignee is not None and decision.action != "assign":
        raise Problem(400, "`assignee` belongs to `assign`")
    if decision.action == "comment" and not decision.note:
        raise Problem(400, "a comment has a `note`")
    with asked.sources.deciding() as desk:
        return desk.decide(
            number, decision.action, asked.caller.name, asked.sources.clock(),
            verdict=decision.verdict, assignee=decision.assignee, note=decision.note,
        )  # fmt: skip


def _stands(number: int, after: Standing) -> Stands:
    return {
        "number": number,
        "status": after.status,
        "verdict": after.verdict,
        "assignee": after.assignee,
    }


def _number(asked: Asked[Any]) -> int:
    return int(str(asked.named["number"]))


def _wanted(query: Which) -> Wanted:
    since, until = micros("since", query.since), micros("until", query.until)
    return Wanted(
        query.status, query.severity, query.tactic, query.detection, query.assignee, query.entity,
        None if since is None else iso(since), None if until is None else iso(until),
    )  # fmt: skip


_NONE: Final = (404, "there is none of that number")
ENDPOINTS: Final = (
    Endpoint("GET", "/alerts", Permission.READ, "Alerts, newest first", _list, AlertPage, Page),
    Endpoint("GET", "/alerts/counts", Permission.READ, "How many alerts there are, by each", _count, AlertCounts, Which),
    Endpoint("GET", "/alerts/export", Permission.READ, "Alerts with their evidence as a file", _export, File, Exported,
             others=((413, "more alerts than a file may have"),)),
    Endpoint("GET", "/alerts/{number:int}", Permission.READ, "An alert with its evidence, history and guidance", _get,
             AlertDetail, others=(_NONE,)),
    Endpoint("POST", "/alerts/{number:int}/decisions", Permission.DECIDE, "Decide about an alert", _decide, Stands,
             body=Decided, others=(_NONE, (409, "its state does not allow that"))),
    Endpoint("POST", "/alerts/decisions", Permission.DECIDE, "Decide about some alerts", _decide_many, Done,
             body=DecidedOfMany),
)  # fmt: skip
