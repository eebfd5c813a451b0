"""Work on a database that needs its owner: one module a kind, found by folder scan.

A module has `begin(place, arguments)`, called by the thread that owns the store, between two ticks, so that
all files beside the database agree; it gives the rest of the work, which takes its time in another thread and
returns the answer; where it has a `stop`, that ends it early. The daemon does it when it is asked at the desk, a command where no daemon runs.
"""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, cast, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from engine.store import Store

    Work = Callable[[], bytes]
    Begin = Callable[["Place", Mapping[str, object]], Work]


@runtime_checkable
class Stoppable(Protocol):
    """Work that can be ended early, from another thread."""

    def stop(self) -> None:
        """It raises soon."""


class RefusedError(Exception):
    """It cannot be done; says why, for people."""


@dataclass(frozen=True)
class Place:
    """Where the work is done. `path`: of the database, beside which the other files lie; `instance`: the
    folder of the engine's instance, if it has one; `now`: microseconds since 1970.
    """

    store: Store
    path: Path
    instance: Path | None
    now: int


def kinds() -> list[str]:
    """Everything that can be asked for."""
    return sorted(info.name for info in pkgutil.iter_modules(__path__))


def begin(kind: str, place: Place, arguments: Mapping[str, object]) -> Work:
    """Begin a piece of work; what is left of it. Raises RefusedError."""
    if kind not in kinds():
        raise RefusedError(f"this release knows nothing of `{kind}`")
    return cast("Begin", importlib.import_module(f"{__name__}.{kind}").begin)(place, arguments)
