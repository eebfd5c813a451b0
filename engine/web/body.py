"""The body of a request, never larger and never slower than allowed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from starlette.exceptions import HTTPException

if TYPE_CHECKING:
    from starlette.requests import Request

_TIMEOUT_S: Final = 60.0
_TOO_LARGE: Final = 413
_TOO_SLOW: Final = 408


async def read_body(request: Request, most: int) -> bytes:
    """The whole body. Raises HTTPException where it has more bytes, or does not come."""
    said = request.headers.get("content-length", "0")
    if said.isdigit() and int(said) > most:
        raise HTTPException(_TOO_LARGE)
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            async for part in request.stream():
                size += len(part)
                if size > most:
                    raise HTTPException(_TOO_LARGE)
                parts.append(part)
    except TimeoutError:
        raise HTTPException(_TOO_SLOW) from None
    return b"".join(parts)
