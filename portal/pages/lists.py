"""Lists and exclusions: entries with owner, reason and end; who may decide adds and takes out one's own."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from starlette.exceptions import HTTPException

from engine.tuning.candidates import Entry, Roles
from engine.tuning.writing import Signed
from portal.access.roles import Permission
from portal.languages import Text
from portal.pages.view import Asked, Page, SlipError, View, go
from portal.reading import lists as reading
from portal.site import now

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.responses import Response

    from engine.tuning.own_lists import OwnLists
    from portal.reading.lists import ListLine

_LONG: Final = 1_024
_SHORT: Final = 200
_ENTRIES: Final = 10_000
"""Of one list: the whole list is written for each change."""
_FIELDS: Final = ("value", "role", "owner", "reason", "expires")
_PATIENCE_S: Final = 3.0


def every(asked: Asked) -> Page:
    """All of them, those with entries first."""
    text = asked.query.get("q", "").strip().lower()[:_SHORT]
    found = [one for one in reading.listed(asked.site.sources) if _fits(one, text)]
    known = {one["name"] for one in found}
    rules = asked.site.sources.status().rules
    more = sorted((r.envelope.title, n) for n, r in rules.items() if n not in known)
    values = {
        "full": [one for one in found if one["entries"]],
        "empty": [one for one in found if not one["entries"]],
        "text": text, "without": more,
    }  # fmt: skip
    return Page("lists.html", values)


def one(asked: Asked) -> Page:
    """One, with what may be done to it."""
    return _page(asked, _found(asked))


def change(asked: Asked) -> Page | Response:
    """Add an entry or take one out; in force at the engine's next step."""
    found, form = _found(asked), asked.form
    act = _ACTS.get(form.get("action", ""))
    own = asked.site.sources.installed.lists
    if act is None:
        raise HTTPException(400, Text("there is no such action"))
    if own is None or own.folder is None:
        return _page(
            asked, found, Text("Nothing can be written: atp-run has no folder of own lists."), 409
        )
    before = asked.site.sources.status().in_force
    try:
        value = act(asked, own, found)
    except SlipError as slip:
        return _page(asked, found, slip.text, 409)
    except ValueError as error:
        return _page(asked, found, Text("That cannot be done: %(why)s.", why=error), 409)
    except OSError as error:
        why = f"{error.strerror or error}: {error.filename or own.folder}"
        fault = Text(
            "It could not be written, %(why)s; the user of atp-run must be able to write there.",
            why=why,
        )
        return _page(asked, found, fault, 409)
    asked.site.audit(
        asked.who.name, form["action"], "list", found["name"],
        *(({}, value) if form["action"] == "add" else (value, {})), note=value["reason"],
    )  # fmt: skip
    _wait(lambda: asked.site.sources.status().in_force is not before)
    return go(f"/lists/{found['name']}")


def _add(asked: Asked, own: OwnLists, found: ListLine) -> dict[str, str]:
    form = asked.form
    value, role = form.get("value", "").strip(), form.get("role", "")
    owner, reason = form.get("owner", "").strip(), form.get("reason", "").strip()
    if not value or not owner or not reason:
        raise SlipError(Text("An entry has a value, an owner and a reason."))
    if len(value) > _LONG or len(owner) > _SHORT or len(reason) > _LONG:
        raise SlipError(
            Text(
                "A value and a reason have %(long)s signs at most, an owner %(short)s.",
                long=_LONG,
                short=_SHORT,
            )
        )
    if len(found["entries"]) >= _ENTRIES:
        raise SlipError(Text("The list has %(most)s entries, which is the most.", most=_ENTRIES))
    if role and role not in _roles(asked, found):
        raise SlipError(Text("Its alerts have no role %(role)s.", role=role[:_SHORT]))
    entry = Entry(roles=((role, value),)) if role else Entry(value=value)
    signed = Signed.of(owner, reason, form.get("expires", ""), now())
    own.add(found["name"], found["kind"], found["description"], entry, signed)
    said = {"value": f"{role}={value}" if role else value, "owner": owner, "reason": reason}
    return {**said, "expires": signed.day.isoformat()}


def _remove(asked: Asked, own: OwnLists, found: ListLine) -> dict[str, str]:
    gone = own.remove(found["name"], asked.form.get("value", ""))
    said = {"value": gone.value, "owner": gone.owner, "reason": gone.reason}
    if gone.expires is None:
        return said
    day = datetime.fromtimestamp(gone.expires / 1_000_000, UTC).date()
    return {**said, "expires": day.isoformat()}


_ACTS: Final[dict[str, Callable[[Asked, OwnLists, ListLine], dict[str, str]]]] = {
    "add": _add, "remove": _remove,
}  # fmt: skip


def _page(asked: Asked, found: ListLine, fault: Text | None = None, status: int = 200) -> Page:
    own = asked.site.sources.installed.lists
    mine = own.files().get(found["name"]) if own is not None else None
    values = {
        "list": found, "fault": fault, "roles": _roles(asked, found),
        "own": set() if mine is None else {e.value for e in mine.entries},
        "writable": own is not None and own.folder is not None,
        "form": {n: asked.form.get(n, "") if fault else "" for n in _FIELDS},
        "tomorrow": datetime.fromtimestamp(now() / 1_000_000 + 86_400, UTC).date().isoformat(),
    }  # fmt: skip
    return Page("list.html", values, status)


def _found(asked: Asked) -> ListLine:
    """A list; the exclusions of a detection are one also before the first."""
    name, status = asked.arguments["name"], asked.site.sources.status()
    for listed in reading.listed(asked.site.sources):
        if listed["name"] == name:
            return listed
    if name not in status.rules:
        raise HTTPException(404, Text("there is no such list"))
    return {
        "name": name, "kind": "text", "description": f"What `{name}` need not tell.", "file": "",
        "excludes": True, "used_by": [name], "entries": [],
    }  # fmt: skip


def _roles(asked: Asked, found: ListLine) -> list[str]:
    """Roles of the alerts that a list excludes."""
    rule = asked.site.sources.status().rules.get(found["name"])
    return [] if rule is None else Roles(rule.plan).usable


def _fits(found: ListLine, text: str) -> bool:
    held = (f"{e['value']} {e['owner']} {e['reason']}" for e in found["entries"])
    return text in " ".join([found["name"], found["description"], *held]).lower()


def _wait(done: Callable[[], bool]) -> None:
    """A little, so that the page shows what was changed; it is in force soon in any case."""
    end = time.monotonic() + _PATIENCE_S
    while not done() and time.monotonic() < end:
        time.sleep(0.05)


VIEWS: Final = (
    View("/lists", every, Permission.READ),
    View("/lists/{name}", one, Permission.READ),
    View("/lists/{name}", change, Permission.DECIDE, ("POST",)),
)
