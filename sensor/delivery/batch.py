"""The form in which events travel: msgpack, a table a type, compressed with zstd.

A table names its fields, so sensor and engine may be of neighbouring releases: types and fields
that the reader does not know are left out and counted, those that the writer did not know have
their defaults. Whoever reads believes nothing: sizes, shapes and kinds are checked, an event that
does not fit its type is left out and counted. Knows no disk and no network.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING, Final

import msgspec
import zstandard

from dsl.schema.registry import event_type, event_types

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dsl.schema.base import Event

FORMAT: Final = 1
"""Of the envelope below; a reader takes this one only. Types and fields change without it."""
MOST_EVENTS: Final = 20_000
_MOST_BYTES: Final = 64 << 20
"""Of a batch when it is unpacked."""
_LEVEL: Final = 1
_LIMIT: Final = 2**63
_OF_ENGINE: Final = frozenset({"alert"})
"""Types that no sensor may tell."""
_STAMPS: Final = frozenset({"type", "id"})
"""Fields that the engine gives."""


class BatchError(ValueError):
    """No batch of ours; says why."""


class _Table(msgspec.Struct, array_like=True):
    """Events of one type: names of fields, and their values by event."""

    type: str
    fields: list[str]
    rows: list[list[object]]


class _Batch(msgspec.Struct, array_like=True):
    format: int
    tables: list[_Table]


@dataclass(slots=True)
class Decoded:
    """Events in order of time; `unknown` counts what this release does not know (a type, or
    `type.field`), `refused` events by type that do not fit it.
    """

    events: list[Event] = field(default_factory=list)
    unknown: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)


def encode(events: Iterable[Event]) -> bytes:
    """A batch of these events."""
    tables: dict[type[Event], list[Event]] = {}
    for event in events:
        tables.setdefault(type(event), []).append(event)
    astuple = msgspec.structs.astuple
    batch = [
        FORMAT,
        [
            [event_type(group[0]), kind.__struct_fields__, [astuple(e) for e in group]]
            for kind, group in tables.items()
        ],
    ]
    try:
        packed = msgspec.msgpack.encode(batch)
    except (UnicodeEncodeError, OverflowError):
        packed = msgspec.msgpack.encode(_clean(batch))
    return zstandard.ZstdCompressor(level=_LEVEL).compress(packed)


def decode(data: bytes) -> Decoded:
    """The events of a batch. Raises BatchError."""
    try:
        batch = msgspec.msgpack.decode(_unpacked(data), type=_Batch)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise BatchError(f"the batch cannot be read: {error}") from error
    if batch.format != FORMAT:
        raise BatchError(f"the batch has format {batch.format}, this release reads {FORMAT}")
    if sum(len(table.rows) for table in batch.tables) > MOST_EVENTS:
        raise BatchError(f"the batch has more than {MOST_EVENTS} events")
    found = Decoded()
    for table in batch.tables:
        _read(table, found)
    found.events.sort(key=_order)
    return found


def _read(table: _Table, found: Decoded) -> None:
    known = event_types().get(table.type)
    if known is None:
        found.unknown[table.type] += len(table.rows)
        return
    if table.type in _OF_ENGINE:
        found.refused[table.type] += len(table.rows)
        return
    names = [
        name if name in known.columns and name not in _STAMPS else None for name in table.fields
    ]
    for name, own in zip(table.fields, names, strict=True):
        if own is None and name not in _STAMPS:
            found.unknown[f"{table.type}.{name}"] += len(table.rows)
    for row in table.rows:
        if len(row) != len(names):
            found.refused[table.type] += 1
            continue
        values = {
            name: value
            for name, value in zip(names, row, strict=True)
            if name is not None and value is not None
        }
        try:
            event = msgspec.convert(values, known.struct)
        except msgspec.ValidationError:
            found.refused[table.type] += 1
            continue
        if _whole(event):
            found.events.append(event)
        else:
            found.refused[table.type] += 1


def _whole(event: Event) -> bool:
    """Whether it can be known again and put in order."""
    seq = event.seq
    return bool(event.sensor) and seq is not None and 0 <= seq < _LIMIT and 0 <= event.ts < _LIMIT


def _order(event: Event) -> tuple[int, str, int]:
    return event.ts, event.sensor or "", event.seq or 0


def _unpacked(data: bytes) -> bytes:
    """Never more than so much, whatever the frame says of its size."""
    try:
        with zstandard.ZstdDecompressor(max_window_size=8 << 20).stream_reader(
            BytesIO(data)
        ) as stream:
            unpacked = stream.read(_MOST_BYTES + 1)
    except zstandard.ZstdError as error:
        raise BatchError(f"the batch cannot be unpacked: {error}") from error
    if len(unpacked) > _MOST_BYTES:
        raise BatchError(f"the batch is larger than {_MOST_BYTES >> 20} MB")
    return bytes(unpacked)


def _clean(value: object) -> object:
    """What hostile records hold and msgpack does not: half surrogates, integers beyond 64 bits."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, (list, tuple)):
        return [_clean(one) for one in value]
    if isinstance(value, dict):
        return {_clean(name): _clean(one) for name, one in value.items()}
    if isinstance(value, int) and not -_LIMIT <= value < _LIMIT:
        return None
    return value


def counts(events: Sequence[Event]) -> dict[str, int]:
    """How many of each type."""
    return dict(Counter(map(event_type, events)))
