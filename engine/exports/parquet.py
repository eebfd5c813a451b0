"""Alerts as Parquet: a row an alert; roles, parameters and each event of the evidence as JSON text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_TEXTS: Final = pa.list_(pa.string())
_SCHEMA: Final = pa.schema([
    ("number", pa.int64()), ("id", pa.string()), ("detection", pa.string()), ("version", pa.int64()),
    ("external_id", pa.int64()), ("title", pa.string()), ("severity", pa.string()),
    ("confidence", pa.float64()), ("status", pa.string()), ("verdict", pa.string()),
    ("assignee", pa.string()), ("kill_chain", pa.string()), ("mitre", _TEXTS),
    ("first_seen", pa.timestamp("us", "UTC")), ("last_seen", pa.timestamp("us", "UTC")),
    ("roles", pa.string()), ("params", pa.string()), ("explanation", pa.string()),
    ("count", pa.int64()), ("evidence_count", pa.int64()), ("evidence", _TEXTS),
])  # fmt: skip


def write(alerts: Sequence[Mapping[str, object]], path: Path) -> None:
    """With the same columns whatever the alerts hold."""
    columns = [
        pa.array([_value(alert.get(f.name), f.type) for alert in alerts], f.type) for f in _SCHEMA
    ]
    pq.write_table(pa.Table.from_arrays(columns, schema=_SCHEMA), path, compression="zstd")


def _value(value: object, kind: pa.DataType) -> object:
    if isinstance(value, list):
        return [v if isinstance(v, str) else _json(v) for v in value]
    if isinstance(value, dict):
        return _json(value)
    if pa.types.is_timestamp(kind) and isinstance(value, str):
        return pa.scalar(value).cast(kind).as_py()
    return value


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
