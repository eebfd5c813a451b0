"""Writing what is not events: the directory, lists, coverage, and the engine's own state.

Each function takes a connection and runs inside the caller's transaction. Rows come as the structs
of `engine.entities_rows`, `engine.lists` and `engine.coverage`; their fields are the columns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import msgspec
import pyarrow as pa

from dsl.schema.derive import ip_bytes
from engine.entities_rows import (
    DirEntry,
    DirLink,
    DirObject,
    Steps,
    in_steps,
)
from engine.lists import list_row
from engine.store.tables import FOREVER

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import duckdb

    from engine.entities_rows import DirectoryRows, Identity, Row, Step

_R = TypeVar("_R", bound=msgspec.Struct)


def put_directory(connection: duckdb.DuckDBPyConnection, rows: DirectoryRows) -> None:
    """Bring the directory tables up to date; objects, addresses and groups are replaced by key."""
    _delete(connection, "dir_object", "key", rows.keys)
    insert(connection, "dir_object", rows.objects)
    _delete(connection, "dir_address", "ip", [ip_bytes(ip) for ip in rows.ips])
    insert(connection, "dir_address", rows.addresses)
    _delete(connection, "dir_member", "group_key", rows.groups)
    insert(connection, "dir_member", rows.members)
    _delete(connection, "dir_spn", "spn", {s.spn for s in rows.spns})
    insert(connection, "dir_spn", rows.spns)
    _delete(connection, "dir_domain", "name", {d.name for d in rows.domains})
    insert(connection, "dir_domain", list({d.name: d for d in rows.domains}.values()))
    tags = {f"tag:{n.tag}" for n in rows.networks}
    entries = [
        list_row(f"tag:{n.tag}", "ip", n.network, valid_from=n.valid_from) for n in rows.networks
    ]
    put_lists(connection, tags, list(dict.fromkeys(entries)))
    _delete(connection, "dir_change", "key", {c.key for c in rows.changes})
    insert(connection, "dir_change", [*rows.changes, *rows.noted])
    for table, things in rows.steps.by_table.items():
        _put_steps(connection, table, things)


def _put_steps(
    connection: duckdb.DuckDBPyConnection, table: str, things: Mapping[Identity, list[Step]]
) -> None:
    """What is stored of each thing ends where its first step is; the rows of the steps follow."""
    columns = Steps.IDENTITIES[table]
    ends: list[int] = []
    rows: list[Row] = []
    for steps in things.values():
        end, following = in_steps(steps)
        ends.append(end)
        rows += following
    arrays = [pa.array([thing[i] for thing in things]) for i in range(len(columns))]
    arrays.append(pa.array(ends, pa.int64()))
    connection.register("stepping", pa.Table.from_arrays(arrays, names=[*columns, "ends"]))
    same = " AND ".join(f't."{c}" = s."{c}"' for c in columns)
    later = f"FROM stepping s WHERE {same} AND t.valid_to > s.ends"
    connection.execute(
        f'DELETE FROM "{table}" t USING stepping s WHERE {same} AND t.valid_from >= s.ends'  # noqa: S608  # names of this package
    )
    connection.execute(f'UPDATE "{table}" t SET valid_to = s.ends {later}')  # noqa: S608
    connection.unregister("stepping")
    insert(connection, table, rows)


def synced(
    connection: duckdb.DuckDBPyConnection,
) -> tuple[list[DirEntry], list[DirLink], list[DirObject]]:
    """Entries, links and entities of a synchronised directory that are in force."""
    return (
        _open(connection, "dir_entry", DirEntry),
        _open(connection, "dir_link", DirLink),
        _open(connection, "dir_object", DirObject),
    )


def _open(connection: duckdb.DuckDBPyConnection, table: str, make: type[_R]) -> list[_R]:
    """Rows of a table that have not ended, in the order of their beginning."""
    names = make.__struct_encode_fields__
    columns = ", ".join(f'"{n}"' for n in names)
    found = connection.execute(
        f'SELECT {columns} FROM "{table}" WHERE valid_to = {FOREVER} ORDER BY valid_from'  # noqa: S608  # names of structs
    ).fetchall()
    plain = [dict(zip(names, row, strict=True)) for row in found]
    return msgspec.convert(plain, list[make])  # type: ignore[valid-type]  # checked above


def put_lists(
    connection: duckdb.DuckDBPyConnection, names: Iterable[str], rows: Sequence[msgspec.Struct]
) -> None:
    """Replace the entries of whole lists."""
    _delete(connection, "list_entry", "list", list(names))
    insert(connection, "list_entry", rows)


def put_coverage(
    connection: duckdb.DuckDBPyConnection, types: Iterable[str], rows: Sequence[msgspec.Struct]
) -> None:
    """Replace the coverage of event types."""
    _delete(connection, "coverage", "type", list(types))
    insert(connection, "coverage", rows)


def controllers(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Hosts that are or were domain controllers, as far as the directory knows."""
    found = connection.execute(
        "SELECT DISTINCT key FROM dir_object "
        "WHERE kind = 'host' AND list_contains(tags, 'dc') ORDER BY key"
    ).fetchall()
    return [str(key) for (key,) in found]


