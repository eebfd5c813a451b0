"""Detections as an installation runs them: switched off and on, other parameters tried and then saved.

What is saved is what was tried: the page of an attempt leads to the saving. The daemon does both beside its
work, and this page shows how far it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.exceptions import HTTPException

from portal import errands
from portal.access.roles import Permission
from portal.languages import Text
from portal.pages.errand import looked, sent
from portal.pages.view import Asked, Page, SlipError, View
from portal.reading import detections

if TYPE_CHECKING:
    from starlette.responses import Response

    from portal.reading.detections import DetectionDetail

SAVE: Final = "settings"
TRY: Final = "tryout"
_LONG: Final = 1_000
_SHORT: Final = 200
_MOST_DAYS: Final = 60
_PARAM: Final = "param."


def settings(asked: Asked) -> Page:
    """The settings of a detection, and what became of what was asked last."""
    return _page(asked, _found(asked))


def change(asked: Asked) -> Page | Response:
    """Try other values, save what was tried, switch it off or on."""
    found = _found(asked)
    act = {"try": _try, "save": _save, "disable": _switch, "enable": _switch}.get(
        asked.form.get("action", "")
    )
    if act is None:
        raise HTTPException(400, Text("there is no such action"))
    try:
        return sent(asked, *act(asked, found))
    except SlipError as slip:
        return _page(asked, found, slip.text, slip.status)


def _try(asked: Asked, found: DetectionDetail) -> tuple[str, dict[str, object]]:
    days = asked.form.get("days", "7")
    if not (days.isascii() and days.isdigit() and 0 < int(days[:4]) <= _MOST_DAYS):
        raise SlipError(Text("It is tried over 1 to %(most)s days.", most=_MOST_DAYS))
    own = asked.form.get("sensitivity") == "own"
    # with values of one's own the others are at their default, with a sensitivity as it says
    usual = {p["name"]: p["default"] if own else p["value"] for p in found["params"]}
    given = {
        name.removeprefix(_PARAM): value.strip()[:_SHORT]
        for name, value in asked.form.items()
        if name.startswith(_PARAM) and value.strip()
    }
    params = {name: value for name, value in given.items() if usual.get(name) != value}
    sensitivity = "" if own else asked.form.get("sensitivity", "")
    return TRY, {
        "detection": found["id"], "days": int(days), "sensitivity": sensitivity, "params": params,
    }  # fmt: skip


def _save(asked: Asked, found: DetectionDetail) -> tuple[str, dict[str, object]]:
    tried = errands.look(asked.site.sources, asked.who.name, asked.form.get("tried", "")[:64])
    if tried is None or tried["kind"] != TRY or tried["asked"]["detection"] != found["id"]:
        raise SlipError(Text("Only what was tried is saved: try it first."))
    if tried["state"] not in ("done", "refused"):
        raise SlipError(Text("It is still being tried."))
    return SAVE, {
        "detection": found["id"], "who": asked.who.name, "reason": _reason(asked),
        "sensitivity": tried["asked"]["sensitivity"], "params": tried["asked"]["params"],
    }  # fmt: skip


def _switch(asked: Asked, found: DetectionDetail) -> tuple[str, dict[str, object]]:
    enabled = asked.form["action"] == "enable"
    if enabled != (found["state"] == "disabled"):
        raise SlipError(
            Text("It is switched on already.") if enabled else Text("It is switched off already.")
        )
    return SAVE, {
        "detection": found["id"], "who": asked.who.name, "reason": _reason(asked),
        "enabled": enabled,
    }  # fmt: skip


def _reason(asked: Asked) -> str:
    reason = asked.form.get("reason", "").strip()
    if not reason or len(reason) > _LONG:
        raise SlipError(Text("A change has a reason, of %(most)s signs at most.", most=_LONG))
    return reason


def _page(
    asked: Asked, found: DetectionDetail, fault: Text | None = None, status: int = 200
) -> Page:
    errand, shown = looked(asked, "detection", found["id"])
    values = {
        **shown,
        "detection": found,
        "fault": fault,
        "tried": errand["asked"] if errand is not None and errand["kind"] == TRY else None,
        "rows": _days(errand),
    }
    return Page("configuring.html", values, status)


def _days(errand: errands.Errand | None) -> list[dict[str, object]]:
    """Alerts by day before and after, with the widths of their bars."""
    answer = errand["answer"] if errand is not None else None
    if answer is None or not isinstance(rows := answer.get("days"), list):
        return []
    most = max((max(int(r["old"]), int(r["new"])) for r in rows), default=1) or 1
    return [
        {**r, "old_width": 200 * int(r["old"]) / most, "new_width": 200 * int(r["new"]) / most}
        for r in rows
    ]


def _found(asked: Asked) -> DetectionDetail:
    found = detections.one(asked.site.sources, asked.arguments["name"])
    if found is None:
        raise HTTPException(404, Text("there is no such detection"))
    return found


VIEWS: Final = (
    View("/detections/{name}/settings", settings, Permission.ADMINISTER),
    View("/detections/{name}/settings", change, Permission.ADMINISTER, ("POST",)),
)
