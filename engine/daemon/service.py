"""The service: takes events from its sources, ticks, delivers, keeps house. One thread owns it.

Changes of alerts are put into the store's outbox in the transaction of the tick and leave it once
every sink has them on disk: a crash at any point neither loses nor repeats one.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click
import msgspec

from dsl.retention import retention
from dsl.schema.registry import event_types
from engine.cli import output
from engine.daemon.folders import Folders, sensor_name
from engine.report import alert_dict
from engine.sinks import terminal
from engine.store import alerts as stored
from sensor.inputs.files import read_file

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dsl.schema.base import Event
    from engine.daemon.capture import Capture
    from engine.run import Engine
    from engine.sinks.jsonl import JsonLines

_BATCH = 20_000
_HOUSEKEEPING_S = 600.0


class Service:
    """What `atp-run` does, step by step; the loop and the signals are its caller's."""

    def __init__(
        self,
        engine: Engine,
        folders: Folders,
        captures: Sequence[Capture],
        lines: JsonLines | None,
        *,
        quiet: bool = False,
    ) -> None:
        self._engine = engine
        self._folders = folders
        self._captures = captures
        self._lines = lines
        self._quiet = quiet
        self._housekeeping = time.monotonic() + _HOUSEKEEPING_S

    def step(self) -> None:
        """Take what came, tick, deliver."""
        for capture in self._captures:
            self._take(capture.take())
        for path in self._folders.ready():
            self._read(path)
        self._engine.tick()
        self.deliver()
        if time.monotonic() >= self._housekeeping:
            self._keep_house()

    def close(self) -> None:
        """Take the last events, tick once more, deliver, and close the store in order."""
        for capture in self._captures:
            self._take(capture.close())
        self._engine.tick()
        self.deliver()
        if self._lines is not None:
            self._lines.close()
        self._engine.store.checkpoint()
        self._engine.store.close()

    def deliver(self) -> None:
        """Give the sinks every change that waits, then empty the outbox of them."""
        connection = self._engine.store.connection
        waiting = stored.outbox(connection)
        for change in waiting:
            running = self._engine.running.get(change.alert.detection)
            if running is None:
                continue  # its detection is gone
            copies = stored.evidence(connection, change.alert.number)
            evidence = [
                msgspec.json.decode(copies[i]) for i in change.alert.evidence if i in copies
            ]
            alert = alert_dict(change.alert, running.rule.envelope, evidence)
            if self._lines is not None:
                self._lines.write(change.seq, change.kind, alert)
            if not self._quiet and (change.kind == "opened" or change.raised):
                click.echo(terminal.block(alert) + "\n")
        if waiting:
            if self._lines is not None:
                self._lines.sync()
            stored.delivered(connection, waiting[-1].seq)

    def _take(self, events: Sequence[Event]) -> None:
        for start in range(0, len(events), _BATCH):
            self._engine.ingest(events[start : start + _BATCH])

    def _read(self, path: Path) -> None:
        batch: list[Event] = []

        def keep(event: Event) -> None:
            batch.append(event)
            if len(batch) >= _BATCH:
                self._engine.ingest(batch)
                batch.clear()

        try:
            summary = read_file(path, keep, None, sensor_name(path))
        except OSError as error:
            output.warn(f"{path}: {error.strerror}")
            return
        self._take(batch)
        # the file counts as read only after its events are in: a crash before reads it again,
        # and ingest drops what it has
        self._engine.store.append((), self._folders.done(path))
        output.report_damage(summary)

    def _keep_house(self) -> None:
        now = time.time_ns() // 1000
        for name in event_types():
            self._engine.store.delete_before(name, now - retention(name))
        self._engine.store.checkpoint()
        self._housekeeping = time.monotonic() + _HOUSEKEEPING_S
