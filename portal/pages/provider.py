"""Signing in through a provider of OpenID Connect: there, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse

from portal.access.oidc import BACK, Identity, OidcError
from portal.languages import Text
from portal.pages.rendering import render
from portal.pages.sign_in import entered
from portal.pages.view import Asked, View, go, home, with_flow
from portal.site import now

if TYPE_CHECKING:
    from starlette.responses import Response

    from portal.access.accounts import Account
    from portal.access.provider import Provider


def begin(asked: Asked) -> Response:
    """To the provider."""
    if asked.site.accounts.empty():
        return go("/setup")  # somebody gets in whatever becomes of the provider
    try:
        address, cookie = _provider(asked).begin(home(asked.query.get("to", "/")))
    except OidcError as error:
        return _refused(asked, "", error)
    return with_flow(RedirectResponse(address, 303), cookie)


def back(asked: Asked) -> Response:
    """From the provider: opens a session, or says why not."""
    try:
        who, to = _provider(asked).finish(asked.flow, asked.query)
    except OidcError as error:
        return with_flow(_refused(asked, "", error), "")
    if who.role is None:
        known = asked.site.outside.find(who.issuer, who.subject)
        if known is not None:
            asked.site.sessions.close_all(known.name)  # the groups were taken away
        unmapped = OidcError("roles", f"no group of {who.subject[:64]} has a role")
        return with_flow(_refused(asked, who.name, unmapped), "")
    # the cookie of the session is strict: a page of ours asks for what was wanted
    answer = HTMLResponse(render("again.html", {"to": to}, asked))
    return with_flow(entered(asked, _account(asked, who).name, answer), "")


def _account(asked: Asked, who: Identity) -> Account:
    assert who.role is not None  # noqa: S101 - looked at before
    site, stood = asked.site, asked.site.outside.find(who.issuer, who.subject)
    made = site.outside.enter(who.issuer, who.subject, who.name or who.subject, who.role, now())
    if stood is None or stood.role is not made.role:
        before = {} if stood is None else {"role": stood.role.value}
        action = "add" if stood is None else "role"
        site.audit(
            made.name, action, "account", made.name, before, {"role": made.role.value}, who.issuer
        )
    return made


def _refused(asked: Asked, name: str, error: OidcError) -> Response:
    if not error.idle:
        asked.site.audit(name[:64], "refused", "session", asked.address, note=str(error))
    return go(f"/sign-in?fault={error.why}")


def _provider(asked: Asked) -> Provider:
    if asked.site.provider is None:
        raise HTTPException(404, Text("people sign in with a password here"))
    return asked.site.provider


VIEWS: Final = (View("/sign-in/provider", begin, None), View(BACK, back, None))
