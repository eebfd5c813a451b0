"""The service: takes events from its sources, ticks, delivers, keeps house. One thread owns it.

Changes of alerts are put into the store's outbox in the transaction of the tick and leave it once
every sink has them on disk: a crash at any point neither loses nor repeats one.
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

import click
import msgspec

from engine.cli import output
from engine.daemon.mirroring import Mirror
from engine.daemon.reader import QUIET_S, Reader, Stopped
from engine.daemon.retaining import Retaining, limits
from engine.daemon.telling import Telling
from engine.in_force import InForce
from engine.report import alert_dict
from engine.sinks import terminal
from engine.status import Durations, Pictures, Status
from engine.store import alerts as stored

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dsl.schema.base import Event
    from engine.alert_records import Alert
    from engine.daemon.dispatch import Dispatch
    from engine.daemon.errands import Errands
    from engine.daemon.folders import Folders
    from engine.daemon.timetable import Timetable
    from engine.daemon.training import Training
    from engine.daemon.watching_itself import SelfWatch
    from engine.geolocation import Geolocation
    from engine.run import Engine
    from engine.sinks.jsonl import JsonLines
    from engine.store.desk import Desk
    from engine.store.requests import Request
    from engine.store.spool import Counts

_TICK_S: Final = 0.5
"""About how long a tick may take while events come; what has no turn in it waits for the next."""
_BREATH_S: Final = 5.0
"""So long at most are live events and alerts left waiting while files are read."""
_HOUSEKEEPING_S: Final = 600.0
_COUNT_S: Final = 10.0
_LOGGED: Final = (
    "number", "id", "detection", "title", "severity", "confidence", "actor", "source", "target",
)  # fmt: skip
"""What a message about an alert holds; the rest is in its file and at the desk."""


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


@runtime_checkable
class Acknowledging(Protocol):
    """A source whose senders wait until their events are stored."""

    def stored(self) -> None:
        """What `take` gave last is in the store."""


@runtime_checkable
class Queueing(Protocol):
    """A source whose events wait in memory until they are taken."""

    @property
    def queued(self) -> int:
        """How many wait."""


class Service:
    """What `atp-run` does, step by step; the loop and the signals are its caller's.

    `stopping` is asked while a step takes long. `quiet_s`: see `reader`. `training` keeps models
    trained. `desk`: where people see alerts and decide about them. `dispatch` sends alerts out.
    `self_watch` looks after the daemon's own health. `in_force`: what was read with the detections.
    `errands`: what commands and the `timetable` ask for. `retaining`: how long events are kept.

    `status` is how everything stands after the last tick; any thread may take it.
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
        training: Training | None = None,
        desk: Desk | None = None,
        dispatch: Dispatch | None = None,
        self_watch: SelfWatch | None = None,
        in_force: InForce | None = None,
        errands: Errands | None = None,
        timetable: Timetable | None = None,
        retaining: Retaining | None = None,
    ) -> None:
        self._engine = engine
        self._folders = folders
        self._sources = sources
        self._lines = lines
        self._geolocation = geolocation
        self._quiet = quiet
        self._stopping = stopping
        self._training = training
        self._reader = Reader(engine, folders, self._breathe, quiet_s)
        self._written = self._already_written()
        self._desk = desk
        self._mirror = None if desk is None else Mirror(engine, desk, self._told_of)
        self._dispatch = dispatch
        self._self_watch = self_watch
        self._errands = errands
        self._timetable = timetable
        self._retaining = retaining or Retaining(limits(()))
        self._breath = time.monotonic()
        self._housekeeping = time.monotonic() + _HOUSEKEEPING_S
        self._telling = Telling()
        self._ticks = Durations()
        self._pictures = Pictures(engine)
        self._in_force = in_force or InForce()
        self._counts: Sequence[Counts] = ()
        self._count_again = 0.0
        self.status = Status()

    def put_in_force(self, in_force: InForce) -> None:
        """Detections were read anew."""
        self._in_force = in_force

    def _sink_counts(self) -> Sequence[Counts]:
        """As they were lately: to count is to look through all that waits."""
        if self._dispatch is not None and time.monotonic() >= self._count_again:
            self._count_again = time.monotonic() + _COUNT_S
            with suppress(sqlite3.Error):  # told of where alerts are put there
                self._counts = self._dispatch.counts()
        return self._counts

    @property
    def erasure(self) -> Request | None:
        """The erasure that was asked for: close, and carry it out."""
        return None if self._errands is None else self._errands.erasure

    @property
    def taken(self) -> int:
        """Events that were stored since the start."""
        return self._engine.taken.total()

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
        if self._training is not None:
            self._training.step()
        self._look_at_itself()
        self._run_errands()
        if time.monotonic() >= self._housekeeping:
            self._keep_house()

    def close(self) -> None:
        """Take the last events, tick once more, deliver, and close the store in order."""
        if self._errands is not None:
            self._errands.close()
        if self._training is not None:
            self._training.close()
        for source in self._sources:
            self._store(source, source.close())
        self._tick(None)
        if self._lines is not None:
            self._lines.close()
        if self._mirror is not None:
            self._mirror.close()
        if self._dispatch is not None:
            self._dispatch.close()
        self._engine.store.checkpoint()
        self._engine.store.close()

    def deliver(self) -> None:
        """Give the sinks every change that waits, then empty the outbox of them.

        A file that cannot be written is told of, and the changes go on waiting.
        """
        waiting = stored.outbox(self._engine.store.connection)
        if not waiting:
            return
        told = [(c, alert) for c in waiting if (alert := self._told_of(c.alert)) is not None]
        for change, alert in told:
            if self._lines is not None and change.seq > self._written:
                self._lines.write(change.seq, change.kind, alert)
        if self._lines is not None:
            try:
                self._lines.sync()
            except OSError as error:
                self._lines.discard()
                why = output.reason(error)
                self._tell("alerts", f"the alerts cannot be written and wait: {why}")
                return
            self._tell("alerts", "")
            self._written = waiting[-1].seq
        try:
            if self._mirror is not None:
                self._mirror.take(told)
            if self._dispatch is not None:
                self._dispatch.take(told, waiting[-1].seq)
        except sqlite3.Error as error:
            why = f"alerts cannot be put down for people and sinks, and wait: {error}"
            self._tell("desk", why)
            return
        self._tell("desk", "")
        stored.delivered(self._engine.store.connection, waiting[-1].seq)
        self._show([
            alert for change, alert in told
            if alert["status"] == "open" and (change.kind == "opened" or change.raised)
        ])  # fmt: skip

    def _told_of(self, record: Alert) -> dict[str, object] | None:
        running = self._engine.running.get(record.detection)
        if running is None:
            return None  # its detection is gone, and with it the alert's words
        copies = stored.evidence(self._engine.store.connection, record.number)
        evidence = [msgspec.json.decode(copies[i]) for i in record.evidence if i in copies]
        return alert_dict(record, running.rule.envelope, evidence)

    def _show(self, alerts: Sequence[dict[str, object]]) -> None:
        """To the terminal, or as messages; one that went away ends the showing, not the daemon."""
        if output.says_json():
            for alert in alerts if not self._quiet else ():
                fields = {name: alert[name] for name in _LOGGED}
                output.note(str(alert["explanation"]), "alert", fields)
            return
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

    def _tick(self, seconds: float | None = _TICK_S) -> None:
        began = time.monotonic()
        self._decide()
        self._engine.tick(seconds=seconds)
        self.deliver()
        self._ticks.add(time.monotonic() - began)
        self._complain()
        self._note_status()
        self._breath = time.monotonic()

    def _note_status(self) -> None:
        complaints = self._complaints()
        if self._dispatch is not None:
            complaints |= self._dispatch.complaints()
        self.status = self._pictures.take(
            time.time_ns() // 1000,
            in_force=self._in_force,
            ticks=self._ticks.told(),
            complaints=complaints,
            queued={s.name: s.queued for s in self._sources if isinstance(s, Queueing)},
            sinks=self._sink_counts(),
        )

    def _decide(self) -> None:
        """Carry out what people decided at the desk."""
        try:
            if self._mirror is not None:
                self._mirror.decide()
        except sqlite3.Error as error:
            self._tell("decisions", f"the desk of alerts cannot be read: {error}")

    def _breathe(self) -> None:
        if self._stopping() or self.erasure is not None:
            raise Stopped
        if time.monotonic() - self._breath >= _BREATH_S:
            self._take_live()
            self._tick()
            self._run_errands()

    def _take_live(self) -> None:
        for source in self._sources:
            self._store(source, source.take())

    def _store(self, source: Source, events: Sequence[Event]) -> None:
        if self._self_watch is not None:
            events = self._self_watch.without_tests(events)
        self._reader.take(events)
        if isinstance(source, Acknowledging):
            source.stored()

    def _look_at_itself(self) -> None:
        if self._self_watch is None:
            return
        try:
            self._self_watch.step(self._complaints())
        except sqlite3.Error as error:
            self._tell("health", f"issues of health cannot be put down: {error}")

    def _complaints(self) -> dict[str, str]:
        return {
            f"{topic} {source.name}": complaint
            for source in self._sources
            for topic, complaint in source.complaints().items()
        }

    def _run_errands(self) -> None:
        try:
            if self._timetable is not None:
                self._timetable.step()
            if self._errands is not None:
                self._errands.step()
        except sqlite3.Error as error:
            self._tell("errands", f"requests at the desk cannot be read: {error}")

    def _complain(self) -> None:
        """Say what goes wrong beside the work."""
        for source in self._sources:
            for topic, complaint in source.complaints().items():
                self._tell(f"{topic} {source.name}", complaint)
        if self._dispatch is not None:
            for topic, complaint in self._dispatch.complaints().items():
                self._tell(topic, complaint)
        if self._timetable is not None:
            for topic, complaint in self._timetable.complaints.items():
                self._tell(topic, complaint)
        if self._geolocation is not None:
            self._tell("geolocation", "; ".join(self._geolocation.complaints()))
        for folder in self._folders.missing:
            self._tell(f"missing {folder}", f"{folder} is not there; waiting for it")
        for name, why in self._engine.faults.items():
            first = why.strip().partition("\n")[0]
            self._tell(f"fault {name}", f"the detection `{name}` could not be computed: {first}")
        self._complain_of_profiles()
        self._tell_of_models()

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

    def _tell_of_models(self) -> None:
        complaints = dict(self._engine.models.complaints)
        if self._training is not None:
            complaints |= self._training.complaints
            for note in self._training.notes if not self._quiet else ():
                output.note(note)
            self._training.notes.clear()
        for name, complaint in complaints.items():
            self._tell(f"model {name}", complaint)

    def _tell(self, topic: str, message: str) -> None:
        self._telling.tell(topic, message)

    def _keep_house(self) -> None:
        now = time.time_ns() // 1000
        self._retaining.keep(self._engine.store, now)
        try:
            if self._desk is not None:
                self._retaining.keep_audit(self._desk, now)
        except sqlite3.Error as error:
            self._tell("audit", f"the audit log cannot be trimmed: {error}")
        if self._dispatch is not None:
            self._dispatch.keep_house()
        self._housekeeping = time.monotonic() + _HOUSEKEEPING_S
