"""Who synchronises which domain: leases with fencing numbers, in SQLite.

A domain has one holder. Who is heard of no more for half an hour, or says for half an hour that no controller
answers it, loses it; among those who asked
meanwhile another is drawn by lot, and its number is greater than all before. What arrives with an
older number is refused, so a holder that does not know that it is none any more harms nothing. The
engine's clock alone counts; where it jumps ahead, a holder that is alive is heard before the lot is drawn.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NamedTuple

from sensor.delivery.sqlite import told_as, transaction
from sensor.delivery.versions import bring_forward

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

FILE: Final = "leases.sqlite"
ENGINE: Final = ""
"""The engine itself, as a holder."""
LAPSE_US: Final = 30 * 60_000_000
ROUND_US: Final = 60_000_000
"""So long candidates may come forward before one is drawn; who is alive asks every ten seconds."""
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS lease (
    domain TEXT PRIMARY KEY, holder TEXT, token INTEGER NOT NULL, seen INTEGER NOT NULL,
    vacant INTEGER) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS candidate (
    domain TEXT NOT NULL, sensor TEXT NOT NULL, seen INTEGER NOT NULL, PRIMARY KEY (domain, sensor))
    WITHOUT ROWID;
"""


class LeaseError(Exception):
    """The file of leases cannot be used; says why."""


class Lease(NamedTuple):
    """Who synchronises a domain (None: nobody yet), under which number, and when it was heard last
    (microseconds) with controllers that answer it.
    """

    domain: str
    holder: str | None
    token: int
    seen: int


class Leases:
    """The leases in a file; several threads and processes may use it. Raises LeaseError, as all it
    does. `draw` chooses one of several.
    """

    def __init__(self, path: Path, draw: Callable[[Sequence[str]], str] = secrets.choice) -> None:
        self._draw = draw
        self._lock = threading.Lock()
        with _told():
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")
            self._db.execute("PRAGMA busy_timeout=5000")
            bring_forward(self._db, [_SCHEMA])

    def close(self) -> None:
        """Give the file back."""
        with self._lock:
            self._db.close()

    def ask(self, sensor: str, domain: str, now: int, *, answered: bool = True) -> int | None:
        """A candidate says that it is there; its number if it is the holder. `answered`: a controller
        answers it, as far as it knows: else it keeps what it has until somebody else comes forward.
        """
        with self._transaction():
            self._candidate(sensor, domain, now if answered else None)
            row = self._db.execute(
                "SELECT holder, token, seen, vacant FROM lease WHERE domain = ?", (domain,)
            ).fetchone()
            holder, token, seen, vacant = row or (None, 0, now, None)
            if holder == sensor:
                if answered:
                    self._put(domain, sensor, token, now, None)
                return int(token)
            if not answered:
                return None
            # a clock that went back: from now on, as if it was heard now
            if holder is not None and now - min(seen, now) < LAPSE_US:
                self._put(domain, holder, token, min(seen, now), None)
                return None
            if vacant is None or vacant > now:
                self._put(domain, holder, token, min(seen, now), now)
                return None
            if now - vacant < ROUND_US:
                return None
            drawn = self._draw(self._there(domain, now))
            self._put(domain, drawn, token + 1, now, None)
            return int(token) + 1 if drawn == sensor else None

    def holds(self, sensor: str, domain: str, token: int) -> bool:
        """Whether what a sensor tells under this number counts."""
        with self._lock, _told():
            row = self._db.execute(
                "SELECT 1 FROM lease WHERE domain = ? AND holder = ? AND token = ?",
                (domain, sensor, token),
            ).fetchone()
        return row is not None

    def all(self) -> list[Lease]:
        """Every domain that somebody ever asked for."""
        with self._lock, _told():
            rows = self._db.execute(
                "SELECT domain, holder, token, seen FROM lease ORDER BY domain"
            ).fetchall()
        return [Lease(*row) for row in rows]

    def _there(self, domain: str, now: int) -> list[str]:
        rows = self._db.execute(
            "SELECT sensor FROM candidate WHERE domain = ? AND seen > ? AND seen <= ? ORDER BY sensor",
            (domain, now - ROUND_US, now),
        )
        return [str(sensor) for (sensor,) in rows]

    def _candidate(self, sensor: str, domain: str, seen: int | None) -> None:
        """Who may be drawn; None: not this one."""
        if seen is None:
            self._db.execute(
                "DELETE FROM candidate WHERE domain = ? AND sensor = ?", (domain, sensor)
            )
        else:
            self._db.execute(
                "INSERT OR REPLACE INTO candidate VALUES (?, ?, ?)", (domain, sensor, seen)
            )

    def _put(
        self, domain: str, holder: str | None, token: int, seen: int, vacant: int | None
    ) -> None:
        self._db.execute(
            "INSERT OR REPLACE INTO lease VALUES (?, ?, ?, ?, ?)",
            (domain, holder, token, seen, vacant),
        )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._lock, _told(), transaction(self._db):
            yield


def _told() -> AbstractContextManager[None]:
    return told_as(lambda why: LeaseError(f"the leases of domains: {why}"))
