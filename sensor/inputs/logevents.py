"""Records of Windows event logs and rows of Zeek logs -> events of one sensor, wherever they came from.

For coverage it emits a heartbeat for each computer and event type when the type first appears, at
the time of the computer's first record, one at its last, and one for all its types in each minute
in which it wrote any record. Does no input or output.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeVar

from dsl.schema.registry import event_type
from dsl.schema.sensor import SensorHealth
from sensor.map.identity import host
from sensor.map.raw import raw_event
from sensor.map.windows import mapping_of
from sensor.map.zeek import mapping_of as zeek_mapping_of
from sensor.map.zeek_row import Row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dsl.schema.base import Event
    from sensor.inputs.damage import Damage
    from sensor.map.record import Record

_DAMAGES_LIMIT: Final = 1000
_MINUTE_US: Final = 60_000_000
SLOTS: Final = 4096
"""Numbers of one record: more than a record of 64 KiB tells events."""
_NUMBERS: Final = 1 << 36
"""Records that are told apart: a sensor's numbers have 48 bits."""


@dataclass(slots=True)
class Summary:
    """What came of a log.

    records: how many were read; mapped: how many of them gave events; damages: parts that could not
    be read (the first thousand; all are counted as `log.damages`); counters: `record CHANNEL:ID` (of
    a trace `record PROVIDER:ID`),
    `row LOG` and `event TYPE` -> how many, `log.map_failed` for records that a mapping could not take.
    """

    records: int = 0
    mapped: int = 0
    damages: list[Damage] = field(default_factory=list)
    counters: Counter[str] = field(default_factory=Counter)
    last: int | None = None
    """The highest number of a record of an .evtx file."""

    def add(self, other: Summary) -> None:
        """What came of the next part of the log."""
        self.records += other.records
        self.mapped += other.mapped
        self.damages += other.damages[: _DAMAGES_LIMIT - len(self.damages)]
        self.counters.update(other.counters)


class LogEvents:
    """Emits what records tell, numbered from 0 as events of the sensor `name`; with `raw` also a
    `windows_event` for each record.

    With `by_record` an event's number is its record's, times SLOTS, plus its place in it: the same
    wherever the reading began. Heartbeats, which depend on that, take the slots from above.
    """

    def __init__(
        self,
        name: str,
        emit: Callable[[Event], None],
        *,
        raw: bool = False,
        by_record: bool = False,
        told: tuple[int, int] = (0, 0),
    ) -> None:
        """`told`: how many events, and records, of the log were told before these."""
        self.summary = Summary()
        self._name = name
        self._emit = emit
        self._raw = raw
        self._seq, self._before = told
        self._by_record = by_record
        self._beats = 0
        self._coverage = _Coverage()

    @property
    def told(self) -> tuple[int, int]:
        """How many events and records of the log were told by now."""
        return self._seq, self._before + self.summary.records

    def damage(self, damage: Damage) -> None:
        """A part could not be read."""
        self.summary.counters["log.damages"] += 1
        if len(self.summary.damages) < _DAMAGES_LIMIT:
            self.summary.damages.append(damage)

    def take(self, item: Record | Row) -> None:
        """The next record or row."""
        if isinstance(item, Row):
            self.row(item)
        else:
            self.record(item)

    def row(self, row: Row) -> None:
        """The next row of a Zeek log; what it covers is not said by computer, Zeek sees a network."""
        self.summary.records += 1
        self.summary.counters[f"row {row.path or 'unknown'}"] += 1
        self._tell("", row.ts, lambda: _mapped(zeek_mapping_of(row), row))

    def record(self, record: Record) -> None:
        """The next record."""
        self.summary.records += 1
        if record.position is not None:
            self.summary.last = max(record.position, self.summary.last or 0)
        if self._by_record:
            self._seq, self._beats = (record.position or 0) % _NUMBERS * SLOTS, SLOTS - 1
        self.summary.counters[_counter(record.channel or record.provider, record.event_id)] += 1
        if self._raw:
            self._send_raw(record)
        self._tell(record.computer, record.ts, lambda: _mapped(mapping_of(record), record))

    def end(self) -> None:
        """No more records come: the last heartbeats."""
        for beat in self._coverage.end():
            self._send(beat)

    def _send(self, event: Event) -> None:
        event.sensor = self._name
        if self._by_record and isinstance(event, SensorHealth):
            event.seq = self._seq - self._seq % SLOTS + self._beats
            self._beats -= 1
        else:
            event.seq = self._seq
            self._seq += 1
        self._emit(event)

    def _send_raw(self, record: Record) -> None:
        # numbered apart, so that the other events' numbers do not depend on whether they are told
        event = raw_event(record)
        number = record.position if self._by_record else self._before + self.summary.records
        event.sensor, event.seq = f"{self._name} raw", number
        self.summary.counters["event windows_event"] += 1
        self._emit(event)

    def _tell(self, computer: str, ts: int, mapped: Callable[[], list[Event]]) -> None:
        """The events of one item, and the heartbeats that are due."""
        if beat := self._coverage.see(computer, ts):
            self._send(beat)
        for event in self._counted(mapped):
            if beat := self._coverage.begin(computer, event_type(event)):
                self._send(beat)
            self._send(event)

    def _counted(self, mapped: Callable[[], list[Event]]) -> list[Event]:
        try:
            events = mapped()
        except (ValueError, LookupError, TypeError, ArithmeticError):
            self.summary.counters["log.map_failed"] += 1
            return []
        if events:
            self.summary.mapped += 1
        for event in events:
            self.summary.counters[f"event {event_type(event)}"] += 1
        return events


@lru_cache(maxsize=4096)
def _counter(log: str, event_id: int) -> str:
    return f"record {log}:{event_id}"


_Item = TypeVar("_Item")


def _mapped(mapping: Callable[[_Item], list[Event]] | None, item: _Item) -> list[Event]:
    return mapping(item) if mapping is not None else []


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
