"""One alert: what happened, between whom, on what evidence, why it fired, and what people decided."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from starlette.exceptions import HTTPException
from starlette.responses import Response

from engine.exports import names as export_names
from engine.exports import writer
from engine.lifecycle import ACTIONS, VERDICTS, RefusedError, Standing, decided
from portal.access.roles import Permission
from portal.clauses import why_it_fired
from portal.languages import Text, said
from portal.pages.view import Asked, Page, View, go
from portal.picture import picture
from portal.reading import alerts as reading
from portal.site import now
from portal.usual_picture import drawn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.usual import Usual
    from portal.reading.alerts import AlertDetail, AlertLine

_SHOWN: Final = 200
"""Events of the evidence on the page; the export has all that were kept."""
_NOTE: Final = 4_000
_RELATED: Final = 12
_OF: Final = 6
"""So many of those who take part are asked for their other alerts."""
_WHO: Final = ("account", "user", "actor", "member")
_TO: Final = ("spn", "service", "target", "server", "host", "dc")
_LINKED: Final = frozenset({"account", "host", "group"})
"""Kinds of roles that have pages of their own."""
_TYPES: Final = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "json": "application/json",
    "csv": "text/csv; charset=utf-8",
}


def alert(asked: Asked) -> Page:
    """The page."""
    return _page(asked, _found(asked))


def decide(asked: Asked) -> Page | Response:
    """One decision about the alert."""
    found, form = _found(asked), asked.form
    action = next((a for a in ACTIONS if a == form.get("action")), None)
    verdict = next((v for v in VERDICTS if v == form.get("verdict")), None)
    note = form.get("note", "").strip()[:_NOTE]
    if action is None:
        raise HTTPException(400, Text("there is no such decision"))
    if action == "close" and verdict is None:
        return _page(asked, found, Text("Say what it was found to be, to close it."), 400)
    if action == "comment" and not note:
        return _page(asked, found, Text("A comment has words."), 400)
    number = int(str(found["alert"]["number"]))
    try:
        with asked.site.sources.deciding() as desk:
            desk.decide(
                number, action, asked.who.name, now(),
                verdict=verdict if action == "close" else None,
                assignee=(form.get("assignee", "").strip()[:64] or None) if action == "assign" else None,
                note=note,
            )  # fmt: skip
    except RefusedError as error:
        return _page(asked, found, Text("That cannot be done: %(why)s.", why=error), 409)
    return go("/" if action == "delete" else f"/alerts/{number}")


def export(asked: Asked) -> Response:
    """The alert with its evidence as a file."""
    form = asked.arguments["form"]
    if form not in export_names() or form not in _TYPES:
        raise HTTPException(404, Text("there is no such form of export"))
    found = _found(asked)["alert"]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"alert.{form}"
        writer(form)([found], path)
        body = path.read_bytes()
    asked.site.audit(asked.who.name, "export", "export", f"alert {found['number']}", note=form)
    name = f"alert-{found['number']}.{form}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(body, media_type=_TYPES[form], headers=headers)


def _found(asked: Asked) -> AlertDetail:
    text = asked.arguments["number"]
    known = text.isascii() and text.isdigit() and len(text) < 16
    found = reading.one(asked.site.sources, int(text)) if known else None
    if found is None:
        raise HTTPException(404, Text("there is no such alert; it may have been deleted"))
    return found


def _page(asked: Asked, found: AlertDetail, fault: str = "", status: int = 200) -> Page:
    told = found["alert"]
    evidence = cast("list[dict[str, object]]", told["evidence"])
    detection = asked.site.detection(str(told["detection"]))
    params = cast("dict[str, object]", told["params"])
    roles = cast("dict[str, object]", told["roles"])
    values = {
        "alert": told,
        "fault": fault,
        "in_force": detection is not None,
        "guidance": found["guidance"],
        "why": why_it_fired(detection, evidence, params, roles) if detection is not None else [],
        "text": detection.source.block("detect") if detection is not None else "",
        "picture": picture(told),
        "evidence": [_row(e) for e in evidence[:_SHOWN]],
        "rate": _rate(evidence, said(Text("events"), asked.language)),
        "numbers": _numbers(told),
        "habits": drawn(cast("list[Usual]", told.get("usual", []))),
        "related": _related(asked, told),
        "linked": _linked(asked, str(told["detection"])),
        "history": found["history"],
        "verdicts": VERDICTS,
        "link": f"/alerts/{told['number']}",
        "actions": _actions(str(told["status"])),
    }
    return Page("alert.html", values, status)


def _actions(status: str) -> set[str]:
    """What its state allows."""
    allowed: set[str] = set()
    for action in ACTIONS:
        try:
            decided(Standing(status), action, verdict="benign" if action == "close" else None)
        except RefusedError:
            continue
        allowed.add(action)
    return allowed


def _related(asked: Asked, told: Mapping[str, object]) -> list[AlertLine]:
    """Other alerts in which somebody or something of this one takes part, newest first."""
    names: list[str] = []
    for role in ("actor", "source", "target"):
        value = told.get(role)
        names += [str(v) for v in (value if isinstance(value, list) else [value]) if v is not None]
    found: dict[int, AlertLine] = {}
    for name in list(dict.fromkeys(names))[:_OF]:
        page = reading.listed(asked.site.sources, reading.Wanted(entity=name), _RELATED)
        found |= {a["number"]: a for a in page["alerts"] if a["number"] != told["number"]}
    return sorted(found.values(), key=lambda a: a["last_seen"], reverse=True)[:_RELATED]


def _linked(asked: Asked, detection: str) -> set[str]:
    """Roles of a detection that name accounts, machines or groups."""
    rule = asked.site.sources.status().rules.get(detection)
    if rule is None:
        return {"actor", "source", "target"}
    roles = [role for alert in rule.plan.alerts for role in alert.roles]
    return {name for name, value in roles if value.type.kind in _LINKED}


def _row(event: dict[str, object]) -> dict[str, object]:
    """An event for the table: what most events have; `raw` is all of it."""
    return {
        "ts": event.get("ts"),
        "type": event.get("type"),
        "who": next((event[n] for n in _WHO if event.get(n)), None),
        "source": event.get("source"),
        "certainty": event.get("certainty"),
        "resolution": event.get("resolution"),
        "to": next((event[n] for n in _TO if event.get(n)), None),
        "outcome": event.get("outcome"),
        "raw": event,
    }


def _rate(evidence: list[dict[str, object]], label: str) -> dict[str, object] | None:
    """Events of the evidence over its time, in forty steps; None for a single moment."""
    times = sorted(int(str(e["ts"])) // 1_000_000 for e in evidence if "ts" in e)
    if len(times) < 4 or times[-1] - times[0] < 4:
        return None
    step = max(1, (times[-1] - times[0]) // 40)
    counted = dict.fromkeys(range(times[0] // step, times[-1] // step + 1), 0)
    for at in times:
        counted[at // step] += 1
    return {
        "x": [at * step for at in counted],
        "y": list(counted.values()),
        "label": label,
        "bars": True,
    }


def _numbers(told: Mapping[str, object]) -> list[tuple[str, object]]:
    """What was observed in numbers: roles that are one."""
    roles = cast("dict[str, object]", told["roles"])
    return [(n, v) for n, v in roles.items() if isinstance(v, int | float) and v is not True]


VIEWS: Final = (
    View("/alerts/{number}", alert, Permission.READ),
    View("/alerts/{number}", decide, Permission.DECIDE, ("POST",)),
    View("/alerts/{number}/export/{form}", export, Permission.READ),
)
