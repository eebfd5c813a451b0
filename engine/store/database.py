"""How a DuckDB database with the store's tables is opened: a file, or one in memory.

DuckDB runs without extensions and without access to other files, but those of a backup being made. To open an instance costs 20 ms
and to create all tables 40 ms, so databases in memory are attached to one instance of the process
and take their tables from a template: 5 ms each.
"""

from __future__ import annotations

import itertools
import os
import threading
import weakref
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Final

import duckdb

from dsl.schema.registry import event_types
from engine.store.staging import staging
from engine.store.tables import create_statements, event_columns

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CONFIG: Final[dict[str, str | bool | int | float | list[str]]] = {
    # a checkpoint inside an insert stops it for most of a second: leave it to maintenance
    "checkpoint_threshold": "256MB",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "python_enable_replacements": "false",
}
SCHEMA: Final = 1
"""Version of the tables: raised when an older release would misread them. Tables and columns that are merely
added raise it not: an older release leaves them alone."""
_VERSION: Final = "schema"
CLOSED: Final = "SET enable_external_access = false"

_number: Final = itertools.count(1)
_lock: Final = threading.Lock()
_left: Final[list[str]] = []
"""Names of databases in memory whose owner is gone."""


class NewerDatabaseError(duckdb.Error):
    """A newer release wrote the database, and this one does not know what its tables mean."""


@dataclass
class Database:
    """An open database, its owner's connection, and how to let it go."""

    connection: duckdb.DuckDBPyConnection
    name: str = ""
    release: Callable[[], object] = field(default=lambda: None)

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A further connection that reads the same tables."""
        cursor = self.connection.cursor()
        if self.name:
            cursor.execute(f"USE {self.name}")
        return cursor

    def close(self) -> None:
        """Close the owner's connection and free what only it kept."""
        self.connection.close()
        self.release()


def open_file(path: Path) -> Database:
    """Open or create a file; one of an older version gets the tables and columns that it lacks, in one
    transaction. Raises duckdb.Error, `NewerDatabaseError` where a newer release wrote it.
    """
    connection = duckdb.connect(str(path), config=CONFIG)
    copies = f"{staging(path)}{os.sep}".replace("'", "''")
    connection.execute(f"SET allowed_directories = ['{copies}']")
    connection.execute(CLOSED)
    try:
        _bring_forward(connection)
    except BaseException:
        connection.close()
        raise
    return Database(connection)


def schema_of(connection: duckdb.DuckDBPyConnection, catalog: str = "") -> int:
    """The version of a database's tables; 0 where none was noted. Raises NewerDatabaseError."""
    place = f"{catalog}." if catalog else ""
    try:
        row = connection.execute(
            f"SELECT value FROM {place}state WHERE key = '{_VERSION}'"  # noqa: S608  # names of this module
        ).fetchone()
    except duckdb.CatalogException:
        return 0
    found = 0 if row is None else int(row[0])
    if found > SCHEMA:
        raise NewerDatabaseError(
            f"a newer release wrote it (version {found} of its tables, {SCHEMA} is known)"
        )
    return found


def _bring_forward(connection: duckdb.DuckDBPyConnection) -> None:
    had = schema_of(connection)
    connection.begin()
    connection.execute(create_statements())
    known = connection.execute(
        "SELECT table_name, column_name FROM duckdb_columns() "
        "WHERE schema_name = 'main' AND database_name = current_database()"
    ).fetchall()
    there = set(known)
    for name, event in event_types().items():
        for column, kind in event_columns(event).items():
            if (name, column) not in there:
                connection.execute(f'ALTER TABLE "{name}" ADD COLUMN "{column}" {kind}')
    if had != SCHEMA:
        connection.execute(
            "INSERT OR REPLACE INTO state VALUES (?, ?)",
            [_VERSION, str(SCHEMA)],
        )
    connection.commit()


def open_memory() -> Database:
    """A new, empty database in memory with all tables."""
    with _lock:
        _detach_left()
        name = f"memory_{next(_number)}"
        connection = _instance().cursor()
        connection.execute(
            f"ATTACH ':memory:' AS {name}; COPY FROM DATABASE template TO {name} (SCHEMA); USE {name}"
        )
    database = Database(connection, name)
    # also when it is never closed: what the instance holds must not outlive its owner for long
    database.release = weakref.finalize(database, _left.append, name)
    return database


def _detach_left() -> None:
    """Detach what was let go. Not in the finalizer itself: the garbage collector runs that at any
    moment, also inside a call of DuckDB, where another call brought the process down.
    """
    while _left:
        name = _left.pop()
        with _instance().cursor() as cursor:
            cursor.execute(f"DETACH {name}")


@cache
def _instance() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(":memory:", config=CONFIG)
    connection.execute(f"ATTACH ':memory:' AS template; USE template; {create_statements()}")
    connection.execute("USE memory")
    return connection
