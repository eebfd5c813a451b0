"""Statements are parsed once for each connection: parsing is a third of what a small one costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from collections.abc import Mapping

    import duckdb

_parsed: Final[WeakKeyDictionary[duckdb.DuckDBPyConnection, dict[str, duckdb.Statement]]] = (
    WeakKeyDictionary()
)


def run(
    connection: duckdb.DuckDBPyConnection, sql: str, values: Mapping[str, int | None]
) -> list[tuple[Any, ...]]:
    """All rows of a statement with parameters `$name`, nothing left open."""
    known = _parsed.setdefault(connection, {})
    statement = known.get(sql)
    if statement is None:
        (statement,) = connection.extract_statements(sql)
        known[sql] = statement
    # fetchone would leave the result open, and the connection refuse the next register
    return connection.execute(statement, dict(values)).fetchall()