def put_state(connection: duckdb.DuckDBPyConnection, state: Mapping[str, str]) -> None:
    """Values of the engine by key."""
    if state:
        connection.execute(
            "INSERT OR REPLACE INTO state "
            "SELECT unnest($keys::VARCHAR[]), unnest($values::VARCHAR[])",
            {"keys": list(state), "values": list(state.values())},
        )


def states(connection: duckdb.DuckDBPyConnection, prefix: str) -> dict[str, str]:
    """All values whose key begins with a prefix, by the rest of the key."""
    found = connection.execute(
        "SELECT key, value FROM state WHERE starts_with(key, ?)", [prefix]
    ).fetchall()
    return {str(key)[len(prefix) :]: str(value) for key, value in found}


def insert(
    connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[msgspec.Struct]
) -> None:
    """Append structs to the table whose columns are their fields; `ip` is packed."""
    if not rows:
        return
    names = rows[0].__struct_encode_fields__
    kinds = _kinds(connection, table)
    arrays = []
    for name, field in zip(names, rows[0].__struct_fields__, strict=True):
        values = [getattr(row, field) for row in rows]
        if name == "ip":
            values = [ip_bytes(v) for v in values]
        elif name == "attributes":
            values = [list(v.items()) for v in values]
        arrays.append(pa.array(values, kinds[name]))
    connection.register("arriving", pa.Table.from_arrays(arrays, names=list(names)))
    columns = ", ".join(f'"{n}"' for n in names)
    connection.execute(f'INSERT INTO "{table}" ({columns}) SELECT * FROM arriving')  # noqa: S608  # names of structs
    connection.unregister("arriving")


def _delete(
    connection: duckdb.DuckDBPyConnection, table: str, column: str, values: Iterable[object]
) -> None:
    chosen = list(values)
    if not chosen:
        return
    array = pa.array(chosen)
    connection.register("leaving", pa.Table.from_arrays([array], names=["v"]))
    connection.execute(f'DELETE FROM "{table}" WHERE "{column}" IN (SELECT v FROM leaving)')  # noqa: S608  # names of this module
    connection.unregister("leaving")


_ARROW = {
    "VARCHAR": pa.string(),
    "BIGINT": pa.int64(),
    "BOOLEAN": pa.bool_(),
    "BLOB": pa.binary(),
    "VARCHAR[]": pa.list_(pa.string()),
    "MAP(VARCHAR, VARCHAR)": pa.map_(pa.string(), pa.string()),
}


def _kinds(connection: duckdb.DuckDBPyConnection, table: str) -> dict[str, pa.DataType]:
    described = connection.execute(f'DESCRIBE "{table}"').fetchall()
    return {str(name): _ARROW[str(kind)] for name, kind, *_ in described}
