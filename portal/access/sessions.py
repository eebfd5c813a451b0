"""Sessions: who is signed in, kept by the server, so that signing out ends them everywhere.

A session ends half a day after its last request, and a week after it began whatever is done. The
cookie holds 256 random bits, the file only their hash. Times in microseconds.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING, Final

import msgspec

from portal.access.roles import Role

if TYPE_CHECKING:
    from portal.access.database import People

IDLE_US: Final = 12 * 3_600_000_000
LONGEST_US: Final = 7 * 24 * 3_600_000_000
_SEEN_US: Final = 60_000_000
"""How exactly it is noted when a session was last used: not every request writes."""
_MOST: Final = 50
"""Sessions of an account; the oldest go."""


class Person(msgspec.Struct, frozen=True):
    """Who asks: an account in a session. `csrf` must come with whatever changes something;
    `language`: "" where none was chosen.
    """

    name: str
    role: Role
    session: str
    csrf: str
    must_change: bool = False
    language: str = ""


class Session(msgspec.Struct, frozen=True):
    """A session as its owner sees it; `id` is the hash of the cookie."""

    id: str
    created: int
    seen: int
    address: str
    agent: str


class Sessions:
    """The sessions of a file of people."""

    def __init__(self, people: People) -> None:
        self._people = people

    def open(self, account: str, address: str, agent: str, now: int) -> str:
        """A new session; what its cookie holds."""
        token = secrets.token_urlsafe(32)
        with self._people.transaction() as db:
            db.execute(
                "DELETE FROM session WHERE seen < ? OR created < ?",
                (now - IDLE_US, now - LONGEST_US),
            )
            db.execute(
                "INSERT INTO session VALUES (?, ?, ?, ?, ?, ?, ?)",
                (_hash(token), account, secrets.token_urlsafe(32), now, now, address, agent[:200]),
            )
            db.execute(
                "DELETE FROM session WHERE id IN (SELECT id FROM session WHERE account = ? "
                "ORDER BY seen DESC LIMIT -1 OFFSET ?)",
                (account, _MOST),
            )
        return token

    def person(self, token: str, now: int) -> Person | None:
        """Whose session it is, if it is one and not over."""
        if not token:
            return None
        with self._people.reading() as db:
            row = db.execute(
                "SELECT session.id, csrf, session.seen, name, role, must_change, language "
                "FROM session JOIN account ON name = account "
                "WHERE session.id = ? AND session.seen >= ? AND session.created >= ?",
                (_hash(token), now - IDLE_US, now - LONGEST_US),
            ).fetchone()
        if row is None:
            return None
        id_, csrf, seen, name, role, must_change, language = row
        if now - seen > _SEEN_US:
            with self._people.transaction() as db:
                db.execute("UPDATE session SET seen = ? WHERE id = ?", (now, id_))
        return Person(name, Role(role), id_, csrf, must_change=bool(must_change), language=language)

    def of(self, account: str, now: int) -> list[Session]:
        """The sessions of an account that are not over, the last used first."""
        with self._people.reading() as db:
            rows = db.execute(
                "SELECT id, created, seen, address, agent FROM session "
                "WHERE account = ? AND seen >= ? AND created >= ? ORDER BY seen DESC",
                (account, now - IDLE_US, now - LONGEST_US),
            ).fetchall()
        return [Session(*row) for row in rows]

    def close(self, id_: str, account: str) -> None:
        """One session of an account is over."""
        with self._people.transaction() as db:
            db.execute("DELETE FROM session WHERE id = ? AND account = ?", (id_, account))

    def close_all(self, account: str) -> None:
        """All sessions of an account are over."""
        with self._people.transaction() as db:
            db.execute("DELETE FROM session WHERE account = ?", (account,))


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
