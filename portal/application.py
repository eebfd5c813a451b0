"""The portal as one ASGI application: the pages, the files they load, and what every answer says.

The content security policy allows nothing but what lies here: no inline script or style, no other
host, no frame. Knows no engine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from portal.languages import Text, chosen
from portal.live import live
from portal.pages import views
from portal.pages.rendering import STATIC, render
from portal.pages.view import routes

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from portal.site import Site

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
_HEADERS: Final = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), usb=()"),
)
_YEAR: Final = b"private, max-age=31536000, immutable"


def application(site: Site) -> Starlette:
    """Everything that the portal answers."""
    return Starlette(
        routes=[
            *routes(site, views()),
            Route("/live", live(site)),
            Mount("/static", StaticFiles(directory=STATIC)),
        ],
        middleware=[Middleware(_Said)],
        exception_handlers={HTTPException: _refused, Exception: _failed},
    )


class _Said:
    """Adds what every answer says."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        named = scope["path"].startswith("/static/") and scope.get("query_string")

        async def saying(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [h for h in message["headers"] if h[0] != b"cache-control"]
                kept = _YEAR if named and message["status"] == 200 else b"no-store"
                message["headers"] = [*headers, *_HEADERS, (b"cache-control", kept)]
            await send(message)

        await self._app(scope, receive, saying)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - asked for these only
    values = {"status": error.status_code, "why": error.detail}
    return HTMLResponse(render("refused.html", values, None, _language(request)), error.status_code)


async def _failed(request: Request, _: Exception) -> Response:
    values = {"status": 500, "why": Text("the engine could not answer this; its log says why")}
    return HTMLResponse(render("refused.html", values, None, _language(request)), 500)


def _language(request: Request) -> str:
    """Of who asked, where that was found out before it went wrong; else of their browser."""
    wished = request.headers.get("accept-language", "")
    return str(getattr(request.state, "language", "")) or chosen("", wished)
