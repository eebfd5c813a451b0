"""Close and exclude: which exclusions would have kept an alert away, what else each would have silenced.

To find and to prove them takes seconds, so the daemon does it beside its work and this page shows how
far it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.exceptions import HTTPException

from portal.access.roles import Permission
from portal.languages import Text
from portal.pages.errand import looked, sent
from portal.pages.view import Asked, Page, SlipError, View
from portal.reading import alerts

if TYPE_CHECKING:
    from starlette.responses import Response

    from portal.reading.alerts import AlertDetail

KIND: Final = "exclude"
_SHORT: Final = 200
_LONG: Final = 1_000


def exclusion(asked: Asked) -> Page:
    """Where an exclusion is looked for, chosen and signed."""
    return _page(asked, _found(asked))


def exclude(asked: Asked) -> Page | Response:
    """Look for exclusions, or put the chosen one in force."""
    found, form = _found(asked), asked.form
    choose = form.get("choose", "")
    arguments: dict[str, object] = {"alert": _number(asked), "who": asked.who.name}
    if choose.isascii() and choose.isdigit() and int(choose[:4]) > 0:
        arguments["choose"] = int(choose[:4])
    if form.get("action") == "apply":
        signed = {name: form.get(name, "").strip() for name in ("owner", "reason", "expires")}
        if not all(signed.values()):
            return _page(asked, found, Text("An exclusion has an owner, a reason and an end."), 400)
        if len(signed["owner"]) > _SHORT or len(signed["reason"]) > _LONG:
            return _page(asked, found, Text("The owner or the reason is too long."), 400)
        arguments |= {**signed, "apply": True}
    elif form.get("action") != "propose":
        raise HTTPException(400, Text("there is no such action"))
    try:
        return sent(asked, KIND, arguments)
    except SlipError as slip:
        return _page(asked, found, slip.text, slip.status)


def _page(asked: Asked, found: AlertDetail, fault: Text | None = None, status: int = 200) -> Page:
    _, shown = looked(asked, "alert", _number(asked))
    values = {
        **shown,
        "alert": found["alert"],
        "fault": fault,
        "form": {n: asked.form.get(n, "") for n in ("owner", "reason", "expires")},
    }
    return Page("exclusion.html", values, status)


def _number(asked: Asked) -> int:
    text = asked.arguments["number"]
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else -1


def _found(asked: Asked) -> AlertDetail:
    found = alerts.one(asked.site.sources, _number(asked))
    if found is None:
        raise HTTPException(404, Text("there is no such alert; it may have been deleted"))
    return found


VIEWS: Final = (
    View("/alerts/{number}/exclude", exclusion, Permission.DECIDE),
    View("/alerts/{number}/exclude", exclude, Permission.DECIDE, ("POST",)),
)
