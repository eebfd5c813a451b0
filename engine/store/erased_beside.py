"""Erasure of a person from the files of SQLite beside a database: values without the name, no free pages.

For files that nobody else writes to. Whatever the tables are: each text and each packed value is looked at.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import msgspec

from engine.erasure.values import replaced
from sensor.delivery.sqlite import transaction

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from engine.erasure.person import Person


def count(path: Path, person: Person) -> int:
    """How many rows of a file name the person."""
    with closing(sqlite3.connect(path)) as connection:
        tables = [t for t in _tables(connection) if t != "request"]  # that is who asks for it
        return sum(1 for table in tables for _ in _changed(connection, table, person))


def erase(path: Path, person: Person, entry: tuple[int, str] | None = None) -> None:
    """Replace the name in a file, and leave no trace in its free pages; of what profiles learnt, parts whose
    key names the person go. `entry`: (time, who) of a line in the audit log. Raises sqlite3.Error.
    """
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA secure_delete = ON")
        with transaction(connection):
            _replace(connection, person, entry)
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _replace(connection: sqlite3.Connection, person: Person, entry: tuple[int, str] | None) -> None:
    triggers = connection.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
    ).fetchall()
    for name, _ in triggers:  # the audit log only grows, but for this
        connection.execute(f'DROP TRIGGER "{name}"')
    for table in _tables(connection):
        for key, before, after in list(_changed(connection, table, person)):
            where = " AND ".join(f'"{c}" IS ?' for c in key)
            place = [before[c] for c in key]
            if table == "part" and before["key"] is not after["key"]:
                connection.execute(f'DELETE FROM "{table}" WHERE {where}', place)  # noqa: S608  # names of the schema
                continue
            marks = ", ".join(f'"{c}" = ?' for c in after)
            connection.execute(
                f'UPDATE OR REPLACE "{table}" SET {marks} WHERE {where}',  # noqa: S608  # names of the schema
                [*after.values(), *place],
            )
    for _, sql in triggers:
        connection.execute(sql)
    if entry is not None:
        ts, who = entry
        name = person.pseudonym
        connection.execute(
            "INSERT INTO audit (ts, who, action, kind, object, id, verdict, assignee, note, before, "
            "after) VALUES (?, ?, 'erase', 'account', ?, '', NULL, NULL, '', '{}', ?)",
            (ts, who, name, msgspec.json.encode({"pseudonym": name}).decode()),
        )


def _tables(connection: sqlite3.Connection) -> list[str]:
    rows = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'"
    ).fetchall()
    return [str(name) for (name,) in rows]


def _changed(
    connection: sqlite3.Connection, table: str, person: Person
) -> Iterator[tuple[list[str], dict[str, object], dict[str, object]]]:
    """Rows that name the person: columns of the key, the row, the row without the name."""
    columns = connection.execute(f'PRAGMA table_info("{table}")').fetchall()
    names = [str(c[1]) for c in columns]
    key = [str(c[1]) for c in columns if c[5]] or names
    for row in connection.execute(f'SELECT * FROM "{table}"'):  # noqa: S608  # a name of the schema
        before = dict(zip(names, row, strict=True))
        after = {c: replaced(v, person) for c, v in before.items()}
        if any(after[c] is not before[c] for c in names):
            yield key, before, after
