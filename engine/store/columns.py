"""Events to Arrow columns and stored rows back to events. Knows no SQL and no connection.

A value that the storage type cannot hold (an integer beyond 64 bits, half a surrogate pair, a text
that is no address) comes from a hostile record: it becomes null or is written with a replacement
mark, and the rest of the batch is stored.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
import pyarrow as pa

from dsl.schema.derive import arrow_type, ip_bytes, ip_text
from engine.store.tables import TIE, tie_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dsl.schema.base import Event
    from dsl.schema.registry import Column, EventType

type_of_tie: Final = pa.int64()
_INT_KINDS: Final = frozenset({"time", "duration", "int"})
_LIMIT: Final = 2**63


def table_of(event: EventType, events: Sequence[Event]) -> pa.Table:
    """Events of one type, one at least, as an Arrow table: the columns of its table, in order."""
    by_column = zip(*map(msgspec.structs.astuple, events), strict=True)
    arrays = [
        _array(c, values) for c, values in zip(event.columns.values(), by_column, strict=True)
    ]
    arrays.append(pa.array([tie_of(e.sensor, e.seq) for e in events], type_of_tie))
    return pa.Table.from_arrays(arrays, names=[*event.columns, TIE])


def event_of(event: EventType, values: Sequence[object]) -> Event:
    """A stored row (columns of the schema, in order) as an event again."""
    given: dict[str, object] = {}
    for column, value in zip(event.columns.values(), values, strict=True):
        if value is not None:
            given[column.name] = _each(column, value, _ip_back) if _is_ip(column) else value
    return event.struct(**given)  # type: ignore[arg-type]  # the schema made the row


def _array(column: Column, values: Sequence[object]) -> pa.Array:
    kind = arrow_type(column)
    if values.count(None) == len(values):
        return pa.nulls(len(values), kind)
    if column.field.kind == "map":
        values = [v if v is None else _pairs(v) for v in values]
    elif _is_ip(column):
        values = [v if v is None else _each(column, v, _ip_in) for v in values]
    try:
        return pa.array(values, kind)
    except (pa.ArrowException, OverflowError, UnicodeError, TypeError):
        clean = _storable(column)
        return pa.array([v if v is None else _each(column, v, clean) for v in values], kind)


def _pairs(value: object) -> list[tuple[str, str]] | None:
    if not isinstance(value, dict):
        return None
    return [
        (_text(name), _text(text))
        for name, text in value.items()
        if isinstance(name, str) and isinstance(text, str)
    ]


def _text(value: str) -> str:
    """A text that has a form in UTF-8."""
    return value if value.isascii() else value.encode("utf-8", "replace").decode()


def _is_ip(column: Column) -> bool:
    return column.field.kind == "ip"


def _each(column: Column, value: object, change: Callable[[object], object]) -> object:
    if column.many:
        return [change(v) for v in value] if isinstance(value, list) else None
    return change(value)


def _ip_in(value: object) -> bytes | None:
    return ip_bytes(value) if isinstance(value, str) else None


def _ip_back(value: object) -> object:
    return ip_text(value) if isinstance(value, bytes) else value


def _storable(column: Column) -> Callable[[object], object]:
    kind = column.field.kind

    def clean(value: object) -> object:
        if kind in _INT_KINDS:
            return value if isinstance(value, int) and -_LIMIT <= value < _LIMIT else None
        if kind == "bool":
            return value if isinstance(value, bool) else None
        if kind in ("bytes", "ip"):
            return value if isinstance(value, bytes) else None
        if kind == "map":
            return value
        return _text(value) if isinstance(value, str) else None

    return clean
