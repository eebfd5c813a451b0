"""Values as DuckDB returns them to the values of an alert: addresses as text, whole numbers as int."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING

from dsl.schema.derive import ip_text

if TYPE_CHECKING:
    from dsl.types import Type
    from engine.alerts import RoleValue, Scalar

Reader = Callable[[object], "RoleValue"]


def reader(kind: Type) -> Reader:
    """How to read a value of a type."""
    one = _address if kind.kind == "ip" else _plain

    def many(value: object) -> RoleValue:
        return [one(v) for v in value] if isinstance(value, list) else None

    return many if kind.many else one


def _address(value: object) -> Scalar:
    return ip_text(value) if isinstance(value, bytes) else None


def _plain(value: object) -> Scalar:
    if value is None or isinstance(value, str | bool | int | float | bytes):
        return value
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return str(value)
