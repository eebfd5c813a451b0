"""What profiles have learnt, by key: a table of SQLite in a file beside the store's.

A tick asks for some hundred keys among millions, which is what a B-tree is for: measured, DuckDB's
index took 0.1 ms and more for each row of such an answer, and grew with the table (docs/decisions).
Parts of one key lie together in time order. Speaks SQL, knows no profile and no part.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Final, NamedTuple

from sensor.delivery.sqlite import transaction
from sensor.delivery.versions import bring_forward

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

_TABLES = """
CREATE TABLE IF NOT EXISTS profile (
    id INTEGER PRIMARY KEY, hash TEXT NOT NULL UNIQUE, since INTEGER NOT NULL,
    through INTEGER NOT NULL, grown INTEGER NOT NULL, earliest INTEGER, seen INTEGER NOT NULL,
    used INTEGER NOT NULL, withheld INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS part (
    profile INTEGER NOT NULL, key BLOB NOT NULL, begin INTEGER NOT NULL,
    since INTEGER NOT NULL, until INTEGER NOT NULL, data BLOB NOT NULL,
    PRIMARY KEY (profile, key, begin, since, until)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS part_begin ON part (profile, begin);
"""

_ASKED = """
PRAGMA temp_store = MEMORY;
CREATE TEMP TABLE asked (position INTEGER PRIMARY KEY, key BLOB NOT NULL);
"""


_KEYS: Final = """
WITH RECURSIVE known (key) AS (
    SELECT min(key) FROM part WHERE profile = ?
    UNION ALL SELECT (SELECT min(key) FROM part WHERE profile = ? AND key > known.key) FROM known WHERE key IS NOT NULL)
SELECT key FROM known WHERE key IS NOT NULL
"""


class Progress(NamedTuple):
    """How far a profile has learnt: all its rows with ts in [since, through), of the events with an
    id of at most `seen`. `grown`: the time up to which its parts may have grown together as they do
    when that is learnt. `earliest`: the ts of the first row; `used`: when it was last asked for;
    `withheld`: the latest change of what is withheld that it has learnt.
    """

    id: int
    hash: str
    since: int
    through: int
    grown: int
    earliest: int | None
    seen: int
    used: int
    withheld: int = 0


class Parts:
    """Parts of profiles by key, in a file or (`path` None) in memory. For one thread."""

    def __init__(self, path: Path | None = None, *, read_only: bool = False) -> None:
        """`read_only`: a file that is there already, which another process may have open."""
        if read_only and path is not None:
            uri = f"{path.resolve().as_uri()}?mode=ro"
            self._connection = sqlite3.connect(uri, uri=True, isolation_level=None)
            self._connection.execute("SELECT since, until FROM part LIMIT 0")
            self._connection.executescript(_ASKED)
            return
        self._connection = sqlite3.connect(
            ":memory:" if path is None else path, isolation_level=None
        )
        self._connection.execute("PRAGMA journal_mode = WAL")
        # what is lost at a power cut is learnt again from the events
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.execute("PRAGMA cache_size = -65536")
        # the last step is the format: what is of an older one is learnt anew
        drop = "DROP TABLE IF EXISTS part; DROP TABLE IF EXISTS profile;"
        bring_forward(self._connection, ["", drop + _TABLES])
        self._connection.executescript(_ASKED)

    def transaction(self) -> AbstractContextManager[None]:
        """All of what is done inside, or nothing."""
        return transaction(self._connection)

    def progress(self) -> dict[str, Progress]:
        """Every profile by its hash."""
        rows = self._connection.execute(
            "SELECT id, hash, since, through, grown, earliest, seen, used, withheld FROM profile"
        ).fetchall()
        return {row[1]: Progress(*row) for row in rows}

    def add(self, hash_: str, since: int, through: int, seen: int) -> Progress:
        """A profile that has learnt nothing yet: before `through` it has no rows from `since` on."""
        self._connection.execute(
            "INSERT INTO profile (hash, since, through, grown, seen, used, withheld) "
            "VALUES (?, ?, ?, ?, ?, ?, 0)",
            (hash_, since, through, through, seen, through),
        )
        return self.progress()[hash_]

    def reached(self, progress: Progress) -> None:
        """Note how far a profile has learnt."""
        p = progress
        self._connection.execute(
            "UPDATE profile SET since = ?, through = ?, grown = ?, earliest = ?, seen = ?, "
            "used = ?, withheld = ? WHERE id = ?",
            (p.since, p.through, p.grown, p.earliest, p.seen, p.used, p.withheld, p.id),
        )

    def put(self, profile: int, rows: Iterable[tuple[bytes, int, int, int, bytes]]) -> None:
        """Insert or replace parts: (key, begin, since, until, data)."""
        self._connection.executemany(
            "INSERT OR REPLACE INTO part VALUES (?, ?, ?, ?, ?, ?)",
            ((profile, *row) for row in rows),
        )

    def of_keys(
        self, profile: int, keys: Iterable[bytes], begin: int, end: int
    ) -> list[tuple[int, bytes]]:
        """Parts of keys that begin in [begin, end), key by key in time, each with its key's position: in
        one statement, for a statement a key took a third of a question over thousands of them.
        """
        self._connection.execute("DELETE FROM asked")
        self._connection.executemany("INSERT INTO asked VALUES (?, ?)", enumerate(keys))
        return self._connection.execute(
            "SELECT position, data FROM asked CROSS JOIN part "
            "ON part.profile = ? AND part.key = asked.key AND begin >= ? AND begin < ?",
            (profile, begin, end),
        ).fetchall()

    def after(
        self, profile: int, key: bytes, most: int
    ) -> list[tuple[bytes, int, int, int, bytes]]:
        """The next parts (key, begin, since, until, data) behind a key, at most so many."""
        return self._connection.execute(
            "SELECT key, begin, since, until, data FROM part WHERE profile = ? AND key > ? ORDER BY key, begin LIMIT ?",
            (profile, key, most),
        ).fetchall()

    def every(self, profile: int) -> Iterator[tuple[bytes, bytes]]:
        """All parts (key, data) of a profile, key by key."""
        yield from self._connection.execute(
            "SELECT key, data FROM part WHERE profile = ? ORDER BY key, begin", (profile,)
        )

    def delete(self, profile: int, rows: Iterable[tuple[bytes, int, int, int]]) -> None:
        """Delete parts: (key, begin, since, until)."""
        self._connection.executemany(
            "DELETE FROM part WHERE profile = ? AND key = ? AND begin = ? AND since = ? "
            "AND until = ?",
            ((profile, *row) for row in rows),
        )

    def clear(self, profile: int, begin: int, end: int) -> None:
        """Delete the parts of all keys that begin in [begin, end)."""
        self._connection.execute(
            "DELETE FROM part INDEXED BY part_begin WHERE profile = ? AND begin >= ? AND begin < ?",
            (profile, begin, end),
        )

    def expire(self, profile: int, before: int, most: int) -> None:
        """Delete at most so many parts that begin earlier, the earliest."""
        found = self._connection.execute(
            "SELECT key, begin, since, until FROM part INDEXED BY part_begin "
            "WHERE profile = ? AND begin < ? "
            "ORDER BY begin LIMIT ?",
            (profile, before, most),
        ).fetchall()
        self.delete(profile, found)

    def forget(self, profile: int, most: int) -> bool:
        """Delete some parts of a profile, itself when none is left; whether it is gone."""
        found = self._connection.execute(
            "SELECT key, begin, since, until FROM part WHERE profile = ? LIMIT ?", (profile, most)
        ).fetchall()
        self.delete(profile, found)
        if found:
            return False
        self._connection.execute("DELETE FROM profile WHERE id = ?", (profile,))
        return True

    def keys(self, profile: int) -> Iterator[bytes]:
        """Every key of a profile, one jump of the tree each."""
        for (key,) in self._connection.execute(_KEYS, (profile, profile)):
            yield key

    def close(self) -> None:
        """Give the file back."""
        self._connection.close()
