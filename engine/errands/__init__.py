"""Work on a database that needs its owner: one module a kind, found by folder scan.

A module has `begin(place, arguments)`, called by the thread that owns the store, between two ticks, so that
all files beside the database agree; it gives the rest of the work, which takes its time in another thread and
returns the answer; where it has a `stop`, that ends it early. The daemon does it when it is asked at the desk, a command where no daemon runs.
"""

from __future__ import annotations

import importlib
import pkgutil
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, cast, runtime_checkable

from engine.cli import output

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from engine.cli.rules import Loaded
    from engine.store import Store
    from engine.tuning.writing import Change

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
class Installation:
    """What the daemon runs: where detections, settings and own lists are read, and how changed lists and
    detections that were loaded anew come in force. `settings_file` need not be there. For any thread.
    """

    rules: tuple[Path, ...]
    settings_file: Path
    lists: tuple[Path, ...]
    reread_lists: Callable[[], None]
    take: Callable[[Loaded], None]

    @property
    def settings(self) -> Path | None:
        """The file of settings, where there is one."""
        return self.settings_file if self.settings_file.exists() else None


@dataclass(frozen=True)
class Place:
    """Where the work is done. `path`: of the database, beside which the other files lie; `instance`: the
    folder of the engine's instance, if it has one; `now`: microseconds since 1970; `installed`: None where
    no daemon runs.
    """

    store: Store
    path: Path
    instance: Path | None
    now: int
    installed: Callable[[], Installation] | None = None


def kinds() -> list[str]:
    """Everything that can be asked for."""
    return sorted(info.name for info in pkgutil.iter_modules(__path__))


def installed(place: Place) -> Installation:
    """What the daemon runs. Raises RefusedError where there is none."""
    if place.installed is None:
        raise RefusedError("this is done by the running daemon only: start atp-run")
    return place.installed()


@contextmanager
def refusing() -> Iterator[None]:
    """What ends a command refuses an errand, with its reason and remedy."""
    try:
        with output.unsaid():
            yield
    except output.Failure as failure:
        hint = f"; {failure.hint}" if failure.hint else ""
        raise RefusedError(f"{failure.message}{hint}") from failure


def written(change: Change) -> None:
    """Write a file of the installation. Raises RefusedError."""
    try:
        change.write()
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise RefusedError(
            f"{change.path} cannot be written: {why}; atp-run must own its folder"
        ) from error


def begin(kind: str, place: Place, arguments: Mapping[str, object]) -> Work:
    """Begin a piece of work; what is left of it. Raises RefusedError."""
    if kind not in kinds():
        raise RefusedError(f"this release knows nothing of `{kind}`")
    return cast("Begin", importlib.import_module(f"{__name__}.{kind}").begin)(place, arguments)
