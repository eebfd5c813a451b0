"""Answers to what cannot be answered: problem details. Reference: RFC 9457."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final, TypedDict

import msgspec
from starlette.responses import Response

if TYPE_CHECKING:
    from collections.abc import Mapping

TYPE: Final = "application/problem+json"
HEADERS: Final = {"cache-control": "no-store", "x-content-type-options": "nosniff"}


class ProblemDetails(TypedDict):
    """`title` says what the status means, `detail` what was wrong, `errors` each single fault."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[dict[str, object]]


def answer(
    status: int,
    detail: str,
    errors: list[dict[str, object]] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A response."""
    body: ProblemDetails = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "errors": errors or [],
    }
    return Response(
        msgspec.json.encode(body), status, {**HEADERS, **(headers or {})}, media_type=TYPE
    )
