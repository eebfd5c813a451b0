"""A view: a function of what is asked to a page, and what one must be allowed to ask it.

`View` is the one road to a route: it looks where a request comes from, who asks, whether they may, and
whether what changes something carries the session's token. A view runs in a thread, may wait, and
knows nothing of HTTP but what `Asked` holds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, quote

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from engine.instance.registry import RegistryError
from engine.store.reads import ReadError
from engine.web.body import read_body
from portal.access.database import AccessError
from portal.access.requests import SAFE, followed_from_elsewhere, from_elsewhere, token_fits
from portal.access.roles import Permission, allows
from portal.languages import USUAL, Text, chosen
from portal.pages.rendering import render
from portal.reading.paging import MarkError
from portal.site import now

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from starlette.requests import Request

    from portal.access.sessions import Person
    from portal.site import Site

COOKIE: Final = "__Host-atp"
SIGN_IN: Final = "/sign-in"
SIGN_OUT: Final = "/sign-out"
FLOW: Final = "__Host-atp-sign-in"
"""Of a sign-in through a provider while it is under way: lax, as people come back from another site."""
ACCOUNT: Final = "/account"
"""Where one whose password was given by somebody else may go before it is changed."""
_MOST: Final = 64 << 10
"""Bytes of a form."""
_FIELDS: Final = 200


@dataclass(frozen=True)
class Asked:
    """A request as views see it. `query` and `form`: the last value of each name; `every`: all
    values of a name of the query; `partial`: only a part of the page is replaced; `flow`: the cookie
    of a sign-in through a provider.
    """

    site: Site
    person: Person | None
    method: str
    path: str
    address: str
    agent: str
    arguments: Mapping[str, str]
    query: Mapping[str, str]
    form: Mapping[str, str]
    every: Mapping[str, list[str]] = field(default_factory=dict)
    partial: bool = False
    flow: str = ""
    language: str = USUAL

    @property
    def who(self) -> Person:
        """Who asks. Only for views that ask a permission."""
        assert self.person is not None  # noqa: S101 - the guard let them in
        return self.person


@dataclass(frozen=True)
class Page:
    """A template and its values."""

    template: str
    values: Mapping[str, object]
    status: int = 200


class SlipError(Exception):
    """What was asked cannot be done; `text` says why, on the page that it was asked from."""

    def __init__(self, text: Text, status: int = 400) -> None:
        super().__init__(text)
        self.text = text
        self.status = status


@dataclass(frozen=True)
class View:
    """A path, its function, and the permission that it takes; None: anybody."""

    path: str
    function: Callable[[Asked], Page | Response]
    needs: Permission | None
    methods: tuple[str, ...] = ("GET",)

    def route(self, site: Site) -> Route:
        """What answers it."""

        async def answer(request: Request) -> Response:
            return await answered(site, self, request)

        return Route(self.path, answer, methods=list(self.methods), name=self.function.__name__)


async def answered(site: Site, view: View, request: Request) -> Response:
    """The answer to a request, or why there is none."""
    headers = request.headers
    if from_elsewhere(request.method, headers):
        raise HTTPException(403, Text("this was asked by another site"))
    person = await run_in_threadpool(site.sessions.person, request.cookies.get(COOKIE, ""), now())
    own = "" if person is None else person.language
    request.state.language = chosen(own, headers.get("accept-language", ""))
    form: dict[str, str] = {}
    if request.method not in SAFE:
        body = await read_body(request, _MOST)
        form = _fields(body.decode("utf-8", "replace"))
    if view.needs is not None:
        if person is None:
            return _to_sign_in(request)
        if person.must_change and not request.url.path.startswith((ACCOUNT, SIGN_OUT)):
            return _elsewhere(request, ACCOUNT)
        if not allows(person.role, view.needs):
            raise HTTPException(403, Text("your role does not allow this"))
        shown = form.pop("csrf", "") or headers.get("x-csrf-token", "")
        if request.method not in SAFE and not token_fits(person.csrf, shown):
            raise HTTPException(403, Text("this page is too old; load it again"))
    every = parse_qs(request.url.query, keep_blank_values=True, max_num_fields=_FIELDS)
    asked = Asked(
        site=site,
        person=person,
        method=request.method,
        path=request.url.path,
        address=request.client.host if request.client is not None else "",
        agent=headers.get("user-agent", ""),
        arguments={k: str(v) for k, v in request.path_params.items()},
        query={k: v[-1] for k, v in every.items()},
        form=form,
        every=every,
        partial="hx-request" in headers and "hx-boosted" not in headers,
        flow=request.cookies.get(FLOW, ""),
        language=request.state.language,
    )
    return await run_in_threadpool(_run, view, asked)


def go(path: str) -> Response:
    """Another page, after something was done."""
    return RedirectResponse(path, 303)


def home(wanted: str) -> str:
    """A path of ours that was asked for, whatever else was."""
    ours = wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and wanted.isprintable()
    return wanted if ours else "/"


def with_cookie(response: Response, token: str) -> Response:
    """A response that opens a session in the browser; `token` "" ends it there."""
    response.set_cookie(
        COOKIE, token, max_age=None if token else 0, path="/", secure=True, httponly=True,
        samesite="strict",
    )  # fmt: skip
    return response


def with_flow(response: Response, cookie: str) -> Response:
    """A response that begins a sign-in through a provider in the browser; "" ends it there."""
    response.set_cookie(
        FLOW, cookie, max_age=600 if cookie else 0, path="/", secure=True, httponly=True,
        samesite="lax",
    )  # fmt: skip
    return response


def _run(view: View, asked: Asked) -> Response:
    try:
        given = view.function(asked)
    except MarkError as error:
        raise HTTPException(400, str(error)) from error
    except (ReadError, RegistryError, AccessError) as error:
        raise HTTPException(503, str(error)) from error
    if isinstance(given, Page):
        return HTMLResponse(render(given.template, given.values, asked), given.status)
    return given


def _to_sign_in(request: Request) -> Response:
    if request.method in SAFE and followed_from_elsewhere(request.headers):
        # a link in a mail: the browser kept the strict cookie back; asked again by us, it sends it
        language = request.state.language
        return HTMLResponse(render("again.html", {"to": _address(request)}, None, language))
    if request.method not in SAFE:
        return _elsewhere(request, SIGN_IN)
    return _elsewhere(request, f"{SIGN_IN}?to={quote(_address(request), safe='')}")


def _elsewhere(request: Request, path: str) -> Response:
    if "hx-request" in request.headers:
        return Response(status_code=204, headers={"HX-Redirect": path})
    return go(path)


def _address(request: Request) -> str:
    query = f"?{request.url.query}" if request.url.query else ""
    return request.url.path + query


def _fields(body: str) -> dict[str, str]:
    try:
        every = parse_qs(body, keep_blank_values=True, max_num_fields=_FIELDS)
    except ValueError:
        raise HTTPException(413, Text("too many fields")) from None
    return {name: values[-1] for name, values in every.items()}


def routes(site: Site, views: Sequence[View]) -> list[Route]:
    """Of all views."""
    return [view.route(site) for view in views]
