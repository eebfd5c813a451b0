"""The accounts of the portal: who may sign in, and as what."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

from starlette.exceptions import HTTPException

from portal.access.database import AccessError
from portal.access.roles import Permission, Role
from portal.languages import Text
from portal.pages.view import Asked, Page, View, go
from portal.site import now

if TYPE_CHECKING:
    from starlette.responses import Response


def people(asked: Asked) -> Page:
    """The page."""
    return _page(asked)


def change(asked: Asked) -> Page | Response:
    """Add, give another role or password, take a second factor off, sign out, remove."""
    form, name = asked.form, asked.form.get("name", "").strip().lower()
    act = _ACTS.get(form.get("action", ""))
    if act is None:
        raise HTTPException(400, Text("there is no such action"))
    before = asked.site.accounts.find(name)
    try:
        made = act(asked, name)
    except AccessError as error:
        return _page(asked, fault=error.text)
    except ValueError as error:
        return _page(asked, fault=str(error))
    after = asked.site.accounts.find(name)
    asked.site.audit(
        asked.who.name, form["action"], "account", name,
        {} if before is None else {"role": before.role.value},
        {} if after is None else {"role": after.role.value},
    )  # fmt: skip
    return _page(asked, name=name, password=made) if made else go("/people")


def _add(asked: Asked, name: str) -> str:
    password = secrets.token_urlsafe(12)
    role = Role(asked.form.get("role", ""))
    asked.site.accounts.add(name, role, password, now(), must_change=True)
    return password


def _reset(asked: Asked, name: str) -> str:
    password = secrets.token_urlsafe(12)
    asked.site.accounts.set_password(name, password, must_change=True)
    asked.site.accounts.set_second_factor(name, None)
    return password


def _role(asked: Asked, name: str) -> str:
    asked.site.accounts.set_role(name, Role(asked.form.get("role", "")))
    return ""


def _sign_out(asked: Asked, name: str) -> str:
    asked.site.sessions.close_all(name)
    return ""


def _remove(asked: Asked, name: str) -> str:
    if name == asked.who.name:
        raise AccessError(Text("nobody removes their own account"))
    asked.site.accounts.remove(name)
    return ""


_ACTS: Final = {
    "add": _add, "reset": _reset, "role": _role, "sign_out": _sign_out, "remove": _remove,
}  # fmt: skip


def _page(asked: Asked, name: str = "", password: str = "", fault: str = "") -> Page:
    values = {
        "accounts": asked.site.accounts.all(), "roles": [r.value for r in Role], "name": name,
        "password": password, "fault": fault, "now": now(),
    }  # fmt: skip
    return Page("people.html", values, 409 if fault else 200)


VIEWS: Final = (
    View("/people", people, Permission.ADMINISTER),
    View("/people", change, Permission.ADMINISTER, ("POST",)),
)
