"""The application: every part brings its routes. Knows none of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.applications import Starlette

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.routing import BaseRoute


def application(*parts: Sequence[BaseRoute]) -> Starlette:
    """One ASGI application with the routes of all parts."""
    return Starlette(routes=[route for part in parts for route in part])
