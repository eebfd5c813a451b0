"""`given` of a test: entries -> events of the schema.

An entry names one or more event types with their fields, and a time: `at: 5m` after the test's
begin (0s if left out), or `every: 20s` with `for: 12` (counted from `at`). In texts `{{i}}` is the
number of the repetition, from 0, and `{{i + 1}}`, `{{i % 3}}`, `{{i // 3}}` computed from it.

Defaults: `primary: true`; `via` as `natural_via` says; `sensor` and `seq` so that events of one
moment are ordered as written. `id` is left to the ingest.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import msgspec

from dsl.event_values import BadValueError, read_field
from dsl.faults import did_you_mean
from dsl.record import sort_of
from dsl.schema.registry import event_types

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dsl.record import Record
    from dsl.schema.base import Event
    from dsl.schema.registry import EventType
    from dsl.yaml_data import Plain

BASE: Final = 1_767_614_400_000_000
"""The begin of every test, 2026-01-05 12:00 UTC, a Monday: no bucket edge is near."""
SENSOR: Final = "test"
_MOST_EVENTS: Final = 100_000
GIVEN_BY_ENGINE: Final = ("id", "ts", "tie")
"""Fields that a test does not name."""
_TEMPLATE: Final = re.compile(r"\{\{\s*i\s*(?:(\+|-|\*|%|//)\s*(\d+)\s*)?\}\}")
_RECORDS: Final = {
    "directory_access": "event_4662", "directory_change": "event_5136",
    "group_change": "event_4728", "account_change": "event_4738", "logon": "event_4624",
    "service_install": "event_7045", "driver_install": "event_316", "task_create": "event_4698",
    "remote_shell": "event_91", "audit_change": "event_4719", "certificate_request": "event_4887",
    "ca_change": "event_4890", "adfs_auth": "event_1200", "adfs_change": "event_307",
    "vpn_session": "radius", "alert": "engine", "sensor_health": "engine",
}  # fmt: skip


def natural_via(event_type: str) -> str:
    """The witness of an event in a test that names none: `wire` for what a sensor reads from
    packets, else the Windows record (or source) that the type is mostly made from.
    """
    return _RECORDS.get(event_type, "wire")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of `given`: `at` and `every` in microseconds, `times` repetitions.

    `rows[k]` are the events of repetition k, their `ts` still relative to the entry.
    """

    at: int
    every: int
    rows: tuple[tuple[Event, ...], ...]


def shifted(entry: Entry, offset: int) -> Entry:
    return replace(entry, at=entry.at + offset)


def expand(entries: Sequence[Entry]) -> tuple[Event, ...]:
    """The events of a test in the order of time; equal times in the order as written."""
    placed: list[tuple[int, Event]] = []
    for entry in entries:
        for k, row in enumerate(entry.rows):
            placed += [(BASE + entry.at + k * entry.every, event) for event in row]
    placed.sort(key=lambda pair: pair[0])
    events = []
    for seq, (ts, event) in enumerate(placed):
        changes: dict[str, object] = {"ts": ts}
        if event.sensor is None and event.seq is None:
            changes |= {"sensor": SENSOR, "seq": seq}
        events.append(msgspec.structs.replace(event, **changes))
    return tuple(events)


def read_entries(test: Record, key: str) -> tuple[Entry, ...]:
    """The entries of `given` or `given+`; faulty ones are left out and reported."""
    entries = []
    total = 0
    for record in test.records(key, "the entry"):
        entry = _entry(record)
        if entry is None:
            continue
        total += sum(map(len, entry.rows))
        if total > _MOST_EVENTS:
            record.add("D0705", f"the test has more than {_MOST_EVENTS} events")
            break
        entries.append(entry)
    return tuple(entries)


def _entry(record: Record) -> Entry | None:
    at = record.duration("at") or 0
    every = record.duration("every")
    times = record.number("for", 1, _MOST_EVENTS)
    if ("every" in record) != ("for" in record):
        there, missing = ("every", "for") if "every" in record else ("for", "every")
        hint = "write `every: 20s, for: 12`"
        record.add("D0705", f"`{there}` without `{missing}`", there, key=True, hint=hint)
        return None
    if every is not None and every < 0:
        record.add("D0705", "`every` runs forward", "every")
        return None
    names = [key for key in record.data if key not in {"at", "every", "for"}]
    if not names:
        hint = "write `{at: 5m, kerberos_as: {account: alice}}`"
        record.add("D0705", "the entry has no event", hint=hint)
    readers = [r for r in (_event_reader(record, name) for name in names) if r is not None]
    if not readers:
        return None
    rows = []
    for i in range(times or 1):
        row = tuple(event for event in (reader.event(i) for reader in readers) if event is not None)
        if len(row) < len(readers):
            return None  # one complaint is enough
        rows.append(row)
    return Entry(at, every or 0, tuple(rows))


@dataclass(frozen=True, slots=True)
class _EventReader:
    """The fields of one event in an entry, checked against its type."""

    record: Record
    type: EventType

    def event(self, i: int) -> Event | None:
        """The event of repetition i, at time 0; None and a diagnostic if a value is refused."""
        values: dict[str, object] = {"primary": True, "via": natural_via(self.type.name)}
        good = True
        for name, plain in self.record.data.items():
            column = self.type.columns[name]
            try:
                filled = _fill(plain, i)
                values[name] = read_field(column.field, filled, BASE, many=column.many)
            except BadValueError as bad:
                message = f"`{name}`: {bad.message}"
                self.record.add(bad.code, message, name, hint=bad.hint)
                good = False
        return msgspec.structs.replace(self.type.struct(ts=0), **values) if good else None


def _event_reader(entry: Record, name: str) -> _EventReader | None:
    known = event_types().get(name)
    if known is None:
        words = [*event_types(), "at", "every", "for"]
        hint = did_you_mean(name, words)
        entry.add("D0701", f"there is no event type `{name}`", name, key=True, hint=hint)
        return None
    plain = entry.raw(name)
    if not isinstance(plain, dict):
        hint = f"write `{name}: {{account: alice}}`"
        message = f"`{name}` is {sort_of(plain)} where its fields belong"
        entry.add("D0703", message, name, hint=hint)
        return None
    record = entry.record(name, f"`{name}`")
    good = record is not None
    for field in plain:
        if field in GIVEN_BY_ENGINE:
            hint = "the time is `at: …` of the entry" if field == "ts" else ""
            message = f"`{field}` is not given by a test"
            entry.add("D0702", message, name, field, key=True, hint=hint)
            good = False
        elif field not in known.columns:
            hint = did_you_mean(field, known.columns)
            message = f"`{name}` has no field `{field}`"
            entry.add("D0702", message, name, field, key=True, hint=hint)
            good = False
    return _EventReader(record, known) if record is not None and good else None


def _fill(value: Plain, i: int) -> Plain:
    """The value with the number of the repetition put in."""
    if isinstance(value, list):
        return [_fill(item, i) for item in value]
    if not isinstance(value, str):
        return value
    filled = _TEMPLATE.sub(lambda m: str(_compute(i, m[1], m[2])), value)
    if "{{" in filled:
        raise BadValueError(
            "D0705", f"`{value}` is no template", "write `{{i}}`, `{{i + 1}}` or `{{i % 3}}`"
        )
    return filled


def _compute(i: int, operator: str | None, operand: str | None) -> int:
    n = int(operand or 0)
    match operator:
        case "+":
            return i + n
        case "-":
            return i - n
        case "*":
            return i * n
        case "%":
            return i % n if n else 0
        case "//":
            return i // n if n else 0
    return i
