"""SIGHUP: detections, lists and settings are read anew, while everything else goes on.

What is new is in force for rows after what was seen so far; windows that are open go on, as their
events are in the store. Where something is wrong, everything stays as it was.
"""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING

from engine.cli import output

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.cli.rules import Loaded
    from engine.run import Engine


class Reloading:
    """Reloads when `asked` is set (see `asked_by_signal`). `load` reads everything anew, and ends
    like a command where it cannot; `loaded` is told what is in force then.
    """

    def __init__(
        self,
        engine: Engine,
        load: Callable[[], Loaded],
        asked: threading.Event,
        loaded: Callable[[Loaded], None] = lambda _: None,
        *,
        quiet: bool = False,
    ) -> None:
        self._engine = engine
        self._load = load
        self._asked = asked
        self._loaded = loaded
        self._quiet = quiet

    def step(self) -> None:
        """Reload where that was asked for; between two ticks."""
        if not self._asked.is_set():
            return
        self._asked.clear()
        try:
            loaded = self._load()
        except SystemExit:  # what is wrong has been told
            output.warn("nothing was reloaded; what was in force stays")
            return
        self._engine.put_rules(loaded.rules, loaded.compile_detection)
        self._engine.put_lists(loaded.lists, loaded.rows)
        self._loaded(loaded)
        if not self._quiet:
            output.note(f"reloaded: {len(loaded.rules)} detections are in force")


def asked_by_signal() -> threading.Event:
    """Set by SIGHUP, where the system has it; from now on it ends the process no more."""
    asked = threading.Event()
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, lambda _number, _frame: asked.set())
    return asked
