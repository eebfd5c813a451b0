"""What other worlds call our event types: DuckDB DDL, Arrow schemas, JSON Schema.

Storage, by kind: time, duration, int -> BIGINT (times and durations in microseconds); bool ->
BOOLEAN; ip -> BLOB of 16 bytes (IPv4 as ::ffff:a.b.c.d, so one order serves CIDR ranges); bytes ->
BLOB; map -> MAP(VARCHAR, VARCHAR); everything else -> VARCHAR. A list is a list of that.
"""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from typing import Any

import msgspec
import pyarrow as pa

from dsl.schema.base import Field, KindName
from dsl.schema.registry import Column, EventType, event_types

_SQL: dict[KindName, str] = {
    "time": "BIGINT", "duration": "BIGINT", "int": "BIGINT", "bool": "BOOLEAN", "ip": "BLOB",
    "bytes": "BLOB", "map": "MAP(VARCHAR, VARCHAR)",
}  # fmt: skip
_ARROW: dict[KindName, pa.DataType] = {
    "time": pa.int64(), "duration": pa.int64(), "int": pa.int64(), "bool": pa.bool_(),
    "ip": pa.binary(), "bytes": pa.binary(), "map": pa.map_(pa.string(), pa.string()),
}  # fmt: skip


def sql_type(kind: KindName, *, many: bool = False) -> str:
    """The DuckDB type of a kind."""
    return _SQL.get(kind, "VARCHAR") + ("[]" if many else "")


def arrow_type(column: Column) -> pa.DataType:
    """The Arrow type of a column."""
    plain = _ARROW.get(column.field.kind, pa.string())
    return pa.list_(plain) if column.many else plain


def arrow_schema(event: EventType) -> pa.Schema:
    """The Arrow schema of an event type."""
    return pa.schema([(c.name, arrow_type(c)) for c in event.columns.values()])


@lru_cache(maxsize=65536)
def ip_bytes(text: str) -> bytes | None:
    """16 bytes of an address text; None where it is no address."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv4Address):
        return b"\0" * 10 + b"\xff\xff" + address.packed
    return address.packed


@lru_cache(maxsize=65536)
def ip_text(packed: bytes) -> str:
    """The address text of 16 stored bytes."""
    address = ipaddress.IPv6Address(packed)
    return str(address.ipv4_mapped or address)


def json_schema() -> dict[str, Any]:
    """JSON Schema of all event types, as `decode --format json` writes them."""
    structs = [e.struct for e in event_types().values()]
    _, components = msgspec.json.schema_components(structs, ref_template="#/$defs/{name}")
    for event in event_types().values():
        properties = components[event.struct.__name__]["properties"]
        for column in event.columns.values():
            properties[column.name]["description"] = describe(column.field)
    refs = [{"$ref": f"#/$defs/{e.struct.__name__}"} for e in event_types().values()]
    return {"$defs": components, "oneOf": refs}


def describe(field: Field) -> str:
    """One line for people: meaning, unit, kind."""
    unit = f", {field.unit}" if field.unit else ""
    return f"{field.meaning} ({field.kind}{unit})"
