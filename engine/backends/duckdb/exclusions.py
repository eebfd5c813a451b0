"""What the lists of `except`, and the list that every detection has without writing it, exclude.

Only rows that would become an alert ask, so they are asked here and not in SQL, where every tick
would pay for planning it. An entry of `@<id>` excludes roles of its kind; one of kind text any
role; a role may also be named in place of the kind. Texts of lists are stored in lower case.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dsl.schema.derive import ip_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

    from dsl.schema.base import KindName
    from dsl.types import Type
    from engine.alerts import RoleValue, Scalar


@dataclass(frozen=True, slots=True)
class Excepted:
    """One value of a row and the list that may except it. `kinds`: only such entries count."""

    position: int
    list: str
    type: Type
    kinds: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class _Entry:
    list: str
    kind: KindName | str
    value: str
    low: bytes | None
    high: bytes | None
    since: int
    until: int


class Exclusions:
    """The entries of the lists that an alert's exceptions name, as the store has them now."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, exceptions: Sequence[Excepted]
    ) -> None:
        self._exceptions = exceptions
        names = sorted({e.list for e in exceptions})
        rows = connection.execute(
            "SELECT list, kind, value, cidr_low, cidr_high, valid_from, valid_to "
            "FROM main.list_entry WHERE list_contains($names::VARCHAR[], list)",
            {"names": names},
        ).fetchall()
        self._entries: dict[str, list[_Entry]] = {}
        for row in rows:
            self._entries.setdefault(row[0], []).append(_Entry(*row))

    def hold(self, values: Sequence[RoleValue], ts: int) -> bool:
        """Whether any exception applies to a row with these values at this time."""
        return any(
            self._applies(e, values[e.position], ts)
            for e in self._exceptions
            if e.list in self._entries
        )

    def _applies(self, exception: Excepted, value: RoleValue, ts: int) -> bool:
        items = value if isinstance(value, list) else [value]
        entries = [
            e
            for e in self._entries[exception.list]
            if e.since <= ts < e.until and (exception.kinds is None or e.kind in exception.kinds)
        ]
        return any(
            _equal(exception.type, item, entry)
            for item in items
            if item is not None
            for entry in entries
        )


def _equal(kind: Type, value: Scalar, entry: _Entry) -> bool:
    if kind.kind == "ip":
        packed = ip_bytes(str(value))
        return (
            packed is not None
            and entry.low is not None
            and entry.high is not None
            and entry.low <= packed <= entry.high
        )
    written = value.hex() if isinstance(value, bytes) else _text(value)
    return written == entry.value


def _text(value: Scalar) -> str:
    return str(value).lower()
