"""Files of SQLite bear the version of their tables: older ones are brought forward, newer ones refused.

The version is SQLite's `user_version`; 0 is a new file, or one from before versions were noted. Knows no table.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class NewerFileError(sqlite3.DatabaseError):
    """A newer release wrote the file, and this one does not know what its tables mean."""


def bring_forward(connection: sqlite3.Connection, steps: Sequence[str]) -> int:
    """Give a file the tables of this release; the version it had.

    `steps[n]` makes version n + 1 of version n, as statements; the first of them also stand for files
    without a version, so they make only what is not there. All in one transaction: a crash leaves the file as
    it was. Raises NewerFileError, sqlite3.Error.
    """
    had = version(connection)
    if had > len(steps):
        raise NewerFileError(
            f"a newer release wrote it (version {had} of its tables, {len(steps)} is known); "
            "start that release, or restore a backup"
        )
    if had == len(steps):
        return had
    script = "".join(steps[had:])
    try:
        connection.executescript(
            f"BEGIN IMMEDIATE;{script};PRAGMA user_version = {len(steps)};COMMIT;"
        )
    except BaseException:
        if connection.in_transaction:
            connection.rollback()
        raise
    return had


def version(connection: sqlite3.Connection) -> int:
    """The version of a file's tables."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
