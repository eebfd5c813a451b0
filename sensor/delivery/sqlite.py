"""What every file of SQLite needs: transactions that end whatever happens, and complaints in our words."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All of what is done inside, or nothing. The connection has `isolation_level=None`. Raises sqlite3.Error.

    A commit that fails is rolled back too, else the connection would stay inside; and where SQLite has rolled
    back of itself (a full disk), the error told is that one.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextmanager
def told_as(error: Callable[[str], Exception]) -> Iterator[None]:
    """Complaints of SQLite and of its file, inside, as an error of ours that is given the reason."""
    try:
        yield
    except (sqlite3.Error, OSError) as found:
        raise error(str(getattr(found, "strerror", None) or found)) from found
