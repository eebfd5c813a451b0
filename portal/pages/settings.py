"""What is configured and where that comes from; test messages and tokens are what can be done here."""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from starlette.exceptions import HTTPException

from engine.configuration.file import DEFAULT_PLACE
from engine.daemon.radius_clients import read_clients
from engine.daemon.sinks_file import tried
from portal.access.database import AccessError
from portal.access.roles import Permission, Role
from portal.access.tokens import TokenError, Tokens, beside
from portal.languages import Text
from portal.pages.view import Asked, Page, View
from portal.site import now

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from engine.configuration.file import Told

_PARTS: Final = (
    (Text("Directories"), ("directory", "sync")),
    (Text("VPN and places"), ("radius", "geolocation")),
    (Text("Backups"), ("backup",)),
    (Text("Everything else"), ("",)),
)
"""Options by the beginnings of their keys; the first part that fits has them."""
_DAY_US: Final = 86_400_000_000


def settings(asked: Asked) -> Page:
    """The page."""
    return _page(asked)


def send_test(asked: Asked) -> Page:
    """A test message to one sink."""
    name = asked.form.get("name", "")
    sink = next((s for s in asked.site.sources.installed.sinks if s.name == name), None)
    if sink is None:
        raise HTTPException(404, Text("there is no such sink"))
    why = tried(sink, asked.who.name, now())
    asked.site.audit(
        asked.who.name, "test", "sink", name, after={"delivered": not why}, note=why[:200]
    )
    if why:
        return _page(
            asked,
            fault=Text("%(sink)s did not take the test message: %(why)s", sink=name, why=why),
            status=409,
        )
    return _page(asked, done=Text("%(sink)s took the test message.", sink=name))


def tokens(asked: Asked) -> Page:
    """Create or revoke one."""
    form, who = asked.form, asked.who.name
    name, action = form.get("name", "").strip(), form.get("action", "")
    try:
        if action == "create":
            role, expires = Role(form.get("role", "")), _end(form.get("expires", ""))
            with _tokens(asked) as kept:
                made = kept.create(name, role, who, now(), expires)
            asked.site.audit(who, "create", "token", name, after={"role": role, "expires": expires})
            return _page(asked, token=made, name=name)
        if action != "revoke":
            raise HTTPException(400, Text("there is no such action"))
        with _tokens(asked) as kept:
            if kept.revoke(name, now()) is None:
                raise TokenError(Text("there is no such token"))
        asked.site.audit(who, "revoke", "token", name, after={"revoked": True})
    except ValueError as error:
        return _page(asked, fault=Text("That cannot be done: %(why)s.", why=error), status=409)
    return _page(asked, done=Text("The token %(name)s opens nothing any more.", name=name))


@contextmanager
def _tokens(asked: Asked) -> Iterator[Tokens]:
    try:
        with closing(Tokens(beside(asked.site.sources.database))) as kept:
            yield kept
    except (sqlite3.Error, OSError) as error:
        raise AccessError(Text("the tokens cannot be read: %(why)s", why=error)) from error


def _end(text: str) -> int | None:
    """The first moment of a day to come; None where none is given. Raises ValueError."""
    if not text:
        return None
    try:
        end = int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000
    except (ValueError, OverflowError):
        raise ValueError(Text("an end is a day, as 2030-01-31")) from None
    if end <= now():
        raise ValueError(Text("the end is past"))
    return end


def _page(
    asked: Asked,
    fault: str = "",
    done: str = "",
    token: str = "",
    name: str = "",
    status: int = 200,
) -> Page:
    installed = asked.site.sources.installed
    with _tokens(asked) as kept:
        every = kept.tokens()
    values = {
        "parts": _parts(installed.options), "file": installed.file, "usual_file": DEFAULT_PLACE,
        "sinks": installed.sinks, "sinks_file": _value(installed.options, "sinks"),
        "counts": {c.name: c for c in asked.site.sources.status().sinks},
        "kept": _kept(installed.kept), "clients": _clients(installed.options),
        "tokens": every, "now": now(), "roles": [r.value for r in Role], "token": token, "name": name,
        "people": [(r.value, sum(a.role is r for a in asked.site.accounts.all())) for r in Role],
        "fault": fault, "done": done,
    }  # fmt: skip
    return Page("settings.html", values, status)


def _parts(options: Sequence[Told]) -> list[tuple[str, list[dict[str, object]]]]:
    """Those that are set come first."""
    found: dict[str, list[dict[str, object]]] = {title: [] for title, _ in _PARTS}
    for one in sorted(options, key=lambda o: (o.value in (None, [], ""), o.key)):
        title = next(t for t, begins in _PARTS if one.key.startswith(begins))
        values = one.value if isinstance(one.value, list) else [one.value]
        found[title].append({
            "key": one.key, "origin": one.origin, "help": one.help,
            "values": [str(v).lower() if isinstance(v, bool) else str(v) for v in values if v not in (None, "")],
        })  # fmt: skip
    return [(title, rows) for title, rows in found.items() if rows]


def _value(options: Sequence[Told], key: str) -> str | None:
    found = next((o.value for o in options if o.key == key), None)
    return None if found is None else str(found)


def _kept(kept: Mapping[str, int]) -> list[tuple[int, list[str]]]:
    """Event types by the days that they are kept, shortest first."""
    by: dict[int, list[str]] = {}
    for name, length in sorted(kept.items()):
        by.setdefault(length // _DAY_US, []).append(name)
    return sorted(by.items())


def _clients(options: Sequence[Told]) -> list[str]:
    """Networks of the VPN servers that may tell of sessions; none of their secrets."""
    path = _value(options, "radius-clients")
    found = None if path is None else read_clients(Path(path))[0]
    return [] if found is None else found.networks


VIEWS: Final = (
    View("/settings", settings, Permission.ADMINISTER),
    View("/settings/sinks", send_test, Permission.ADMINISTER, ("POST",)),
    View("/settings/tokens", tokens, Permission.ADMINISTER, ("POST",)),
)
