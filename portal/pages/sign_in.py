"""Signing in and out, and the first steps: the first administrator of a new instance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from portal.access.accounts import Refused
from portal.access.database import AccessError
from portal.access.roles import Permission
from portal.languages import Text
from portal.pages.view import Asked, Page, View, go, home, with_cookie
from portal.site import now

if TYPE_CHECKING:
    from starlette.responses import Response

_WHY: Final = {
    "password": Text("This name and password do not belong together."),
    "locked": Text("Too many wrong passwords: this account is locked for some minutes."),
    "code": Text("The code is missing, wrong, or was used already."),
    "state": Text("This sign-in was begun in another browser or too long ago. Try again."),
    "provider": Text(
        "The provider did not answer as it should. Try again, or use a local account."
    ),
    "token": Text("What the provider said of you could not be verified. The audit log says why."),
    "roles": Text("You are in no group that may use this portal. Ask who runs it."),
}


def sign_in(asked: Asked) -> Page | Response:
    """The form; where there is no account yet, the first steps."""
    if asked.site.accounts.empty():
        return go("/setup")
    if asked.person is not None:
        return go(home(asked.query.get("to", "/")))
    return _form(asked, asked.query.get("to", "/"), "", _WHY.get(asked.query.get("fault", ""), ""))


def signing_in(asked: Asked) -> Page | Response:
    """Opens a session, or says why not."""
    name, form = asked.form.get("name", "").strip(), asked.form
    found = asked.site.accounts.sign_in(name, form.get("password", ""), form.get("code", ""), now())
    if isinstance(found, Refused):
        asked.site.audit(name[:64], "refused", "session", asked.address, note=found.why)
        return _form(asked, form.get("to", "/"), name, _WHY[found.why], 403)
    return entered(asked, found.name, go(home(form.get("to", "/"))))


def sign_out(asked: Asked) -> Response:
    """Ends the session."""
    person = asked.who
    asked.site.sessions.close(person.session, person.name)
    asked.site.audit(person.name, "sign_out", "session", asked.address)
    return with_cookie(go("/sign-in"), "")


def setup(asked: Asked) -> Page | Response:
    """The form of the first steps."""
    if not asked.site.accounts.empty():
        return go("/sign-in")
    return Page("setup.html", {"fault": "", "code": asked.query.get("code", ""), "name": ""})


def setting_up(asked: Asked) -> Page | Response:
    """Makes the first administrator, who is signed in then."""
    form = asked.form
    try:
        made = asked.site.accounts.first(
            form.get("code", ""), form.get("name", ""), form.get("password", ""), now()
        )
    except AccessError as error:
        asked.site.audit(form.get("name", "")[:64], "refused", "setup", asked.address)
        values = {"fault": error.text, "code": form.get("code", ""), "name": form.get("name", "")}
        return Page("setup.html", values, 403)
    asked.site.audit(made.name, "add", "account", made.name, after={"role": made.role.value})
    return entered(asked, made.name, go("/"))


def entered(asked: Asked, name: str, answer: Response) -> Response:
    """An answer that opens a session of an account in the browser."""
    if asked.person is not None:
        asked.site.sessions.close(asked.person.session, asked.person.name)
    token = asked.site.sessions.open(name, asked.address, asked.agent, now())
    asked.site.audit(name, "sign_in", "session", asked.address)
    return with_cookie(answer, token)


def _form(asked: Asked, to: str, name: str, fault: str, status: int = 200) -> Page:
    provider = asked.site.provider
    values = {
        "to": home(to), "name": name, "fault": fault,
        "provider": "" if provider is None else provider.settings.label,
    }  # fmt: skip
    return Page("sign_in.html", values, status)


VIEWS: Final = (
    View("/sign-in", sign_in, None),
    View("/sign-in", signing_in, None, ("POST",)),
    View("/sign-out", sign_out, Permission.READ, ("POST",)),
    View("/setup", setup, None),
    View("/setup", setting_up, None, ("POST",)),
)
