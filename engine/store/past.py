"""A stored database as it was at a time: read only, the file is not touched.

Events, the directory and coverage are views of the file; lists and the alerts of detections over
alerts are empty tables of their own, which whoever replays fills. A column that an older file
lacks is null. DuckDB lets one process have a file, so the engine that owns it must be stopped, or
the file be a copy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import duckdb

from dsl.schema.registry import event_types
from engine.store.database import CLOSED, CONFIG, Database, schema_of
from engine.store.tables import FOREVER, OTHER_TABLES, create_statements, event_columns

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from engine.store.store import Store

_CHUNK: Final = 50_000
_VIEWED: Final = ("coverage", *(n for n in OTHER_TABLES if n.startswith("dir_")))
_COPIED: Final = {
    "list_entry": "starts_with(list, 'tag:')",
    "state": "starts_with(key, 'running/')",
    "alert_record": "true",
    "alert_event": "true",
    "withheld": "true",
}
"""Tables of which rows are taken over: networks by tag, how far detections got, alerts told, and
the events behind them."""


def open_past(path: Path, until: int = FOREVER) -> Database:
    """The database of a file, without events later than `until` (microseconds).

    Raises `duckdb.Error` where the file is no database or in use.
    """
    connection = duckdb.connect(":memory:", config=CONFIG)
    try:
        quoted = str(path).replace("'", "''")
        connection.execute(f"ATTACH '{quoted}' AS kept (READ_ONLY)")
        connection.execute(CLOSED)
        schema_of(connection, "kept.main")
        connection.execute(create_statements())
        there = _columns(connection)
        for name, event in event_types().items():
            if name != "alert" and name in there:
                _view(connection, name, event_columns(event), there[name], f"WHERE ts <= {until}")
        own = _columns(connection, "memory")
        for name in _VIEWED:
            if name in there:
                _view(connection, name, own[name], there[name])
        for name, condition in _COPIED.items():
            if name in there:
                columns = ", ".join(f'"{c}"' for c in own[name] if c in there[name])
                connection.execute(
                    f'INSERT INTO "{name}" ({columns}) SELECT {columns} '  # noqa: S608  # names of the store
                    f'FROM kept.main."{name}" WHERE {condition}'
                )
    except BaseException:
        connection.close()
        raise
    return Database(connection)


def copied(
    cursor: duckdb.DuckDBPyConnection, store: Store, types: Iterable[str], low: int, high: int
) -> None:
    """Fill an empty store in memory with the events of these types in [low, high] and with what is known
    beside them; `cursor` reads the database of a process that goes on writing. Raises duckdb.Error.
    """
    wanted: dict[str, str] = {n: f"WHERE ts BETWEEN {int(low)} AND {int(high)}" for n in types}
    wanted |= dict.fromkeys(_VIEWED, "")
    wanted |= {name: f"WHERE {condition}" for name, condition in _COPIED.items()}
    for name, where in wanted.items():
        found = cursor.sql(f'SELECT * FROM main."{name}" {where}')  # noqa: S608  # names of the store
        rows = found.to_arrow_reader(_CHUNK)
        columns = ", ".join(f'"{column}"' for column in rows.schema.names)
        store.connection.register("arriving", rows)
        store.connection.execute(
            f'INSERT INTO "{name}" ({columns}) SELECT * FROM arriving'  # noqa: S608  # names of the store
        )
        store.connection.unregister("arriving")


def _view(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    columns: dict[str, str],
    there: dict[str, str],
    where: str = "",
) -> None:
    chosen = ", ".join(
        f'"{c}"' if c in there else f'CAST(NULL AS {kind}) AS "{c}"' for c, kind in columns.items()
    )
    connection.execute(f'DROP TABLE "{name}"')
    connection.execute(
        f'CREATE VIEW "{name}" AS SELECT {chosen} FROM kept.main."{name}" {where}'  # noqa: S608  # names of the schema
    )


def _columns(
    connection: duckdb.DuckDBPyConnection, database: str = "kept"
) -> dict[str, dict[str, str]]:
    """Tables of a database: name -> columns with their types, in order."""
    found = connection.execute(
        "SELECT table_name, column_name, data_type FROM duckdb_columns() "
        "WHERE database_name = ? AND schema_name = 'main' ORDER BY table_name, column_index",
        [database],
    ).fetchall()
    tables: dict[str, dict[str, str]] = {}
    for table, column, kind in found:
        tables.setdefault(str(table), {})[str(column)] = str(kind)
    return tables
