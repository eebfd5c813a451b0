"""Batches on disk from the moment they are made until the engine has them: a SQLite database.

`synchronous=FULL` in WAL mode: what `append` has taken survives a crash of the machine. Beyond the
cap of bytes or age the oldest batches go, counted by type. Rows of state (what was read how far) go
in with the batch that they belong to, or not at all. Knows no event and no network.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from sensor.delivery.sqlite import told_as, transaction
from sensor.delivery.versions import bring_forward

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS batch (
    number INTEGER PRIMARY KEY AUTOINCREMENT, made INTEGER NOT NULL, oldest INTEGER NOT NULL,
    newest INTEGER NOT NULL, counts TEXT NOT NULL, size INTEGER NOT NULL, body BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS state (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""
_DROPPED: Final = "dropped/"
_GAP: Final = "gap/"


class SpoolError(Exception):
    """The spool cannot be written or read; says why. What was in it still is."""


class Packed(NamedTuple):
    """A batch on its way to disk: its bytes, number of events by type, least and greatest `ts`."""

    body: bytes
    counts: Mapping[str, int]
    oldest: int
    newest: int


class Waiting(NamedTuple):
    """How much waits: batches, bytes, and the least `ts` in them (None: nothing waits)."""

    batches: int
    bytes: int
    oldest: int | None


class Gap(NamedTuple):
    """Events of a type that were dropped from the spool, with least and greatest `ts`."""

    type: str
    lost: int
    begin: int
    end: int


class Spool:
    """A spool in a file; several threads may use it. `most_bytes` of batches are kept, none longer
    than `most_age_s`.
    """

    def __init__(self, path: Path, most_bytes: int, most_age_s: float) -> None:
        """Raises SpoolError."""
        self._most_bytes = most_bytes
        self._most_age_us = int(most_age_s * 1_000_000)
        self._lock = threading.Lock()
        try:
            # its owner's alone, and with it the files that SQLite puts beside it
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")
            bring_forward(self._db, [_SCHEMA])
            rows = self._db.execute("SELECT count(*), coalesce(sum(size), 0) FROM batch").fetchone()
        except (sqlite3.Error, OSError) as error:
            raise SpoolError(f"{path}: {getattr(error, 'strerror', None) or error}") from error
        self._batches, self._bytes = int(rows[0]), int(rows[1])

    def append(self, packed: Packed | None, state: Mapping[str, str]) -> None:
        """Keep a batch and rows of state, both or neither. Raises SpoolError."""
        now = time.time_ns() // 1000
        with self._lock, self._transaction():
            if packed is not None:
                size = len(packed.body)
                self._make_room(now, size)
                self._db.execute(
                    "INSERT INTO batch (made, oldest, newest, counts, size, body) "
                    "VALUES (?, ?, ?, ?, ?, ?)",
                    (
                        now, packed.oldest, packed.newest, _json(dict(packed.counts)), size,
                        packed.body,
                    ),
                )  # fmt: skip
                self._batches += 1
                self._bytes += size
            self._put(state)

    def first(self, most_bytes: int, most: int) -> list[tuple[int, bytes]]:
        """The oldest batches with their numbers: at least one, if any, at most so many and so
        large. Raises SpoolError.
        """
        found: list[tuple[int, bytes]] = []
        size = 0
        with self._lock, told_as(SpoolError):
            rows = self._db.execute(
                "SELECT number, size FROM batch ORDER BY number LIMIT ?", (most,)
            )
            numbers: list[int] = []
            for number, length in rows.fetchall():
                size += length
                if numbers and size > most_bytes:
                    break
                numbers.append(number)
            for number in numbers:
                (body,) = self._db.execute(
                    "SELECT body FROM batch WHERE number = ?", (number,)
                ).fetchone()
                found.append((int(number), bytes(body)))
        return found

    def done(self, numbers: Iterable[int]) -> None:
        """The engine has these batches, or will never take them. Raises SpoolError."""
        with self._lock, self._transaction():
            for number in numbers:
                self._delete(number)

    def waiting(self) -> Waiting:
        """What is in it. Raises SpoolError."""
        with self._lock, told_as(SpoolError):
            (oldest,) = self._db.execute("SELECT min(oldest) FROM batch").fetchone()
            return Waiting(self._batches, self._bytes, oldest)

    def dropped(self) -> dict[str, int]:
        """Events that were dropped since the spool was made, by type. Raises SpoolError."""
        return {kind: int(number) for kind, number in self.states(_DROPPED).items()}

    def take_gaps(self) -> list[Gap]:
        """What was dropped since the last call that was followed by `gaps_told`, once half of the
        room is free again: while it is not, telling would push out more. Raises SpoolError.
        """
        if self._bytes > self._most_bytes // 2:
            return []
        return [
            Gap(kind, *msgspec.json.decode(value, type=tuple[int, int, int]))
            for kind, value in self.states(_GAP).items()
        ]

    def gaps_told(self) -> dict[str, str]:
        """Rows of state to append with the batch that tells the gaps."""
        return {_GAP + kind: "" for kind in self.states(_GAP)}

    def states(self, prefix: str) -> dict[str, str]:
        """All values whose key begins with a prefix, by the rest of the key. Raises SpoolError."""
        with self._lock, told_as(SpoolError):
            rows = self._db.execute(
                "SELECT key, value FROM state WHERE substr(key, 1, ?) = ? AND value != ''",
                (len(prefix), prefix),
            ).fetchall()
        return {key[len(prefix) :]: value for key, value in rows}

    def close(self) -> None:
        """What is in it stays there."""
        with self._lock:
            self._db.close()

    def _make_room(self, now: int, size: int) -> None:
        rows = self._db.execute("SELECT number, made, size FROM batch ORDER BY number")
        over = self._bytes + size - self._most_bytes
        gone = []
        for number, made, length in rows:
            if over <= 0 and now - made <= self._most_age_us:
                break
            over -= length
            gone.append(number)
        rows.close()
        for number in gone:
            self._count_dropped(number)
            self._delete(number)

    def _count_dropped(self, number: int) -> None:
        row = self._db.execute(
            "SELECT counts, oldest, newest FROM batch WHERE number = ?", (number,)
        ).fetchone()
        for kind, lost in msgspec.json.decode(row[0], type=dict[str, int]).items():
            before = self._state(_DROPPED + kind)
            gap = self._state(_GAP + kind)
            told, begin, end = (
                msgspec.json.decode(gap, type=tuple[int, int, int]) if gap else (0, row[1], row[2])
            )
            span = (told + lost, min(begin, row[1]), max(end, row[2]))
            self._put({_DROPPED + kind: str(int(before or 0) + lost), _GAP + kind: _json(span)})

    def _delete(self, number: int) -> None:
        row = self._db.execute(
            "DELETE FROM batch WHERE number = ? RETURNING size", (number,)
        ).fetchall()
        if row:
            self._batches -= 1
            self._bytes -= int(row[0][0])

    def _state(self, key: str) -> str:
        row = self._db.execute("SELECT value FROM state WHERE key = ?", (key,)).fetchone()
        return str(row[0]) if row else ""

    def _put(self, state: Mapping[str, str]) -> None:
        self._db.executemany(
            "INSERT INTO state VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            list(state.items()),
        )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """All or nothing; what the spool knows of itself goes back with it."""
        before = self._batches, self._bytes
        try:
            with told_as(SpoolError), transaction(self._db):
                yield
        except BaseException:
            self._batches, self._bytes = before
            raise


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
