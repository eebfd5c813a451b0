"""A database and the files of SQLite beside it as they are at one moment, copied while work goes on.

DuckDB and SQLite both show a reading transaction one state however long it lasts. So the thread that writes
begins one in each file, between two of its own transactions, and another thread copies at its ease.
"""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import duckdb

from engine.store.staging import clean, staging

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from engine.store.store import Store

_PAGES: Final = 4096
_COPY: Final = "copied"


class Snapshot:
    """One moment of a store and of files of SQLite; `copy` may be called in another thread, once."""

    def __init__(self, store: Store, database: Path, beside: Iterable[Path]) -> None:
        """Called by the thread that writes. Raises duckdb.Error, sqlite3.Error, OSError."""
        self._database = database
        self._folder = staging(database)
        clean(database)
        self._folder.mkdir(mode=0o700)
        self._stopped = False
        self._files: dict[Path, sqlite3.Connection] = {}
        self._cursor = store.cursor()
        try:
            self._source = _one(self._cursor.execute("SELECT current_database()").fetchone())
            place = str(self._folder / database.name).replace("'", "''")
            self._cursor.execute(f"ATTACH '{place}' AS {_COPY}")
            self._cursor.begin()
            self._cursor.execute("SELECT count(*) FROM state").fetchone()  # the state is fixed now
            for path in beside:
                connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
                self._files[path] = connection
                connection.execute("BEGIN")
                connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except BaseException:
            self.close()
            raise

    def copy(self) -> list[Path]:
        """Copy all into the folder of `staging`; the copies. Raises duckdb.Error, sqlite3.Error."""
        source = self._source.replace('"', '""')
        self._cursor.execute(f'COPY FROM DATABASE "{source}" TO {_COPY}')
        self._cursor.commit()
        self._cursor.execute(f"DETACH {_COPY}")
        made = [self._folder / self._database.name]
        for path, connection in self._files.items():
            copy = sqlite3.connect(self._folder / path.name, isolation_level=None)
            try:
                connection.backup(copy, pages=_PAGES, sleep=0.0, progress=self._go_on)
                (said,) = copy.execute("PRAGMA quick_check(1)").fetchone()
                if said != "ok":
                    raise sqlite3.DatabaseError(f"{path}: {said}")
                copy.execute("PRAGMA journal_mode = DELETE")  # one file; who opens it sets its own
            finally:
                copy.close()
            made.append(self._folder / path.name)
        return made

    def stop(self) -> None:
        """End `copy`, from another thread: it raises then."""
        self._stopped = True
        self._cursor.interrupt()

    def _go_on(self, *_: int) -> None:
        if self._stopped:
            raise sqlite3.OperationalError("it was stopped")

    def close(self) -> None:
        """Let everything go and remove the copies."""
        for connection in self._files.values():
            connection.close()
        with suppress(duckdb.Error):  # no transaction is open any more
            self._cursor.rollback()
        with suppress(duckdb.Error):  # it is detached already
            self._cursor.execute(f"DETACH {_COPY}")
        self._cursor.close()
        clean(self._database)


def _one(row: tuple[object, ...] | None) -> str:
    return str(row[0]) if row else ""
