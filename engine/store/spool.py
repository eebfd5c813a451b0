"""Messages on their way to sinks, on disk until a receiver has them: SQLite beside the database.

A message is put in once (`taken`, the change's number, says what is in), and deleted once it was delivered,
refused or dropped for want of room; each is counted. Any thread with a `Spool` of its own.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Final, NamedTuple

from sensor.delivery.sqlite import transaction
from sensor.delivery.versions import bring_forward

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS sink (
    name TEXT PRIMARY KEY, owner TEXT NOT NULL, taken INTEGER NOT NULL DEFAULT 0, sent INTEGER NOT NULL DEFAULT 0,
    refused INTEGER NOT NULL DEFAULT 0, dropped INTEGER NOT NULL DEFAULT 0,
    trouble TEXT NOT NULL DEFAULT '') WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS message (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, sink TEXT NOT NULL, id TEXT NOT NULL, ts INTEGER NOT NULL,
    change TEXT NOT NULL, alert BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS message_sink ON message (sink, seq);
CREATE TABLE IF NOT EXISTS told (
    sink TEXT NOT NULL, number INTEGER NOT NULL, ts INTEGER NOT NULL, PRIMARY KEY (sink, number))
    WITHOUT ROWID;
"""
_POSTED: Final = """
CREATE TABLE IF NOT EXISTS posted (
    sink TEXT NOT NULL, id TEXT NOT NULL, ts INTEGER NOT NULL, PRIMARY KEY (sink, id)) WITHOUT ROWID;
"""
MOST: Final = 100_000
"""Messages of a sink; of more the oldest are dropped."""
_PATIENCE_S: Final = 10.0


class Waiting(NamedTuple):
    """A message of a sink; `alert` is its JSON."""

    seq: int
    id: str
    ts: int
    change: str
    alert: bytes


class Counts(NamedTuple):
    """Of a sink: messages that wait, were delivered, refused by the receiver, dropped for want of room;
    and why the first of them is not delivered, "" where nothing hinders.
    """

    name: str
    waiting: int
    sent: int
    refused: int
    dropped: int
    trouble: str


class Spool:
    """The file; for one thread."""

    def __init__(self, path: Path) -> None:
        """Open or create. Raises sqlite3.Error."""
        self._connection = sqlite3.connect(path, isolation_level=None, timeout=_PATIENCE_S)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        bring_forward(self._connection, [_TABLES, _POSTED])

    def transaction(self) -> AbstractContextManager[None]:
        """All of what is done inside, or nothing."""
        return transaction(self._connection)

    def taken(self, sink: str, owner: str) -> int:
        """Up to which change of its `owner`, a database, a sink has had its messages put in; -1: none."""
        row = self._connection.execute(
            "SELECT taken FROM sink WHERE name = ? AND owner = ?", (sink, owner)
        ).fetchone()
        return -1 if row is None else int(row[0])

    def took(self, sink: str, owner: str, change: int) -> None:
        """Note up to which change messages were put in."""
        self._connection.execute(
            "INSERT INTO sink (name, owner, taken) VALUES (?, ?, ?) "
            "ON CONFLICT (name) DO UPDATE SET taken = excluded.taken, owner = excluded.owner",
            (sink, owner, change),
        )

    def put(self, sink: str, id_: str, ts: int, change: str, alert: bytes) -> None:
        """Let a message wait; where there are `MOST`, the oldest goes."""
        self._connection.execute(
            "INSERT INTO message (sink, id, ts, change, alert) VALUES (?, ?, ?, ?, ?)",
            (sink, id_, ts, change, alert),
        )
        over = self._count(sink) - MOST
        if over > 0:
            self._connection.execute(
                "DELETE FROM message WHERE seq IN (SELECT seq FROM message WHERE sink = ? "
                "ORDER BY seq LIMIT ?)",
                (sink, over),
            )
            self._connection.execute(
                "UPDATE sink SET dropped = dropped + ? WHERE name = ?", (over, sink)
            )

    def last_told(self, sink: str, number: int) -> int | None:
        """When a sink was last told of an alert."""
        row = self._connection.execute(
            "SELECT ts FROM told WHERE sink = ? AND number = ?", (sink, number)
        ).fetchone()
        return None if row is None else int(row[0])

    def told(self, sink: str, number: int, ts: int) -> None:
        """Note that a sink is told of an alert."""
        self._connection.execute("INSERT OR REPLACE INTO told VALUES (?, ?, ?)", (sink, number, ts))

    def forget_told(self, before: int) -> None:
        """Forget of what sinks were told earlier."""
        self._connection.execute("DELETE FROM told WHERE ts < ?", (before,))

    def posted(self, sink: str, id_: str, ts: int) -> bool:
        """Whether a report was put in before; it is from now on."""
        found = self._connection.execute(
            "INSERT OR IGNORE INTO posted VALUES (?, ?, ?)", (sink, id_, ts)
        )
        return found.rowcount == 0

    def forget_posted(self, before: int) -> None:
        """Forget reports that were put in earlier."""
        self._connection.execute("DELETE FROM posted WHERE ts < ?", (before,))

    def first(self, sink: str, most: int = 50) -> list[Waiting]:
        """The oldest messages of a sink."""
        rows = self._connection.execute(
            "SELECT seq, id, ts, change, alert FROM message WHERE sink = ? ORDER BY seq LIMIT ?",
            (sink, most),
        ).fetchall()
        return [Waiting(*row) for row in rows]

    def delivered(self, sink: str, seq: int) -> None:
        """The receiver has it."""
        self._done(sink, seq, "sent")

    def refused(self, sink: str, seq: int) -> None:
        """The receiver does not want it."""
        self._done(sink, seq, "refused")

    def _done(self, sink: str, seq: int, column: str) -> None:
        with self.transaction():
            found = self._connection.execute("DELETE FROM message WHERE seq = ?", (seq,))
            self._connection.execute(
                f"UPDATE sink SET {column} = {column} + ?, trouble = '' WHERE name = ?",  # noqa: S608  # names of this module
                (found.rowcount, sink),
            )

    def trouble(self, sink: str, why: str) -> None:
        """Why nothing is delivered now."""
        self._connection.execute("UPDATE sink SET trouble = ? WHERE name = ?", (why, sink))

    def counts(self) -> list[Counts]:
        """Every sink that ever was, by name."""
        rows = self._connection.execute(
            "SELECT name, sent, refused, dropped, trouble FROM sink ORDER BY name"
        ).fetchall()
        return [Counts(name, self._count(name), *rest) for name, *rest in rows]

    def _count(self, sink: str) -> int:
        query = "SELECT count(*) FROM message WHERE sink = ?"
        return int(self._connection.execute(query, (sink,)).fetchone()[0])

    def close(self) -> None:
        """Give the file back."""
        self._connection.close()


def beside(database: Path) -> Path:
    """Where the spool of a database lies."""
    return database.with_name(f"{database.name}.spool")
