"""Stored events by their ids, and which tables have any. For any connection to the store's tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dsl.schema.registry import event_types
from engine.store.columns import event_of
from engine.store.tables import event_columns

if TYPE_CHECKING:
    from collections.abc import Iterable

    import duckdb

    from dsl.schema.base import Event


def events(
    connection: duckdb.DuckDBPyConnection, ids: Iterable[int], types: Iterable[str] | None = None
) -> list[Event]:
    """The stored events with these ids, in order; `types` spares looking into every table."""
    wanted = sorted(set(ids))
    if not wanted:
        return []
    found: list[tuple[int, int, Event]] = []
    for name in filled(connection) if types is None else types:
        event = event_types()[name]
        columns = ", ".join(f'"{c}"' for c in event_columns(event))
        rows = connection.execute(
            f'SELECT {columns} FROM "{name}" '  # noqa: S608  # names of the schema
            # a hash table of them: to search the list for each event costs its length
            "WHERE id BETWEEN ? AND ? AND id IN (SELECT unnest(?::BIGINT[]))",
            [wanted[0], wanted[-1], wanted],
        ).fetchall()
        for *values, tie in rows:
            stored = event_of(event, values)
            found.append((stored.ts, tie, stored))
    return [e for _, _, e in sorted(found, key=lambda f: f[:2])]


def filled(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Types that have events: most tables of a store are empty, and asking costs."""
    rows = connection.execute(
        "SELECT table_name FROM duckdb_tables() "
        "WHERE database_name = current_database() AND estimated_size > 0"
    ).fetchall()
    return [name for (name,) in rows if name in event_types()]
