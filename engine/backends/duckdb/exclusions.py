"""What the lists of `except`, and the list that every detection has without writing it, exclude.

Only rows that would become an alert ask, so they are asked here and not in SQL, where every tick
would pay for planning it. An entry of `@<id>` excludes roles of its kind; one of kind text any
role; a role may also be named in place of the kind. An entry of several roles excludes where all
are met; `tag:NAME` in it stands for what bears the tag at the row's time. Texts of lists are stored
in lower case.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dsl.schema.derive import ip_bytes
from engine.lists import TOGETHER, ListRow, address_range

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import duckdb

    from dsl.types import Type
    from engine.alerts import RoleValue, Scalar

    Tagged = Callable[[str, str, int], bool]

_TAG: Final = "tag:"


@dataclass(frozen=True, slots=True)
class Excepted:
    """One value of a row and the list that may except it. `kinds`: only such entries count. `role`:
    the role that the value is, "" where it is a value of `except`.
    """

    position: int
    list: str
    type: Type
    kinds: frozenset[str] | None = None
    role: str = ""


class Exclusions:
    """Entries of lists held against the values of rows.

    `tagged(value, tag, ts)` tells whether an entity bears a tag at a time.
    """

    def __init__(
        self, exceptions: Sequence[Excepted], rows: Iterable[ListRow], tagged: Tagged
    ) -> None:
        self._exceptions = exceptions
        self._tagged = tagged
        self._entries: dict[str, list[ListRow]] = {}
        self._together: list[tuple[ListRow, dict[str, str]]] = []
        for row in rows:
            if row.kind == TOGETHER:
                self._together.append((row, json.loads(row.value)))
            else:
                self._entries.setdefault(row.list, []).append(row)

    def hold(self, values: Sequence[RoleValue], ts: int) -> bool:
        """Whether any exception applies to a row with these values at this time."""
        return any(
            self._applies(e, values[e.position], ts)
            for e in self._exceptions
            if e.list in self._entries
        ) or any(
            self._all_met(e.list, roles, values, ts)
            for e, roles in self._together
            if e.valid_from <= ts < e.valid_to
        )

    def _applies(self, exception: Excepted, value: RoleValue, ts: int) -> bool:
        entries = [
            e
            for e in self._entries[exception.list]
            if e.valid_from <= ts < e.valid_to
            and (exception.kinds is None or e.kind in exception.kinds)
        ]
        return any(
            _equal(exception.type, item, entry) for item in _items(value) for entry in entries
        )

    def _all_met(
        self, name: str, roles: dict[str, str], values: Sequence[RoleValue], ts: int
    ) -> bool:
        by_role = {e.role: e for e in self._exceptions if e.role and e.list == name}
        return all(
            role in by_role and self._met(by_role[role], values[by_role[role].position], wanted, ts)
            for role, wanted in roles.items()
        )

    def _met(self, exception: Excepted, value: RoleValue, wanted: str, ts: int) -> bool:
        if wanted.startswith(_TAG):
            tag = wanted.removeprefix(_TAG)
            return any(self._tagged(_text(item), tag, ts) for item in _items(value))
        entry = ListRow(exception.list, TOGETHER, wanted, *address_range(wanted))
        return any(_equal(exception.type, item, entry) for item in _items(value))


def stored_exclusions(
    connection: duckdb.DuckDBPyConnection, exceptions: Sequence[Excepted]
) -> Exclusions:
    """With the lists and the directory as the store has them now."""
    names = sorted({e.list for e in exceptions})
    rows = connection.execute(
        "SELECT list, kind, value, cidr_low, cidr_high, valid_from, valid_to "
        "FROM main.list_entry WHERE list_contains($names::VARCHAR[], list)",
        {"names": names},
    ).fetchall()
    return Exclusions(exceptions, [ListRow(*row) for row in rows], stored_tags(connection))


def stored_tags(connection: duckdb.DuckDBPyConnection) -> Tagged:
    """Whether an account, host or group, or an address by its network, bears a tag at a time."""

    def tagged(value: str, tag: str, ts: int) -> bool:
        packed = ip_bytes(value)
        if packed is not None:
            found = connection.execute(
                "SELECT 1 FROM main.list_entry WHERE list = $tag AND $ip BETWEEN cidr_low AND "
                "cidr_high AND valid_from <= $ts AND valid_to > $ts LIMIT 1",
                {"tag": _TAG + tag, "ip": packed, "ts": ts},
            )
        else:
            found = connection.execute(
                "SELECT 1 FROM main.dir_object WHERE key = $key AND list_contains(tags, $tag) "
                "AND valid_from <= $ts AND valid_to > $ts LIMIT 1",
                {"key": value, "tag": tag, "ts": ts},
            )
        return bool(found.fetchall())

    return tagged


def stored_tags_of(connection: duckdb.DuckDBPyConnection) -> Callable[[str, int], frozenset[str]]:
    """The tags that an account, host or group bears at a time."""

    def tags(value: str, ts: int) -> frozenset[str]:
        found = connection.execute(
            "SELECT unnest(tags) FROM main.dir_object "
            "WHERE key = $key AND valid_from <= $ts AND valid_to > $ts",
            {"key": value.lower(), "ts": ts},
        )
        return frozenset(str(tag) for (tag,) in found.fetchall())

    return tags


def _items(value: RoleValue) -> list[Scalar]:
    return [v for v in (value if isinstance(value, list) else [value]) if v is not None]


def _equal(kind: Type, value: Scalar, entry: ListRow) -> bool:
    if kind.kind == "ip":
        packed = ip_bytes(str(value))
        return (
            packed is not None
            and entry.cidr_low is not None
            and entry.cidr_high is not None
            and entry.cidr_low <= packed <= entry.cidr_high
        )
    written = value.hex() if isinstance(value, bytes) else _text(value)
    return written == entry.value


def _text(value: Scalar) -> str:
    return str(value).lower()
