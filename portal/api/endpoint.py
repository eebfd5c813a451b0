"""What a resource declares of each of its endpoints, and what its function is given. Knows no HTTP.

A module of `resources` has `ENDPOINTS`.
"""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, NamedTuple, TypeVar

import msgspec

from portal.api import resources

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from portal.access.roles import Permission, Role
    from portal.reading.sources import Sources

BASE: Final = "/api/v1"
_Q = TypeVar("_Q", bound=msgspec.Struct)


class Problem(Exception):  # noqa: N818 - the name of RFC 9457
    """Why a request is not answered as it was asked; `detail` for people, `errors`: the single faults."""

    def __init__(
        self, status: int, detail: str, errors: list[dict[str, object]] | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = errors or []


class Nothing(msgspec.Struct, forbid_unknown_fields=True):
    """No parameters."""


class Caller(NamedTuple):
    """Who asks: `name` for the audit log."""

    name: str
    role: Role


class File(NamedTuple):
    """An answer that is a file, which is deleted when it was sent."""

    path: Path
    name: str
    media_type: str


@dataclass(frozen=True, slots=True)
class Asked(Generic[_Q]):
    """A request that may be answered. `named`: the parts of the path by name; `query`, `body`: as declared."""

    sources: Sources
    caller: Caller
    named: dict[str, object]
    query: _Q
    body: Any = None


@dataclass(frozen=True, slots=True)
class Endpoint(Generic[_Q]):
    """`path` is below `BASE`, parameters as Starlette writes them: `{number:int}`. `run` is called in a thread
    of its own and may raise Problem; `answer`: the type of what it gives, or `File`; `body`: of what it is
    sent. `others`: the statuses beside 200 that it may have, with what they mean, where not all have them.
    """

    method: Literal["GET", "POST"]
    path: str
    permission: Permission
    summary: str
    run: Callable[[Asked[_Q]], object]
    answer: object
    query: type[_Q] = Nothing  # type: ignore[assignment]  # what has none asks for Any
    body: type[msgspec.Struct] | None = None
    others: tuple[tuple[int, str], ...] = ()


class Resource(NamedTuple):
    """A module of `resources`: its name and endpoints."""

    name: str
    meaning: str
    endpoints: tuple[Endpoint[Any], ...]


def every() -> list[Resource]:
    """All resources, by name."""
    found = []
    for info in sorted(pkgutil.iter_modules(resources.__path__), key=lambda i: i.name):
        module = importlib.import_module(f"{resources.__name__}.{info.name}")
        meaning = (module.__doc__ or "").strip().splitlines()[0]
        found.append(Resource(info.name, meaning, tuple(module.ENDPOINTS)))
    return found
