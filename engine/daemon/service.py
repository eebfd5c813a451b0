"""The service: takes events from its sources, ticks, delivers, keeps house. One thread owns it.

Changes of alerts are put into the store's outbox in the transaction of the tick and leave it once
every sink has them on disk: a crash at any point neither loses nor repeats one.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, Protocol

import click
import msgspec

from dsl.retention import retention
from dsl.schema.registry import event_types
from engine.cli import output
from engine.daemon.reader import QUIET_S, Reader, Stopped
from engine.report import alert_dict
from engine.sinks import terminal
from engine.store import alerts as stored

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dsl.schema.base import Event
    from engine.daemon.folders import Folders
    from engine.geolocation import Geolocation
    from engine.run import Engine
    from engine.sinks.jsonl import JsonLines
    from engine.store.alerts import Waiting

_BREATH_S: Final = 5.0
"""So long at most are live events and alerts left waiting while files are read."""
_HOUSEKEEPING_S: Final = 600.0
_REMIND_S: Final = 60.0


class Source(Protocol):
    """What tells events while the daemon runs, in a thread of its own: see `inputs`."""

    name: str
    fault: str
    """Why it will never tell anything again, if it will not."""

    def take(self) -> list[Event]:
        """The events that came since the last call."""

    def complaints(self) -> dict[str, str]:
        """What goes wrong, by topic; empty where nothing does."""

    def close(self) -> list[Event]:
        """Stop, and give what was still inside."""


class Service:
    """What `atp-run` does, step by step; the loop and the signals are its caller's.

    `stopping` is asked while a step takes long. `quiet_s`: see `reader`.
    """

    def __init__(
        self,
        engine: Engine,
        folders: Folders,
        sources: Sequence[Source],
        lines: JsonLines | None,
        geolocation: Geolocation | None = None,
        *,
        quiet: bool = False,
        stopping: Callable[[], bool] = lambda: False,
        quiet_s: float = QUIET_S,
    ) -> None:
        self._engine = engine
        self._folders = folders
        self._sources = sources
        self._lines = lines
        self._geolocation = geolocation
        self._quiet = quiet
        self._stopping = stopping
        self._reader = Reader(engine, folders, self._breathe, quiet_s)
        self._written = self._already_written()
        self._breath = time.monotonic()
        self._housekeeping = time.monotonic() + _HOUSEKEEPING_S
        self._told: dict[str, tuple[str, float]] = {}

    def step(self) -> None:
        """Take what came, tick, deliver."""
        self._take_live()
        for source in self._sources:
            if source.fault:
                self.close()
                output.fail(f"{source.name} failed: {source.fault}")
        try:
            self._reader.step()
        except Stopped:
            return
        self._tick()
        if time.monotonic() >= self._housekeeping:
            self._keep_house()

    def close(self) -> None:
        """Take the last events, tick once more, deliver, and close the store in order."""
        for source in self._sources:
            self._reader.take(source.close())
        self._tick()
        if self._lines is not None:
            self._lines.close()
        self._engine.store.checkpoint()
        self._engine.store.close()

    def deliver(self) -> None:
        """Give the sinks every change that waits, then empty the outbox of them.

        A file that cannot be written is told of, and the changes go on waiting.
        """
        waiting = stored.outbox(self._engine.store.connection)
        if not waiting:
            return
        shown = []
        for change in waiting:
            alert = self._alert(change)
            if alert is None:
                continue
            if self._lines is not None and change.seq > self._written:
                self._lines.write(change.seq, change.kind, alert)
            if change.kind == "opened" or change.raised:
                shown.append(alert)
        if self._lines is not None:
            try:
                self._lines.sync()
            except OSError as error:
                self._lines.discard()
                why = output.reason(error)
                self._tell("alerts", f"the alerts cannot be written and wait: {why}")
                return
            self._tell("alerts", "")
        stored.delivered(self._engine.store.connection, waiting[-1].seq)
        self._show(shown)

    def _alert(self, change: Waiting) -> dict[str, object] | None:
        running = self._engine.running.get(change.alert.detection)
        if running is None:
            return None  # its detection is gone, and with it the alert's words
        copies = stored.evidence(self._engine.store.connection, change.alert.number)
        evidence = [msgspec.json.decode(copies[i]) for i in change.alert.evidence if i in copies]
        return alert_dict(change.alert, running.rule.envelope, evidence)

    def _show(self, alerts: Sequence[dict[str, object]]) -> None:
        """To the terminal; one that went away ends the showing, not the daemon."""
        try:
            for alert in alerts if not self._quiet else ():
                click.echo(terminal.block(alert) + "\n")
        except OSError:
            self._quiet = True
            output.drop_results()

    def _already_written(self) -> int:
        """The last change of the outbox that a crash left in the file but not yet told; the file's
        numbers count only where its last line is one of this database.
        """
        last = self._lines.last if self._lines is not None else None
        if last is not None:
            for change in stored.outbox(self._engine.store.connection):
                if (change.seq, change.kind, change.alert.id) == (last.change, last.kind, last.id):
                    return change.seq
        return 0

    def _tick(self) -> None:
        self._engine.tick()
        self.deliver()
        self._complain()
        self._breath = time.monotonic()

    def _breathe(self) -> None:
        if self._stopping():
            raise Stopped
        if time.monotonic() - self._breath >= _BREATH_S:
            self._take_live()
            self._tick()

    def _take_live(self) -> None:
        for source in self._sources:
            self._reader.take(source.take())

    def _complain(self) -> None:
        """Say what goes wrong beside the work."""
        for source in self._sources:
            for topic, complaint in source.complaints().items():
                self._tell(f"{topic} {source.name}", complaint)
        if self._geolocation is not None:
            self._tell("geolocation", "; ".join(self._geolocation.complaints()))
        for folder in self._folders.missing:
            self._tell(f"missing {folder}", f"{folder} is not there; waiting for it")
        for name, why in self._engine.faults.items():
            first = why.strip().partition("\n")[0]
            self._tell(f"fault {name}", f"the detection `{name}` could not be computed: {first}")
        self._complain_of_profiles()

    def _complain_of_profiles(self) -> None:
        memory = self._engine.memory
        if memory is None:
            return
        for name, why in memory.faults.items():
            first = why.strip().partition("\n")[0]
            self._tell(f"learn {name}", f"the profile `{name}` could not learn: {first}")
        for known in memory.known.values():
            for count, what in ((known.upkeep.cut, "values"), (known.upkeep.forgotten, "keys")):
                told = f"the profile `{known.name}` had no room for {count} {what} since the start"
                self._tell(f"{what} {known.name}", told if count else "")

    def _tell(self, topic: str, message: str) -> None:
        """Warn of something new, of one topic once in a minute."""
        before, again = self._told.get(topic, ("", 0.0))
        if not message:
            self._told.pop(topic, None)
        elif message != before and time.monotonic() >= again:
            self._told[topic] = message, time.monotonic() + _REMIND_S
            output.warn(message)

    def _keep_house(self) -> None:
        now = time.time_ns() // 1000
        for name in event_types():
            self._engine.store.delete_before(name, now - retention(name))
        self._engine.store.checkpoint()
        self._housekeeping = time.monotonic() + _HOUSEKEEPING_S
