"""The file of people: accounts and sessions in SQLite beside the database of alerts.

Several processes use it at once: what the command line changes, the portal sees at its next question.
Only its owner may read it. Knows no password and no request.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from sensor.delivery.sqlite import told_as, transaction
from sensor.delivery.versions import bring_forward

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS account (
    name TEXT PRIMARY KEY, role TEXT NOT NULL, password TEXT NOT NULL, created INTEGER NOT NULL,
    seen INTEGER, failed INTEGER NOT NULL DEFAULT 0, locked_until INTEGER NOT NULL DEFAULT 0,
    totp TEXT, totp_step INTEGER NOT NULL DEFAULT 0, must_change INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS session (
    id TEXT PRIMARY KEY, account TEXT NOT NULL, csrf TEXT NOT NULL, created INTEGER NOT NULL,
    seen INTEGER NOT NULL, address TEXT NOT NULL, agent TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS session_account ON session (account);
CREATE TABLE IF NOT EXISTS fact (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""
_PROVIDERS: Final = """
ALTER TABLE account ADD COLUMN issuer TEXT;
ALTER TABLE account ADD COLUMN subject TEXT;
ALTER TABLE account ADD COLUMN language TEXT NOT NULL DEFAULT '';
CREATE UNIQUE INDEX account_identity ON account (issuer, subject);
"""


class AccessError(Exception):
    """What was asked of accounts cannot be; `text` says why."""

    @property
    def text(self) -> str:
        """As it was given: a `Text` is shown in the reader's language."""
        return self.args[0] if self.args else ""


class People:
    """The file; several threads may use it. Raises AccessError, as all it does."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        with _told():
            try:
                # never where it is there: closing it would end the locks of this process on it, and
                # another one would take the log away from under an open connection
                if not path.exists():
                    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            except OSError as error:
                raise AccessError(f"{path}: {error.strerror}") from error
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA busy_timeout=5000")
            self._db.execute("PRAGMA secure_delete=ON")
            bring_forward(self._db, [_SCHEMA, _PROVIDERS])

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All of what is done with the connection inside, or nothing; one thread at a time."""
        with self._lock, _told(), transaction(self._db):
            yield self._db

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The connection, to ask it something."""
        with self._lock, _told():
            yield self._db

    def close(self) -> None:
        """Give the file back."""
        with self._lock:
            self._db.close()


def beside(database: Path) -> Path:
    """Where the people of a database lie."""
    return database.with_name(f"{database.name}.people")


def _told() -> AbstractContextManager[None]:
    return told_as(lambda why: AccessError(f"the file of accounts: {why}"))
