"""What is read anew while everything else goes on: detections, lists and settings (SIGHUP), or lists alone.

What is new is in force for rows after what was seen so far; windows that are open go on, as their
events are in the store. Where something is wrong, everything stays as it was.
"""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from engine.cli import corpus, output
from engine.errands import Installation
from engine.in_force import listed
from engine.lists import rows_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from engine.cli.rules import Loaded
    from engine.in_force import InForce
    from engine.run import Engine


class Paths(NamedTuple):
    """Where detections, settings and the installation's own lists are read."""

    rules: tuple[Path, ...]
    settings: Path | None
    lists: tuple[Path, ...]


class Reloading:
    """Reloads when `asked` is set (see `asked_by_signal`), lists alone when `lists_asked` is. `paths`: where
    everything lies now; it and `load` end like a command where they cannot. `put` is told what is in force then.
    """

    def __init__(
        self,
        engine: Engine,
        asked: threading.Event,
        at: Paths,
        in_force: InForce,
        paths: Callable[[], Paths],
        load: Callable[[Paths], Loaded],
        put: Callable[[InForce], None],
        *,
        quiet: bool = False,
    ) -> None:
        self._engine = engine
        self.at = at
        """Where what is in force was read."""
        self._in_force = in_force
        self._paths = paths
        self._load = load
        self._put = put
        self._quiet = quiet
        self._asked = asked
        self.lists_asked = threading.Event()
        self._loaded: tuple[Paths, Loaded] | None = None

    def take(self, at: Paths, loaded: Loaded) -> None:
        """Put in force what another thread has loaded, at the next step."""
        self._loaded = at, loaded

    def step(self) -> None:
        """Reload where that was asked for; between two ticks."""
        if self._asked.is_set():
            self._asked.clear()
            self._all()
        elif (taken := self._loaded) is not None:
            self._loaded = None
            # lists may have changed since it was loaded
            self.lists_asked.set()
            self._put_in_force(*taken)
        elif self.lists_asked.is_set():
            self.lists_asked.clear()
            self._lists()

    def _all(self) -> None:
        try:
            at = self._paths()
            loaded = self._load(at)
        except SystemExit:  # what is wrong has been told
            output.warn("nothing was reloaded; what was in force stays")
            return
        self._loaded = None
        self._put_in_force(at, loaded)

    def _put_in_force(self, at: Paths, loaded: Loaded) -> None:
        self._engine.put_rules(loaded.rules, loaded.compile_detection)
        self._engine.put_lists(loaded.lists, loaded.rows)
        self.at, self._in_force = at, loaded.in_force
        self._put(loaded.in_force)
        if not self._quiet:
            output.note(f"reloaded: {len(loaded.rules)} detections are in force")

    def _lists(self) -> None:
        found = corpus.read_lists(self.at.rules, self.at.lists)
        if corpus.show(found.diagnostics.errors):
            output.warn("no list was read anew; what was in force stays")
            return
        self._engine.put_lists(found.lists, rows_of(found.lists.values()))
        self._in_force = msgspec.structs.replace(self._in_force, lists=listed(found))
        self._put(self._in_force)


def own_settings(database: Path) -> Path:
    """Where settings are kept that nobody named a file for."""
    return database.with_name(f"{database.name}.settings.yaml")


def with_own(at: Paths, database: Path) -> Paths:
    """With the settings beside the database, where others are not named and these are there."""
    own = own_settings(database)
    return at._replace(settings=own) if at.settings is None and own.exists() else at


def installation(reloading: Reloading, database: Path) -> Installation:
    """What is in force, for errands."""
    at = reloading.at
    settings = at.settings or own_settings(database)
    changed = at._replace(settings=settings)
    return Installation(
        at.rules, settings, at.lists, reloading.lists_asked.set,
        lambda loaded: reloading.take(changed, loaded),
    )  # fmt: skip


def asked_by_signal() -> threading.Event:
    """Set by SIGHUP, where the system has it; from now on it ends the process no more."""
    asked = threading.Event()
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, lambda _number, _frame: asked.set())
    return asked
