"""Erasure of a person from a database and all files beside it: what would go, and its going.

What is read anew from the directory, models and unreadable messages are removed whole. The database comes last:
by its directory the person is known, also when an erasure was cut off and is begun again.
"""

from __future__ import annotations

import secrets
import shutil
from typing import TYPE_CHECKING, Final

from engine.erasure.person import Person
from engine.store import erased, erased_beside
from engine.store.store import Store

if TYPE_CHECKING:
    from pathlib import Path

_REWRITTEN: Final = ("desk", "spool", "learnt", "access")
_REMOVED: Final = ("directory", "rejected", "rejected.1", "models")


def preview(store: Store, database: Path, account: str) -> dict[str, int]:
    """How many rows name the account, by table and file; 0: a file that goes whole."""
    person, _ = _person(store, account)
    found = erased.count(store.connection, person)
    for path in _files(database, _REWRITTEN):
        number = erased_beside.count(path, person)
        if number:
            found[path.name] = number
    return found | {path.name: 0 for path in _files(database, _REMOVED)}


def erase(database: Path, account: str, who: str, now: int) -> dict[str, int]:
    """Erase an account from a database that nobody has open; what `preview` said. `who` stands in the audit
    log, at `now`. Raises duckdb.Error, sqlite3.Error, OSError; begin it again then.
    """
    store = Store(database)
    try:
        found = preview(store, database, account)
        person, entries = _person(store, account)
        for path in _files(database, _REWRITTEN):
            entry = (now, who) if path == _beside(database, "desk") else None
            erased_beside.erase(path, person, entry)
        for path in _files(database, _REMOVED):
            _remove(path)
        store.connection.begin()
        erased.erase(store.connection, person, entries)
        store.connection.commit()
        store.checkpoint()
    finally:
        store.close()
    erased.rewrite(database)
    return found


def _person(store: Store, account: str) -> tuple[Person, set[str]]:
    account = account.lower()
    domains, others, entries = erased.called(store.connection, account)
    pseudonym = f"erased-{secrets.token_hex(4)}@{account.partition('@')[2]}"
    return Person(account, pseudonym, domains, others), entries


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
        return
    for end in ("", "-wal", "-shm"):
        path.with_name(f"{path.name}{end}").unlink(missing_ok=True)


def _files(database: Path, ends: tuple[str, ...]) -> list[Path]:
    return [path for end in ends if (path := _beside(database, end)).exists()]


def _beside(database: Path, end: str) -> Path:
    return database.with_name(f"{database.name}.{end}")
