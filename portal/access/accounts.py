"""Accounts: who may sign in, as what, and with which second factor.

After five wrong passwords an account is locked for a minute, then for twice as long each time, at most
a quarter of an hour: guessing is hopeless and nobody is locked out for long by somebody else. An
account that is not there takes as long to refuse as one that is. Second factor: TOTP (RFC 6238), each
code good once. People of an OpenID provider have accounts too, without password (`access.outside`).
Knows no request; times in microseconds.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from functools import cache
from typing import TYPE_CHECKING, Final

import msgspec
import pyotp

from portal.access import passwords
from portal.access.database import AccessError
from portal.access.roles import Role
from portal.languages import Text

if TYPE_CHECKING:
    import sqlite3

    from portal.access.database import People

TRIES: Final = 5
_LOCK_US: Final = 60_000_000
_LONGEST_US: Final = 15 * _LOCK_US
_STEP_US: Final = 30_000_000
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")
_SETUP: Final = "setup"


class Account(msgspec.Struct, frozen=True):
    """An account. `second_factor`: a code is asked for as well; `must_change`: its first act is a
    password of its own; `issuer`: the provider through which it signs in, "" with a password.
    """

    name: str
    role: Role
    created: int
    seen: int | None
    locked_until: int
    second_factor: bool
    must_change: bool
    issuer: str = ""


class Refused(msgspec.Struct, frozen=True):
    """Why nobody was signed in: `password` (wrong, or no such account), `locked`, `code` (the
    second factor is missing or wrong).
    """

    why: str


class Accounts:
    """The accounts of a file of people."""

    def __init__(self, people: People) -> None:
        self._people = people

    # --- administration ---------------------------------------------------------------------------

    def all(self) -> list[Account]:
        """Every account, by name."""
        with self._people.reading() as db:
            return [account_of(row) for row in db.execute(f"{SELECT} ORDER BY name")]

    def find(self, name: str) -> Account | None:
        """The account of a name."""
        with self._people.reading() as db:
            row = db.execute(f"{SELECT} WHERE name = ?", (name.lower(),)).fetchone()
        return None if row is None else account_of(row)

    def add(
        self, name: str, role: Role, password: str, now: int, *, must_change: bool = False
    ) -> Account:
        """A new account. Raises AccessError: a poor name or password, or the name is taken."""
        name = name.strip().lower()
        if not _NAME.fullmatch(name):
            raise AccessError(Text("a name has letters, digits and . _ @ -, at most 64 of them"))
        _good(password, name)
        kept = passwords.hashed(password)
        with self._people.transaction() as db:
            if db.execute("SELECT 1 FROM account WHERE name = ?", (name,)).fetchone():
                raise AccessError(Text("there is an account %(name)s already", name=name))
            db.execute(
                "INSERT INTO account (name, role, password, created, must_change) VALUES (?, ?, ?, ?, ?)",
                (name, role.value, kept, now, int(must_change)),
            )
        return Account(name, role, now, None, 0, second_factor=False, must_change=must_change)

    def set_role(self, name: str, role: Role) -> None:
        """Another role; never takes the last administrator away. Raises AccessError."""
        with self._people.transaction() as db:
            _of_ours(db, name)
            if role is not Role.ADMINISTRATOR:
                _not_the_last(db.execute(_ADMINISTRATORS).fetchall(), name)
            done = db.execute("UPDATE account SET role = ? WHERE name = ?", (role.value, name))
            _one(done.rowcount, name)

    def set_password(self, name: str, password: str, *, must_change: bool = False) -> None:
        """Another password; the lock is off, and every session of the account is over."""
        _good(password, name)
        kept = passwords.hashed(password)
        with self._people.transaction() as db:
            _of_ours(db, name)
            done = db.execute(
                "UPDATE account SET password = ?, failed = 0, locked_until = 0, must_change = ? "
                "WHERE name = ?",
                (kept, int(must_change), name),
            )
            _one(done.rowcount, name)
            db.execute("DELETE FROM session WHERE account = ?", (name,))

    def set_second_factor(self, name: str, secret: str | None) -> None:
        """Ask for codes of this secret from now on; None: for none."""
        with self._people.transaction() as db:
            if secret is not None:
                _of_ours(db, name)
            done = db.execute(
                "UPDATE account SET totp = ?, totp_step = 0 WHERE name = ?", (secret, name)
            )
            _one(done.rowcount, name)

    def set_language(self, name: str, language: str) -> None:
        """The language of its pages; "": as the browser wishes."""
        with self._people.transaction() as db:
            done = db.execute("UPDATE account SET language = ? WHERE name = ?", (language, name))
            _one(done.rowcount, name)

    def remove(self, name: str) -> None:
        """The account and its sessions are gone. Raises AccessError: none such, or the last
        administrator.
        """
        with self._people.transaction() as db:
            _not_the_last(db.execute(_ADMINISTRATORS).fetchall(), name)
            done = db.execute("DELETE FROM account WHERE name = ?", (name,))
            _one(done.rowcount, name)
            db.execute("DELETE FROM session WHERE account = ?", (name,))

    # --- signing in -------------------------------------------------------------------------------

    def sign_in(self, name: str, password: str, code: str, now: int) -> Account | Refused:
        """The account that this password, and code where it has a second factor, belong to."""
        name = name.strip().lower()
        with self._people.reading() as db:
            row = db.execute(
                "SELECT password, locked_until, totp, totp_step FROM account WHERE name = ?",
                (name,),
            ).fetchone()
        kept, locked_until, totp, last_step = row or (_nobody(), 0, None, 0)
        right = passwords.matches(str(kept), password)
        if locked_until > now:
            return Refused("locked")  # whatever the password: nothing is learnt by trying
        if row is None or not right:
            self._failed(name, now)
            return Refused("password")
        step = _step_of(totp, code, now, int(last_step)) if totp else last_step
        if step is None:
            if code:
                self._failed(name, now)
            return Refused("code")
        with self._people.transaction() as db:
            taken = db.execute(
                "UPDATE account SET failed = 0, locked_until = 0, seen = ?, totp_step = ? "
                "WHERE name = ? AND (totp IS NULL OR totp_step < ?)",
                (now, step, name, step),
            )
            if taken.rowcount == 0:
                return Refused("code")  # the same code at the same moment, elsewhere
        found = self.find(name)
        return found or Refused("password")

    def knows(self, name: str, password: str, now: int) -> bool:
        """Whether it is the password of an account that is not locked; counts as a try."""
        with self._people.reading() as db:
            row = db.execute(
                "SELECT password, locked_until FROM account WHERE name = ?", (name,)
            ).fetchone()
        if row is None or row[1] > now:
            return False
        if not passwords.matches(str(row[0]), password):
            self._failed(name, now)
            return False
        return True

    def _failed(self, name: str, now: int) -> None:
        with self._people.transaction() as db:
            row = db.execute("SELECT failed FROM account WHERE name = ?", (name,)).fetchone()
            if row is None:
                return
            failed = int(row[0]) + 1
            over = failed - TRIES
            lock = 0 if over < 0 else min(_LOCK_US << min(over, 10), _LONGEST_US)
            db.execute(
                "UPDATE account SET failed = ?, locked_until = ? WHERE name = ?",
                (failed, now + lock if lock else 0, name),
            )

    # --- the first administrator ------------------------------------------------------------------

    def setup_code(self) -> str | None:
        """A new code with which the first administrator is made; None where there is an account.
        The one before is worth nothing.
        """
        code = "-".join(secrets.token_hex(2) for _ in range(4))
        with self._people.transaction() as db:
            if db.execute("SELECT 1 FROM account").fetchone():
                return None
            db.execute("INSERT OR REPLACE INTO fact VALUES (?, ?)", (_SETUP, _digest(code)))
        return code

    def first(self, code: str, name: str, password: str, now: int) -> Account:
        """The first administrator, once. Raises AccessError: the code is wrong, or there is one."""
        digest = _digest(code.strip().lower())
        with self._people.transaction() as db:
            if db.execute("SELECT 1 FROM account").fetchone():
                raise AccessError(Text("the first administrator is there already"))
            # taken before it is used: two who have it do not both become one
            taken = db.execute("DELETE FROM fact WHERE key = ? AND value = ?", (_SETUP, digest))
            if taken.rowcount != 1:
                raise AccessError(Text("this is not the code; `atp accounts code` makes another"))
        try:
            return self.add(name, Role.ADMINISTRATOR, password, now)
        except AccessError:
            with self._people.transaction() as db:
                db.execute("INSERT OR REPLACE INTO fact VALUES (?, ?)", (_SETUP, digest))
            raise

    def empty(self) -> bool:
        """Whether there is no account yet."""
        with self._people.reading() as db:
            return db.execute("SELECT 1 FROM account").fetchone() is None


def new_secret() -> str:
    """Of a second factor, in base32."""
    return pyotp.random_base32()


def code_fits(secret: str, code: str, now: int) -> bool:
    """Whether a code is one of the secret about now."""
    return _step_of(secret, code, now, 0) is not None


SELECT: Final = (
    "SELECT name, role, created, seen, locked_until, totp IS NOT NULL, must_change, "
    "coalesce(issuer, '') FROM account"
)
_ADMINISTRATORS: Final = "SELECT name FROM account WHERE role = 'administrator' AND issuer IS NULL"
"""Who gets in whatever becomes of the provider."""


def account_of(row: tuple[str, str, int, int | None, int, int, int, str]) -> Account:
    name, role, created, seen, locked, second, must, issuer = row
    return Account(
        name, Role(role), created, seen, locked, second_factor=bool(second), must_change=bool(must),
        issuer=issuer,
    )  # fmt: skip


def _of_ours(db: sqlite3.Connection, name: str) -> None:
    row = db.execute("SELECT issuer FROM account WHERE name = ?", (name,)).fetchone()
    if row is not None and row[0] is not None:
        raise AccessError(
            Text(
                "%(name)s signs in through %(issuer)s, which says password and role",
                name=name,
                issuer=row[0],
            )
        )


def _step_of(secret: str, code: str, now: int, last: int) -> int | None:
    """The time step that a code is of: this one or its neighbours, and none that was used."""
    code = code.replace(" ", "")
    counter = pyotp.TOTP(secret)
    step = now // _STEP_US
    for at in (step - 1, step, step + 1):
        if at > last and hmac.compare_digest(counter.at(at * 30).encode(), code.encode()):
            return at
    return None


def _good(password: str, name: str) -> None:
    if why := passwords.fault(password, name):
        raise AccessError(why)


def _one(count: int, name: str) -> None:
    if count != 1:
        raise AccessError(Text("there is no account %(name)s", name=name))


def _not_the_last(administrators: list[tuple[str]], name: str) -> None:
    if administrators == [(name,)]:
        raise AccessError(Text("%(name)s is the last administrator", name=name))


def _digest(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()


@cache
def _nobody() -> str:
    return passwords.hashed(secrets.token_hex())
