"""What people do with their own account: password, second factor, sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.exceptions import HTTPException

from portal.access.accounts import code_fits, new_secret
from portal.access.database import AccessError
from portal.access.roles import Permission
from portal.languages import Text, languages
from portal.pages.view import Asked, Page, View, go, with_cookie
from portal.site import now

if TYPE_CHECKING:
    from starlette.responses import Response


def account(asked: Asked) -> Page:
    """The page."""
    return _page(asked)


def password(asked: Asked) -> Page | Response:
    """Another password; the person signs in again with it."""
    accounts, person, form = asked.site.accounts, asked.who, asked.form
    if not accounts.knows(person.name, form.get("old", ""), now()):
        return _page(asked, fault=Text("That is not the password you have."))
    try:
        accounts.set_password(person.name, form.get("new", ""))
    except AccessError as error:
        return _page(asked, fault=error.text)
    asked.site.audit(person.name, "password", "account", person.name)
    return with_cookie(go("/sign-in"), "")


def language(asked: Asked) -> Response:
    """The language of the person's pages."""
    wanted = asked.form.get("language", "")
    if wanted and wanted not in languages():
        raise HTTPException(400, Text("there is no such language"))
    asked.site.accounts.set_language(asked.who.name, wanted)
    asked.site.audit(
        asked.who.name, "language", "account", asked.who.name,
        {"language": asked.who.language}, {"language": wanted},
    )  # fmt: skip
    return go("/account")


def everywhere(asked: Asked) -> Response:
    """All sessions are over."""
    asked.site.sessions.close_all(asked.who.name)
    asked.site.audit(asked.who.name, "sign_out", "session", "everywhere")
    return with_cookie(go("/sign-in"), "")


def second_factor(asked: Asked) -> Page:
    """Codes of this secret are asked for from now on."""
    secret, name = asked.form.get("secret", ""), asked.who.name
    if len(secret) != len(new_secret()) or not code_fits(secret, asked.form.get("code", ""), now()):
        return _page(asked, fault=Text("That code does not fit; is the clock of the phone right?"))
    asked.site.accounts.set_second_factor(name, secret)
    asked.site.audit(name, "second_factor", "account", name, after={"second_factor": True})
    return _page(asked, done=Text("A code is asked for from now on."))


def no_second_factor(asked: Asked) -> Page:
    """No code is asked for any more."""
    name = asked.who.name
    if not asked.site.accounts.knows(name, asked.form.get("password", ""), now()):
        return _page(asked, fault=Text("That is not your password."))
    asked.site.accounts.set_second_factor(name, None)
    asked.site.audit(name, "second_factor", "account", name, after={"second_factor": False})
    return _page(asked, done=Text("No code is asked for any more."))


def _page(asked: Asked, fault: str = "", done: str = "") -> Page:
    name = asked.who.name
    values = {
        "account": asked.site.accounts.find(name),
        "sessions": asked.site.sessions.of(name, now()),
        "secret": new_secret(),
        "fault": fault,
        "done": done,
    }
    return Page("account.html", values, 400 if fault else 200)


VIEWS: Final = (
    View("/account", account, Permission.READ),
    View("/account/password", password, Permission.READ, ("POST",)),
    View("/account/language", language, Permission.READ, ("POST",)),
    View("/account/sign-out-everywhere", everywhere, Permission.READ, ("POST",)),
    View("/account/second-factor", second_factor, Permission.READ, ("POST",)),
    View("/account/second-factor/off", no_second_factor, Permission.READ, ("POST",)),
)
