"""Erasure of a person from a database: rows of events and of the directory go, alerts get a pseudonym.

All of it in one transaction of the caller's. What was deleted lies in free blocks of the file until it is
written anew (`rewrite`).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

import duckdb

from dsl.schema.registry import event_types
from engine.erasure.values import replaced
from engine.store.database import CONFIG
from engine.store.staging import clean, staging

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from engine.erasure.person import Person

_REPLACED: Final = frozenset({
    "alert_outbox", "alert_row", "alert_record", "alert_suppressed", "alert_event", "withheld", "state",
})  # fmt: skip
"""Tables whose rows stay, without the name; `dir_entry` too, where it is not the person's own."""
_ATTRIBUTES: Final = ("displayName", "mail", "userPrincipalName", "cn", "distinguishedName")


def called(
    connection: duckdb.DuckDBPyConnection, account: str
) -> tuple[set[str], set[str], set[str]]:
    """By the directory: other names of the domain, what else the account is called, keys of its entries."""
    domain = account.partition("@")[2]
    domains = {
        str(n) for (n,) in connection.execute(
            "SELECT netbios FROM dir_domain WHERE name = ? AND netbios IS NOT NULL", [domain]
        ).fetchall()
    }  # fmt: skip
    rows = connection.execute(
        "SELECT sid, dn FROM dir_object WHERE kind = 'account' AND key = ?", [account]
    ).fetchall()
    others = {str(v) for row in rows for v in row if v}
    entries: set[str] = set()
    for guid, sid, dn, attributes in connection.execute(
        "SELECT guid, sid, dn, attributes FROM dir_entry WHERE key = ?", [account]
    ).fetchall():
        entries.add(str(guid))
        named = {str(k).lower(): str(v) for k, v in (attributes or {}).items()}
        others |= {str(v) for v in (guid, sid, dn) if v}
        others |= {named[a.lower()] for a in _ATTRIBUTES if named.get(a.lower())}
    return domains, others, entries


def count(connection: duckdb.DuckDBPyConnection, person: Person) -> dict[str, int]:
    """How many rows of which tables name the person."""
    found = {}
    for table in _tables(connection):
        if table in _REPLACED or table == "dir_entry":
            number = sum(1 for _ in _changed(connection, table, person))
        else:
            query = f'SELECT count(*) FROM "{table}" WHERE {_names(connection, table)}'  # noqa: S608  # names of the catalogue
            (number,) = connection.execute(query, _used(query, person)).fetchone() or (0,)
        if number:
            found[table] = int(number)
    return found


def erase(connection: duckdb.DuckDBPyConnection, person: Person, entries: Iterable[str]) -> None:
    """Delete and replace, inside the caller's transaction. `entries`: guids of the person's own entries."""
    connection.execute(
        "DELETE FROM dir_entry WHERE list_contains(?::VARCHAR[], guid)", [sorted(entries)]
    )
    for table in _tables(connection):
        if table in _REPLACED or table == "dir_entry":
            columns = _columns(connection, table)
            marks = ", ".join(f'"{c}" = ?' for c in columns)
            for rowid, values in list(_changed(connection, table, person)):
                connection.execute(
                    f'UPDATE "{table}" SET {marks} WHERE rowid = ?',  # noqa: S608  # names of the catalogue
                    [*values, rowid],
                )
        else:
            query = f'DELETE FROM "{table}" WHERE {_names(connection, table)}'  # noqa: S608  # as above
            connection.execute(query, _used(query, person))


def rewrite(path: Path) -> None:
    """Write the file of a database that nobody has open anew, without its free blocks. Raises duckdb.Error."""
    clean(path)
    folder = staging(path)
    folder.mkdir(mode=0o700)
    made = folder / path.name
    try:
        with duckdb.connect(config=CONFIG) as connection:
            for place, name in ((path, "old"), (made, "new")):
                quoted = str(place.resolve()).replace("'", "''")
                connection.execute(f"ATTACH '{quoted}' AS {name}")
            connection.execute("COPY FROM DATABASE old TO new")
            connection.execute("DETACH new")
            connection.execute("DETACH old")
        made.chmod(path.stat().st_mode & 0o777)
        if hasattr(os, "chown"):
            os.chown(made, path.stat().st_uid, path.stat().st_gid)
        made.replace(path)
    finally:
        clean(path)


def _tables(connection: duckdb.DuckDBPyConnection) -> list[str]:
    rows = connection.execute(
        "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'main' AND NOT temporary "
        "AND database_name = current_database() ORDER BY table_name"
    ).fetchall()
    return [str(t) for (t,) in rows]


def _columns(connection: duckdb.DuckDBPyConnection, table: str) -> dict[str, str]:
    rows = connection.execute(
        "SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = ? "
        "AND schema_name = 'main' AND database_name = current_database() ORDER BY column_index",
        [table],
    ).fetchall()
    return {str(c): str(t) for c, t in rows}


def _names(connection: duckdb.DuckDBPyConnection, table: str) -> str:
    """A condition that holds for rows whose texts name the person."""
    texts = [c for c, t in _columns(connection, table).items() if "VARCHAR" in t]
    if not texts:
        return "false"
    joined = ", ".join(f'"{c}"::VARCHAR' for c in texts)
    event = event_types().get(table)
    wholes = [
        f'lower("{n}") = $name'
        for n, c in (event.columns.items() if event is not None else ())
        if c.field.kind in ("account", "text") and not c.many and n in texts
    ]
    matched = f"regexp_matches(lower(concat_ws(chr(10), {joined})), $pattern)"
    return " OR ".join([matched, *wholes])


def _used(query: str, person: Person) -> dict[str, str]:
    """The values of a query's parameters: DuckDB refuses those that it does not name."""
    pattern = rf"(^|[^a-z0-9_.\-])({person.alternatives})($|[^a-z0-9_\-.]|\.($|[^a-z0-9_]))"
    values = {"pattern": pattern, "name": person.name}
    return {name: value for name, value in values.items() if f"${name}" in query}


def _changed(
    connection: duckdb.DuckDBPyConnection, table: str, person: Person
) -> Iterable[tuple[int, list[object]]]:
    """Rows (by rowid) that name the person, and their values without the name."""
    columns = ", ".join(f'"{c}"' for c in _columns(connection, table))
    rows = connection.execute(f'SELECT rowid, {columns} FROM "{table}"').fetchall()  # noqa: S608  # names of the catalogue
    for rowid, *values in rows:
        after = [replaced(v, person) for v in values]
        if any(a is not b for a, b in zip(after, values, strict=True)):
            yield int(rowid), after
