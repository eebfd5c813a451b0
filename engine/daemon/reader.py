"""Reading a watched file into the engine, so that it may grow, and the daemon be killed, meanwhile.

What a reader emits at the end of a file (requests still without an answer, last heartbeats) holds
only if the file ends there. It is put in when the file has been quiet for a minute, or is gone;
until then the file counts as unfinished, and a restart reads it again.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from engine.cli import output
from engine.daemon.bookmarks import Bookmarks
from engine.daemon.linemarks import LineMarks
from sensor.inputs.beside import read_beside
from sensor.inputs.evtxrecords import is_event_log
from sensor.inputs.files import read_file
from sensor.inputs.jsonlines import is_json_lines, read_lines
from sensor.inputs.logevents import SLOTS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from dsl.schema.base import Event
    from engine.daemon.folders import Folders, Found
    from engine.daemon.states import Keeper
    from sensor.inputs.files import FileSummary
    from sensor.inputs.jsonlines import LinePlace

QUIET_S: Final = 60.0
_BATCH: Final = 20_000


def _ignore(_event: Event) -> None:
    """Last heartbeats of a log that goes on."""


class Stopped(Exception):  # noqa: N818 - no error
    """The reading was broken off because the daemon is to end."""


@dataclass(slots=True)
class _End:
    found: Found
    events: list[Event]
    summary: FileSummary
    due: float
    seconds: float


class Reader:
    """Reads the files of the folders. `breathe` is called all the time while a file is read and
    may raise Stopped: the file is read again then, at the next start.
    """

    def __init__(
        self,
        keeper: Keeper,
        folders: Folders,
        breathe: Callable[[], None],
        quiet_s: float = QUIET_S,
    ) -> None:
        self._keeper = keeper
        self._folders = folders
        self._breathe = breathe
        self._quiet_s = quiet_s
        self._ends: dict[Path, _End] = {}
        self._bookmarks = Bookmarks(keeper)
        self._linemarks = LineMarks(keeper)

    def step(self) -> None:
        """Read what is new or has grown; put in the ends that are due."""
        for found in self._folders.ready(time.monotonic(), self._ends.__contains__):
            self._ends.pop(found.path, None)
            self._read(found)
            self._breathe()
        now = time.monotonic()
        for path, end in list(self._ends.items()):
            if now >= end.due or not path.exists():
                del self._ends[path]
                self._finish(end)

    def take(self, events: Sequence[Event]) -> None:
        """Give events to the keeper in batches."""
        for start in range(0, len(events), _BATCH):
            self._keeper.ingest(events[start : start + _BATCH])

    def _read(self, found: Found) -> None:
        rows = self._folders.begin(found)
        if rows:
            self._keeper.keep(rows)
        if self._is_event_log(found):
            self._read_event_log(found)
            return
        if self._is_lines(found):
            self._read_lines(found)
            return
        began = time.monotonic()
        batch: list[Event] = []
        end: list[Event] = []
        into, first = batch, found.first

        # decoders must not see what the engine may raise: they only fill the list
        def emit(event: Event) -> None:
            event.seq = (event.seq or 0) + first
            into.append(event)

        def at_end() -> None:
            nonlocal into
            into = end

        try:
            summary = self._parse(read_file, found.path, found.sensor, batch, emit, at_end)
        except OSError as error:
            output.warn(f"{found.path}: {output.reason(error)}")
            return
        for number, event in enumerate(end, start=1):
            event.seq = found.first_of_end + number
        now = time.monotonic()
        waiting = _End(found, end, summary, now + self._quiet_s, now - began)
        if summary.kind == "unknown":
            self._finish(waiting)
            return
        # the file counts as read only after its events are in: a crash before reads it again,
        # and ingest drops what it has
        self._keeper.keep(self._folders.done(found, now, now - began, ended=False))
        self._ends[found.path] = waiting

    @staticmethod
    def _is_event_log(found: Found) -> bool:
        try:
            return is_event_log(found.path)
        except OSError:
            return False

    @staticmethod
    def _is_lines(found: Found) -> bool:
        try:
            return is_json_lines(found.path)
        except OSError:
            return False

    def _read_lines(self, found: Found) -> None:
        """What a file of JSON lines holds beyond its bookmark, as far as its lines are whole. Nothing
        depends on where it ends.
        """
        began = time.monotonic()
        batch: list[Event] = []
        number, first = found.known.number, found.first

        def emit(event: Event) -> None:
            event.seq = (event.seq or 0) + first
            batch.append(event)

        def keep(place: LinePlace) -> dict[str, str]:
            # after the events: a crash before reads them again, and ingest drops what it has
            self.take(batch)
            batch.clear()
            return self._linemarks.advance(number, place)

        def progress(place: LinePlace) -> bool:
            full = len(batch) >= _BATCH
            if full:
                self._keeper.keep(keep(place))
            self._breathe()
            return full

        raw = self._keeper.raw
        start = self._linemarks.of(number)
        try:
            summary, at = read_lines(found.path, emit, start, progress, found.sensor, raw=raw)
        except OSError as error:
            output.warn(f"{found.path}: {output.reason(error)}")
            return
        rows = keep(at)
        now = time.monotonic()
        rows |= self._folders.done(found, now, now - began, ended=True)
        self._keeper.keep(rows)
        output.report_damage(summary)

    def _read_event_log(self, found: Found) -> None:
        """What an .evtx file holds beyond its bookmark. Nothing depends on where it ends: a log is
        never finished.
        """
        began = time.monotonic()
        batch: list[Event] = []
        told = batch.append
        try:
            place = self._bookmarks.find(found.path)
            name = f"{found.sensor} log {place.log}"
            newest = max((last for _, last in place.read), default=-1)
            if place.lost:
                output.warn(
                    f"{found.path}: {place.lost} records were overwritten before they were read"
                )

            def emit(event: Event) -> None:
                # what an archive brings later is numbered apart: below what was seen, a number
                # counts as seen
                if (event.seq or 0) // SLOTS < newest and event.sensor == name:
                    event.sensor = f"{name} late"
                told(event)

            def at_end() -> None:
                nonlocal told
                told = _ignore

            summary = self._parse(read_beside, found.path, name, batch, emit, at_end, place.read)
            rows = self._bookmarks.advance(place, found.path, summary.last)
        except OSError as error:
            output.warn(f"{found.path}: {output.reason(error)}")
            return
        # after the events: a crash before reads them again, and ingest drops what it has
        now = time.monotonic()
        rows |= self._folders.done(found, now, now - began, ended=True)
        self._keeper.keep(rows)
        output.report_damage(summary)

    def _parse(
        self,
        read: Callable[..., FileSummary],
        path: Path,
        sensor: str,
        batch: list[Event],
        emit: Callable[[Event], None],
        at_end: Callable[[], None],
        skip: Sequence[tuple[int, int]] | None = None,
    ) -> FileSummary:
        """Read a file with `read_file` or as it; what `emit` puts into the batch goes to the engine, as
        it fills and at last.
        Raises OSError where the file cannot be read.
        """

        def progress(_done: int, _size: int) -> None:
            if len(batch) >= _BATCH:
                self.take(batch)
                batch.clear()
            self._breathe()

        raw = self._keeper.raw
        summary = read(path, emit, progress, sensor, at_end, raw=raw, skip=skip)
        self.take(batch)
        return summary

    def _finish(self, end: _End) -> None:
        """The file is what it is going to be: its last events, and what was wrong with it."""
        self.take(end.events)
        rows = self._folders.done(end.found, time.monotonic(), end.seconds, ended=True)
        self._keeper.keep(rows)
        if end.summary.kind == "unknown":
            output.warn(f"{end.found.path}: passed over: {end.summary.damages[0].reason}")
        else:
            output.report_damage(end.summary)
