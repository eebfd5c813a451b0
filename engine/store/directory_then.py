"""The synchronised directory as it was at a time: entries of all kinds, and direct memberships."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import msgspec

from engine.entities_rows import FOREVER, DirEntry, DirLink

if TYPE_CHECKING:
    import duckdb

_R = TypeVar("_R", bound=msgspec.Struct)


def directory_then(
    connection: duckdb.DuckDBPyConnection, at: int
) -> tuple[list[DirEntry], list[DirLink]]:
    """Entries that were there then (tombstones too) and links, as of `at` (microseconds)."""
    return _then(connection, "dir_entry", DirEntry, at), _then(connection, "dir_link", DirLink, at)


def newest(connection: duckdb.DuckDBPyConnection) -> int:
    """When the directory changed last, as far as it is known (microseconds; 0: there is none)."""
    row = connection.execute(
        "SELECT max(valid_from), max(valid_to) FILTER (valid_to < $open) FROM dir_entry",
        {"open": FOREVER},
    ).fetchone()
    return max((int(t) for t in row or () if t is not None), default=0)


def _then(connection: duckdb.DuckDBPyConnection, table: str, make: type[_R], at: int) -> list[_R]:
    names = make.__struct_encode_fields__
    columns = ", ".join(f'"{n}"' for n in names)
    found = connection.execute(
        f'SELECT {columns} FROM "{table}" WHERE valid_from <= $at AND $at < valid_to',  # noqa: S608  # names of structs
        {"at": at},
    ).fetchall()
    plain = [dict(zip(names, row, strict=True)) for row in found]
    return msgspec.convert(plain, list[make])  # type: ignore[valid-type]  # checked above
