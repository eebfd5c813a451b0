"""Event logs in any of the forms known -> events: the front of the readers of Windows records.

Recognises a file by its content (never by its name): .evtx, Windows event XML, JSON; XML and JSON
also packed with gzip. Maps each record, emits the events, and says what could not be read. For
coverage it emits a heartbeat for each computer and event type when the type first appears, at the
time of the computer's first record, one at its last, and one for all its types in each minute in
which it wrote any record.
"""

from __future__ import annotations

import gzip
import zlib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, cast

from dsl.schema.registry import event_type
from dsl.schema.sensor import SensorHealth
from sensor.inputs.damage import Damage
from sensor.inputs.evtx import CHUNK_MAGIC, read_evtx
from sensor.inputs.evtxchunk import FILE_MAGIC, HEADER_SIZE
from sensor.inputs.winjson import read_winjson
from sensor.inputs.winxml import encoding_of, read_winxml
from sensor.map.identity import host
from sensor.map.raw import raw_event
from sensor.map.windows import mapping_of

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator

    from dsl.schema.base import Event
    from sensor.map.record import Record

    _Reader = Callable[[BinaryIO, Callable[[int], None] | None], Iterator[Record | Damage]]

GZIP_MAGIC: Final = b"\x1f\x8b"
_DAMAGES_LIMIT: Final = 1000
_HEAD: Final = 4096
_MINUTE_US: Final = 60_000_000


@dataclass(slots=True)
class Summary:
    """What came of a log.

    records: how many were read; mapped: how many of them gave events; damages: parts that could not
    be read (the first thousand; all are counted as `log.damages`); counters: `record CHANNEL:ID`
    and `event TYPE` -> how many, `log.map_failed` for records that a mapping could not take.
    """

    records: int = 0
    mapped: int = 0
    damages: list[Damage] = field(default_factory=list)
    counters: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class _Coverage:
    """First and last record of each computer, and which types it told of."""

    span: dict[str, list[int]] = field(default_factory=dict)
    types: dict[tuple[str, str], None] = field(default_factory=dict)
    beaten: dict[str, int] = field(default_factory=dict)

    def see(self, computer: str, ts: int) -> SensorHealth | None:
        """A record of any kind: a sign of life of all the computer's types, one a minute."""
        span = self.span.get(computer)
        if span is None:
            self.span[computer] = [ts, ts]
            return None
        span[0] = min(span[0], ts)
        span[1] = max(span[1], ts)
        last = self.beaten.get(computer)
        if last is None or ts < last + _MINUTE_US:
            return None
        self.beaten[computer] = ts
        return _heartbeat(ts, computer, "*")

    def begin(self, computer: str, type_name: str) -> SensorHealth | None:
        """The first heartbeat of a type of a computer, or None if it was given."""
        key = (computer, type_name)
        if key in self.types:
            return None
        self.types[key] = None
        self.beaten.setdefault(computer, self.span[computer][0])
        return _heartbeat(self.span[computer][0], computer, type_name)

    def end(self) -> Iterator[SensorHealth]:
        for computer, type_name in self.types:
            yield _heartbeat(self.span[computer][1], computer, type_name)


def _heartbeat(ts: int, computer: str, type_name: str) -> SensorHealth:
    return SensorHealth(ts=ts, dc=host(computer), kind="heartbeat", activity=type_name)


def is_log(path: Path) -> bool:
    """Whether the file begins like an event log in a form known here."""
    try:
        with path.open("rb") as stream:
            return _reader(stream) is not None
    except (OSError, EOFError, zlib.error):
        return False


def _reader(stream: BinaryIO) -> _Reader | None:
    """The reader for what the stream begins with."""
    head = stream.read(HEADER_SIZE + len(CHUNK_MAGIC))
    stream.seek(0)
    if head.startswith(FILE_MAGIC) or head[HEADER_SIZE:].startswith(CHUNK_MAGIC):
        return read_evtx
    if head.startswith(GZIP_MAGIC):
        with gzip.GzipFile(fileobj=stream) as unpacked:
            head = unpacked.read(_HEAD)
        stream.seek(0)
    text = head[:_HEAD].decode(encoding_of(head), errors="replace").lstrip("\ufeff \t\r\n")
    if text.startswith(("{", "[")):
        return read_winjson
    return read_winxml if text.startswith("<") else None


def read_log(
    path: str | os.PathLike[str],
    emit: Callable[[Event], None],
    progress: Callable[[int, int], None] | None = None,
    sensor: str | None = None,
    at_end: Callable[[], None] | None = None,
    *,
    raw: bool = False,
) -> Summary:
    """Read a log and emit its events in the order of the log; with `raw` also a `windows_event`
    for each record.

    `progress` is told (bytes read, size of the file). `sensor` names the events' sensor, `log:FILE`
    if None. `at_end` is called after the last record, before the last heartbeats. Raises OSError if
    the file cannot be opened; nothing that is in the file raises.
    """
    path = Path(path)
    name = f"log:{path.name}" if sensor is None else sensor
    summary = Summary()
    coverage = _Coverage()
    seq = 0
    raw_name = f"{name} raw"

    def send_raw(record: Record) -> None:
        # numbered apart, so that the other events' numbers do not depend on whether they are told
        event = raw_event(record)
        event.sensor, event.seq = raw_name, summary.records
        summary.counters["event windows_event"] += 1
        emit(event)

    def send(event: Event) -> None:
        nonlocal seq
        event.sensor, event.seq = name, seq
        seq += 1
        emit(event)

    with path.open("rb") as stream:
        for item in _items(stream, path.stat().st_size, progress):
            if isinstance(item, Damage):
                summary.counters["log.damages"] += 1
                if len(summary.damages) < _DAMAGES_LIMIT:
                    summary.damages.append(item)
                continue
            summary.records += 1
            summary.counters[f"record {item.channel}:{item.event_id}"] += 1
            if beat := coverage.see(item.computer, item.ts):
                send(beat)
            if raw:
                send_raw(item)
            for event in _mapped(item, summary):
                if beat := coverage.begin(item.computer, event_type(event)):
                    send(beat)
                send(event)
    if at_end is not None:
        at_end()
    for beat in coverage.end():
        send(beat)
    return summary


def _items(
    stream: BinaryIO, size: int, progress: Callable[[int, int], None] | None
) -> Iterator[Record | Damage]:
    """What the file holds; a stream that breaks off (bad gzip, failing disk) is damage."""

    def step(done: int) -> None:
        # an .evtx file is not read from front to end, a packed one is smaller than its text
        if progress:
            progress(done if reader is read_evtx else stream.tell(), size)

    try:
        reader = _reader(stream)
        if reader is None:
            yield Damage(0, "no event log in a form known here: .evtx, event XML, JSON")
            return
        packed = stream.read(2) == GZIP_MAGIC
        stream.seek(0)
        source = cast("BinaryIO", gzip.GzipFile(fileobj=stream)) if packed else stream
        yield from reader(source, step)
    except (OSError, EOFError, zlib.error) as error:
        yield Damage(stream.tell(), f"the file breaks off: {error}"[:200])


def _mapped(record: Record, summary: Summary) -> list[Event]:
    mapping = mapping_of(record)
    if mapping is None:
        return []
    try:
        events = mapping(record)
    except (ValueError, LookupError, TypeError, ArithmeticError):
        summary.counters["log.map_failed"] += 1
        return []
    if events:
        summary.mapped += 1
    for event in events:
        summary.counters[f"event {event_type(event)}"] += 1
    return events
