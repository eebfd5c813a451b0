"""Tokens of the API: who may ask what, for programs.

A token is 256 random bits, of which only the SHA-256 is kept: a plain hash suffices for what nobody can
guess. SQLite beside the database: what the command line changes holds at the next request. Several threads
and processes. Knows no request.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
import sqlite3
import threading
from typing import TYPE_CHECKING, Final

import msgspec

from portal.access.roles import Role  # noqa: TC001 - msgspec reads annotations at run time
from sensor.delivery.versions import bring_forward

if TYPE_CHECKING:
    from pathlib import Path

_TABLE: Final = """
CREATE TABLE IF NOT EXISTS token (
    name TEXT PRIMARY KEY, role TEXT NOT NULL, hash TEXT NOT NULL UNIQUE, made INTEGER NOT NULL,
    maker TEXT NOT NULL, expires INTEGER, revoked INTEGER, used INTEGER);
"""
_PREFIX: Final = "atp_"
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_USED_US: Final = 60_000_000
"""How exactly the last use is known: not every request is worth a write."""
_PATIENCE_S: Final = 10.0


class TokenError(ValueError):
    """What was asked cannot be done with tokens; says why."""


class Token(msgspec.Struct, frozen=True):
    """A token without its secret. Times in microseconds; `expires` None: never."""

    name: str
    role: Role
    made: int
    maker: str
    expires: int | None
    revoked: int | None
    used: int | None

    def valid(self, now: int) -> bool:
        """Whether it opens anything at that time."""
        return self.revoked is None and (self.expires is None or now < self.expires)


class Tokens:
    """The tokens in a file. Raises sqlite3.Error, as all it does."""

    def __init__(self, path: Path) -> None:
        # its owner's alone, and with it the files that SQLite puts beside it
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        self._lock = threading.Lock()
        self._db = sqlite3.connect(
            path, isolation_level=None, timeout=_PATIENCE_S, check_same_thread=False
        )
        self._db.execute("PRAGMA journal_mode = WAL")
        bring_forward(self._db, [_TABLE])

    def create(self, name: str, role: Role, maker: str, now: int, expires: int | None) -> str:
        """A new token; the text is told this once. Raises TokenError for a name that is taken."""
        if not _NAME.fullmatch(name):
            raise TokenError("a name is of letters, digits and `_`, `.`, `-`, 64 at most")
        secret = _PREFIX + secrets.token_urlsafe(32)
        with self._lock:
            try:
                self._db.execute(
                    "INSERT INTO token (name, role, hash, made, maker, expires) "
                    "VALUES (?, ?, ?, ?, ?, ?)",
                    (name, role.value, _hash(secret), now, maker, expires),
                )
            except sqlite3.IntegrityError:
                raise TokenError(
                    f"there is a token `{name}` already; names are given once"
                ) from None
        return secret

    def known_by(self, text: str, now: int) -> Token | None:
        """The token of this text, where it is valid; its use is noted."""
        if not text.startswith(_PREFIX):
            return None
        hashed = _hash(text)
        with self._lock:
            row = self._db.execute(
                f"SELECT {_COLUMNS}, hash FROM token WHERE hash = ?",  # noqa: S608  # of this module
                (hashed,),
            ).fetchone()
            if row is None or not hmac.compare_digest(row[-1], hashed):
                return None
            token = _token(row[:-1])
            if not token.valid(now):
                return None
            if token.used is None or now - token.used > _USED_US:
                self._db.execute("UPDATE token SET used = ? WHERE name = ?", (now, token.name))
        return token

    def revoke(self, name: str, now: int) -> Token | None:
        """A token opens nothing any more; None where there is none of that name."""
        with self._lock:
            self._db.execute(
                "UPDATE token SET revoked = coalesce(revoked, ?) WHERE name = ?", (now, name)
            )
        return next((t for t in self.tokens() if t.name == name), None)

    def tokens(self) -> list[Token]:
        """All that ever were, by name."""
        with self._lock:
            rows = self._db.execute(f"SELECT {_COLUMNS} FROM token ORDER BY name").fetchall()  # noqa: S608  # of this module
        return [_token(row) for row in rows]

    def close(self) -> None:
        """Give the file back."""
        with self._lock:
            self._db.close()


_COLUMNS: Final = ", ".join(Token.__struct_fields__)


def beside(database: Path) -> Path:
    """Where the tokens of a database lie."""
    return database.with_name(f"{database.name}.access")


def _token(row: tuple[object, ...]) -> Token:
    return msgspec.convert(dict(zip(Token.__struct_fields__, row, strict=True)), Token)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
