"""Server-sent events: pages are told that alerts changed, and ask for what they show anew.

What changed is not sent: who listens may see other alerts than who does not. A stream ends when its
session does. Reference: WHATWG HTML, server-sent events.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from portal.access.requests import from_elsewhere
from portal.access.roles import Permission, allows
from portal.pages.view import COOKIE
from portal.site import now

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from starlette.requests import Request

    from portal.site import Site

NEEDS: Final = Permission.READ
_LOOK_S: Final = 1.0
_BREATH: Final = 15
"""Looks between two signs of life, by which a broken way is noticed."""
_MOST: Final = 200
"""Streams at a time."""


def live(site: Site) -> Callable[[Request], Awaitable[Response]]:
    """What answers `/live`."""
    streams: set[object] = set()
    seen = _Seen(site)

    async def answer(request: Request) -> Response:
        token = request.cookies.get(COOKIE, "")
        person = await run_in_threadpool(site.sessions.person, token, now())
        if person is None or not allows(person.role, NEEDS):
            return Response(status_code=403)
        if from_elsewhere(request.method, request.headers):
            return Response(status_code=403)
        if len(streams) >= _MOST:
            return Response(status_code=503, headers={"Retry-After": "30"})

        async def stream() -> AsyncIterator[str]:
            mine = object()
            streams.add(mine)
            try:
                known = await seen.state()
                yield f"retry: 2000\n\nevent: hello\ndata: {known}\n\n"
                looks = 0
                while not await request.is_disconnected():
                    await asyncio.sleep(_LOOK_S)
                    looks += 1
                    found = await seen.state()
                    if found != known:
                        known = found
                        yield f"event: alerts\ndata: {known}\n\n"
                    if looks % _BREATH == 0:
                        if await run_in_threadpool(site.sessions.person, token, now()) is None:
                            return
                        yield ": still here\n\n"
            finally:
                streams.discard(mine)

        return StreamingResponse(stream(), media_type="text/event-stream")

    return answer


class _Seen:
    """How far the desk is; asked once for all streams."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._at = 0.0
        self._state = ""
        self._lock = asyncio.Lock()

    async def state(self) -> str:
        """Another text, after alerts or decisions changed."""
        async with self._lock:
            moment = asyncio.get_running_loop().time()
            if moment - self._at >= _LOOK_S / 2:
                self._state = await run_in_threadpool(self._look)
                self._at = moment
        return self._state

    def _look(self) -> str:
        with self._site.sources.desk() as desk:
            return f"{desk.value('through') or 0}.{desk.latest()}"
