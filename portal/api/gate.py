"""The one way in: who asks, whether they may, what they ask; only then the endpoint's function runs.

Everything that is answered at the portal's site for programs is made into a route here, so nothing can be
reached for which no permission is declared. Functions run in a thread: they wait for databases.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Annotated, Any, Final, Protocol, get_args, get_origin

import msgspec
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from engine.cli import output
from engine.instance.registry import RegistryError
from engine.store.reads import BusyError, ReadError
from engine.web.body import read_body
from portal.access.roles import Permission, allows
from portal.api import problems
from portal.api.endpoint import Asked, Caller, Endpoint, File, Problem
from portal.api.failures import Failures
from portal.reading.paging import MarkError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.requests import Request

    from portal.access.tokens import Tokens
    from portal.reading.sources import Sources

MOST_BODY: Final = 1 << 20
_BEARER: Final = "bearer "
_CHALLENGE: Final = {"www-authenticate": 'Bearer realm="atp"'}


class Guarded(Protocol):
    """What is behind the gate."""

    permission: Permission

    async def __call__(self, request: Request) -> Response: ...


class Gate:
    """Before all endpoints. `failures`: tokens that opened nothing."""

    def __init__(self, sources: Sources, tokens: Tokens) -> None:
        self.failures = Failures()
        self._sources = sources
        self._tokens = tokens

    def route(self, endpoint: Endpoint[Any]) -> Route:
        """The route of an endpoint."""

        async def run(request: Request, caller: Caller) -> Response:
            query = _query(request, endpoint.query)
            body = await _body(request, endpoint.body)
            asked = Asked(self._sources, caller, dict(request.path_params), query, body)
            return _answer(await run_in_threadpool(endpoint.run, asked))

        return self.guarded(endpoint.path, endpoint.method, endpoint.permission, run)

    def guarded(
        self,
        path: str,
        method: str,
        permission: Permission,
        run: Callable[[Request, Caller], Any],
    ) -> Route:
        """A route that asks for a permission; `run` is a coroutine that gives the response."""

        async def enter(request: Request) -> Response:
            try:
                caller = await run_in_threadpool(self._caller, request, permission)
                response: Response = await run(request, caller)
            except _Locked as locked:
                wait = {"retry-after": str(int(locked.seconds) + 1)}
                return problems.answer(429, "too many tokens were none of ours", headers=wait)
            except Problem as problem:
                headers = _CHALLENGE if problem.status == 401 else None
                return problems.answer(problem.status, problem.detail, problem.errors, headers)
            except HTTPException as error:
                return problems.answer(error.status_code, error.detail)
            except MarkError as error:
                return problems.answer(400, str(error))
            except ReadError as error:
                busy = isinstance(error, BusyError)
                return problems.answer(503 if busy else 422, str(error))
            except (sqlite3.Error, RegistryError) as error:
                return problems.answer(503, f"a database does not answer: {error}")
            except Exception as error:  # noqa: BLE001 - the last place that can tell of it
                output.warn(f"a defect of atp, please report: {method} {path}: {error!r}")
                return problems.answer(500, "this is a defect of atp; its log says more")
            return response

        enter.permission = permission  # type: ignore[attr-defined]  # see `Guarded`
        return Route(path, enter, methods=[method])

    def _caller(self, request: Request, permission: Permission) -> Caller:
        said = request.headers.get("authorization", "")
        if not said:
            raise Problem(
                401, "send a token: `Authorization: Bearer atp_…`; see `atp tokens create`"
            )
        text = said[len(_BEARER) :].strip() if said.lower().startswith(_BEARER) else ""
        token = self._tokens.known_by(text, self._sources.clock())
        if token is None:
            address = request.client.host if request.client is not None else ""
            seconds = self.failures.failed(address)
            if seconds is not None:
                raise _Locked(seconds)
            raise Problem(401, "the token is none of ours, expired or revoked")
        if not allows(token.role, permission):
            raise Problem(403, f"a token with the role {token.role.value} may not do that")
        return Caller(f"token {token.name}", token.role)


class _Locked(Exception):  # noqa: N818 - no error of ours
    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds


def _query(request: Request, kind: type[msgspec.Struct]) -> msgspec.Struct:
    """Parameters of the query; of one that may be given again all values."""
    many = {f.encode_name for f in msgspec.structs.fields(kind) if _is_many(f.type)}
    given: dict[str, object] = {}
    for name in request.query_params:
        values = request.query_params.getlist(name)
        if name in many:
            given[name] = values
        elif len(values) == 1:
            given[name] = values[0]
        else:
            raise Problem(400, f"`{name}` is given more than once")
    return _converted(given, kind)


def _converted(given: Mapping[str, object], kind: type[msgspec.Struct]) -> msgspec.Struct:
    try:
        return msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        raise Problem(400, f"the query is not as described: {error}") from None


def _is_many(kind: object) -> bool:
    plain = get_args(kind)[0] if get_origin(kind) is Annotated else kind
    return get_origin(plain) is tuple


async def _body(request: Request, kind: type[msgspec.Struct] | None) -> object:
    if kind is None:
        return None
    try:
        return msgspec.json.decode(await read_body(request, MOST_BODY), type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Problem(400, f"the body is not as described: {error}") from None


def _answer(given: object) -> Response:
    if isinstance(given, File):
        return FileResponse(
            given.path,
            filename=given.name,
            media_type=given.media_type,
            headers=problems.HEADERS,
            background=BackgroundTask(given.path.unlink, missing_ok=True),
        )
    return Response(
        msgspec.json.encode(given), headers=problems.HEADERS, media_type="application/json"
    )
