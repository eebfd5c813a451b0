"""What was read of directories, on disk: objects, bookmarks, and events that nobody has taken yet.

The old values of a change come from here, and a restart goes on where it was: objects, bookmark
and the events that follow from them are written in one transaction, and events stay until the next
ones are asked for, which says that they are stored. Their numbers are given here, so what is sent
twice is known. SQLite; used by the reading thread and the taking one, one at a time.
"""

from __future__ import annotations

import sqlite3
import threading
from contextlib import contextmanager
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Final

import msgspec

from dsl.schema.directory import AccountChange, DirectoryChange, DirectoryObject, GroupChange
from sensor.delivery.sqlite import transaction
from sensor.delivery.versions import bring_forward
from sensor.map.directory.entry import Entry

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from dsl.schema.base import Event

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS object (
    sensor TEXT NOT NULL, guid TEXT NOT NULL, context TEXT NOT NULL, data BLOB NOT NULL,
    PRIMARY KEY (sensor, guid)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS bookmark (
    sensor TEXT NOT NULL, context TEXT NOT NULL, kind TEXT NOT NULL, value BLOB NOT NULL,
    PRIMARY KEY (sensor, context, kind)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS outbox (
    sensor TEXT NOT NULL, seq INTEGER NOT NULL, data BLOB NOT NULL,
    PRIMARY KEY (sensor, seq)) WITHOUT ROWID;
"""
_EVENTS: Final = reduce(or_, (AccountChange, DirectoryChange, DirectoryObject, GroupChange))
_TOLD: Final = ("", "told")
_TOKEN: Final = ("", "token")


class Mirror:
    """The part of the file that belongs to one sensor. `after`: the number of its last event that
    the engine has.
    """

    def __init__(self, path: Path | None, sensor: str, after: int = 0) -> None:
        self._sensor = sensor
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(
            ":memory:" if path is None else path,
            isolation_level=None,
            check_same_thread=False,
            timeout=60,
        )
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        bring_forward(self._connection, [_TABLES])
        self._encode = msgspec.msgpack.Encoder().encode
        self._entry = msgspec.msgpack.Decoder(Entry).decode
        self._event = msgspec.msgpack.Decoder(_EVENTS).decode
        told = int(self.bookmark(*_TOLD) or 0)
        self.forgotten = told > after
        """The engine has lost what it was told: everything must be told anew."""
        self._connection.execute(
            "DELETE FROM outbox WHERE sensor = ? AND seq <= ?", (sensor, after)
        )
        (last,) = self._row("SELECT max(seq) FROM outbox WHERE sensor = ?", sensor)
        self._last = max(int(last or 0), told, after)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of what is done inside, or nothing."""
        with self._lock, transaction(self._connection):
            yield

    # --- objects ----------------------------------------------------------------------------------

    def get(self, guid: str) -> Entry | None:
        """The last version of an object that was read."""
        with self._lock:
            found = self._row(
                "SELECT data FROM object WHERE sensor = ? AND guid = ?", self._sensor, guid
            )
        return self._entry(found[0]) if found else None

    def put(self, context: str, entry: Entry) -> None:
        """The version of an object from now on."""
        self._connection.execute(
            "INSERT OR REPLACE INTO object VALUES (?, ?, ?, ?)",
            (self._sensor, entry.guid, context, self._encode(entry)),
        )

    def guids(self, context: str) -> set[str]:
        """All objects of a naming context, tombstones too."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT guid FROM object WHERE sensor = ? AND context = ?", (self._sensor, context)
            ).fetchall()
        return {guid for (guid,) in rows}

    # --- bookmarks --------------------------------------------------------------------------------

    def bookmark(self, context: str, kind: str) -> bytes | None:
        """How far a naming context was read, by a method or at a server."""
        with self._lock:
            found = self._row(
                "SELECT value FROM bookmark WHERE sensor = ? AND context = ? AND kind = ?",
                self._sensor, context, kind,
            )  # fmt: skip
        return bytes(found[0]) if found else None

    def mark(self, context: str, kind: str, value: bytes | None) -> None:
        """Note it; None: it counts no more."""
        if value is None:
            self._connection.execute(
                "DELETE FROM bookmark WHERE sensor = ? AND context = ? AND kind = ?",
                (self._sensor, context, kind),
            )
        else:
            self._connection.execute(
                "INSERT OR REPLACE INTO bookmark VALUES (?, ?, ?, ?)",
                (self._sensor, context, kind, value),
            )

    def forget(self, context: str, kind: str) -> None:
        """Bookmarks of a naming context whose kind begins so count no more."""
        self._connection.execute(
            "DELETE FROM bookmark WHERE sensor = ? AND context = ? AND kind >= ? AND kind < ?",
            (self._sensor, context, kind, f"{kind}\uffff"),
        )

    def hold(self, token: int) -> None:
        """It is read under this number from now on. Under another one than before nothing that was
        read counts: somebody else has told what changed since.
        """
        if int(self.bookmark(*_TOKEN) or token) != token:
            with self.transaction():
                self._connection.execute("DELETE FROM object WHERE sensor = ?", (self._sensor,))
                self._connection.execute("DELETE FROM outbox WHERE sensor = ?", (self._sensor,))
                self._connection.execute(
                    "DELETE FROM bookmark WHERE sensor = ? AND NOT (context = ? AND kind = ?)",
                    (self._sensor, *_TOLD),
                )
        with self.transaction():
            self.mark(*_TOKEN, str(token).encode())

    # --- events -----------------------------------------------------------------------------------

    def number(self) -> int:
        """The number of an event that is not kept: a sign of life."""
        with self._lock:
            self._last += 1
            return self._last

    def tell(self, events: Iterable[Event]) -> None:
        """Events that follow from what is put in this transaction."""
        rows = []
        for event in events:
            self._last += 1
            event.sensor, event.seq = self._sensor, self._last
            rows.append((self._sensor, self._last, self._encode(event)))
        self._connection.executemany("INSERT INTO outbox VALUES (?, ?, ?)", rows)

    def waiting(self, after: int, most: int) -> list[Event]:
        """The next events behind this number, at most so many."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT data FROM outbox WHERE sensor = ? AND seq > ? ORDER BY seq LIMIT ?",
                (self._sensor, after, most),
            ).fetchall()
        return [self._event(data) for (data,) in rows]

    def stored(self, through: int) -> None:
        """The engine has everything up to this number."""
        with self.transaction():
            self._connection.execute(
                "DELETE FROM outbox WHERE sensor = ? AND seq <= ?", (self._sensor, through)
            )
            self.mark(*_TOLD, str(through).encode())

    def all_objects(self) -> Iterator[tuple[str, Entry]]:
        """Every object with its naming context, a thousand at a time."""
        after = ""
        while True:
            with self._lock:
                rows = self._connection.execute(
                    "SELECT guid, context, data FROM object WHERE sensor = ? AND guid > ? "
                    "ORDER BY guid LIMIT 1000",
                    (self._sensor, after),
                ).fetchall()
            if not rows:
                return
            for guid, context, data in rows:
                after = guid
                yield context, self._entry(data)

    def close(self) -> None:
        """Give the file back."""
        with self._lock:
            self._connection.close()

    def _row(self, query: str, *values: str) -> tuple[bytes, ...]:
        row: tuple[bytes, ...] | None = self._connection.execute(query, values).fetchone()
        return row or ()
