"""The API as one application: its resources behind the gate, and its description for everybody."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from portal.api import problems
from portal.api.endpoint import every
from portal.api.openapi import document

if TYPE_CHECKING:
    from starlette.requests import Request

    from portal.api.gate import Gate


def api(gate: Gate) -> Starlette:
    """To be mounted at `endpoint.BASE`."""
    routes = [gate.route(one) for resource in every() for one in resource.endpoints]
    described = Route("/openapi.json", _described, methods=["GET"])
    return Starlette(
        routes=[*routes, described],
        exception_handlers={HTTPException: _not_there},
    )


async def _described(_: Request) -> Response:
    """It says nothing of this installation: who writes a client needs no token for it."""
    return Response(_document(), headers=problems.HEADERS, media_type="application/json")


@cache
def _document() -> bytes:
    return msgspec.json.encode(document())


async def _not_there(_: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        return problems.answer(500, "this is a defect of atp")
    return problems.answer(error.status_code, error.detail, headers=error.headers)
