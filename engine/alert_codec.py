"""Rows, episodes and records of alerts as bytes, for the store. Knows no store.

Values of roles are text, numbers, bytes or lists of them, so the untyped msgpack form says all.
"""

from __future__ import annotations

import dataclasses
from typing import Final

import msgspec

from engine.alert_records import Alert
from engine.alerts import AlertRow, Episode

_ROW: Final = tuple(field.name for field in dataclasses.fields(AlertRow))


def pack_row(row: AlertRow) -> bytes:
    """A row, to be read by `unpack_row`."""
    return msgspec.msgpack.encode([getattr(row, name) for name in _ROW])


def unpack_row(packed: bytes) -> AlertRow:
    """The row of `pack_row`."""
    values = msgspec.msgpack.decode(packed)
    values[6], values[7] = tuple(values[6]), tuple(values[7])
    return AlertRow(*values)


def pack_episode(episode: Episode, sealed_to: int) -> bytes:
    """Summed-up rows and up to when they reach."""
    plain = {f.name: getattr(episode, f.name) for f in dataclasses.fields(Episode)}
    return msgspec.msgpack.encode((plain, sealed_to))


def unpack_episode(packed: bytes) -> tuple[Episode, int]:
    """What `pack_episode` was given."""
    plain, sealed_to = msgspec.msgpack.decode(packed)
    for name in ("dedup", "anchor", "evidence"):
        plain[name] = tuple(plain[name])
    return Episode(**plain), sealed_to


def pack_record(alert: Alert) -> bytes:
    """An alert record, to be read by `unpack_record`."""
    return msgspec.msgpack.encode(alert)


def unpack_record(packed: bytes) -> Alert:
    """The record of `pack_record`."""
    plain = msgspec.msgpack.decode(packed)
    plain["evidence"] = tuple(plain["evidence"])
    return Alert(**plain)
