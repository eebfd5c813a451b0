"""Accounts of people whom a provider of OpenID Connect knows.

They are found by issuer and subject alone: names and addresses of mail change hands. Nobody has a
password for such an account, and its role is what the provider says at each sign-in. Knows no request.
"""

from __future__ import annotations

import itertools
import re
import secrets
from typing import TYPE_CHECKING, Final

from portal.access import passwords
from portal.access.accounts import SELECT, Account, account_of

if TYPE_CHECKING:
    import sqlite3

    from portal.access.database import People
    from portal.access.roles import Role

_ODD: Final = re.compile(r"[^a-z0-9._@-]+")


class Outside:
    """Those of a file of people."""

    def __init__(self, people: People) -> None:
        self._people = people

    def find(self, issuer: str, subject: str) -> Account | None:
        """The account of somebody."""
        with self._people.reading() as db:
            row = db.execute(
                f"{SELECT} WHERE issuer = ? AND subject = ?", (issuer, subject)
            ).fetchone()
        return None if row is None else account_of(row)

    def enter(self, issuer: str, subject: str, name: str, role: Role, now: int) -> Account:
        """Somebody signs in with this role; their account is made at the first time. `name` is a
        wish: where another account has it, a number is added.
        """
        kept = passwords.hashed(secrets.token_hex())  # nobody's, and as slow to try as any
        with self._people.transaction() as db:
            done = db.execute(
                "UPDATE account SET role = ?, seen = ? WHERE issuer = ? AND subject = ?",
                (role.value, now, issuer, subject),
            )
            if done.rowcount == 0:
                db.execute(
                    "INSERT INTO account (name, role, password, created, seen, issuer, subject) "
                    "VALUES (?, ?, ?, ?, ?, ?, ?)",
                    (_free(db, name), role.value, kept, now, now, issuer, subject),
                )
        found = self.find(issuer, subject)
        assert found is not None  # noqa: S101 - just made
        return found


def _free(db: sqlite3.Connection, wish: str) -> str:
    like = _ODD.sub("-", wish[:200].lower()).lstrip("-._@")[:56] or "somebody"
    names = (like if n == 1 else f"{like}-{n}" for n in itertools.count(1))
    return next(
        n for n in names if not db.execute("SELECT 1 FROM account WHERE name = ?", (n,)).fetchone()
    )
