"""How much of a database's file is used, and which days of events take the room."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    import duckdb

_DAY_US: Final = 86_400_000_000


def used_bytes(connection: duckdb.DuckDBPyConnection) -> int:
    """Bytes of the file that hold something; what was deleted is free once it is checkpointed."""
    row = connection.execute(
        "SELECT used_blocks * block_size FROM pragma_database_size() "
        "WHERE database_name = current_database()"
    ).fetchone()
    return int(row[0]) if row else 0


def days(connection: duckdb.DuckDBPyConnection, types: Iterable[str]) -> dict[int, int]:
    """Events of these types by day (since 1970, UTC), in order."""
    parts = " UNION ALL ".join(f'SELECT ts // {_DAY_US} AS day FROM "{t}"' for t in types)  # noqa: S608  # names of the schema
    rows = connection.execute(
        f"SELECT day, count(*) FROM ({parts}) GROUP BY day ORDER BY day"  # noqa: S608  # as above
    ).fetchall()
    return {int(day): int(number) for day, number in rows}
