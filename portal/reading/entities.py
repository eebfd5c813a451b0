"""Entities: users, computers and groups; found by the beginning of a name, and one with all that is known.

What the directory says holds now; what is no more in it, and hosts and accounts that only traffic knows,
are entities too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypedDict

import msgspec

from dsl.schema.derive import ip_text
from engine.entities_rows import DirObject
from engine.store.reads import TooSlowError
from engine.store.tables import FOREVER
from engine.times import iso
from portal.reading import alerts, events
from portal.reading.alerts import AlertCounts  # noqa: TC001 - read at run time

if TYPE_CHECKING:
    import duckdb

    from portal.reading.sources import Sources

Kind = Literal["account", "host", "group", "unknown"]
_SUGGESTED: Final = 20
_SHOWN: Final = 200
"""Addresses, members, groups of one entity."""
_SEEN_S: Final = 2.0


class EntityLine(TypedDict):
    """An entity in a list. `key`: by which everything names it; `tags`: of the installation."""

    key: str
    kind: Kind
    name: str | None
    domain: str | None
    tags: list[str]
    sensitive: bool
    admin: bool
    computer: bool
    alerts: int


class AddressLine(TypedDict):
    """An address that a host had: how certainly, and how that is known; `until` None: still."""

    address: str
    certainty: str | None
    method: str | None
    since: str | None
    until: str | None


class Spelled(TypedDict):
    """Other names: those before, service principal names, the account of a host and the host of an
    account.
    """

    previous: list[str]
    services: list[str]
    host: str | None
    account: str | None


class Directory(TypedDict):
    """What the directory says of it."""

    sid: str | None
    dn: str | None
    department: str | None
    os_build: str | None
    role: list[str]
    flags: list[str]
    encryption: list[str]
    silo: str | None
    created: str | None
    deleted: str | None


class EntityDetail(EntityLine):
    """All that is known of an entity but its activities. `first_seen`, `last_seen`: of the stored events,
    None also where that took too long to find; `groups` it is in, `members` it has.
    """

    directory: Directory | None
    also: Spelled
    addresses: list[AddressLine]
    groups: list[str]
    members: list[str]
    first_seen: str | None
    last_seen: str | None
    counts: AlertCounts


_COLUMNS: Final = ", ".join(f'"{n}"' for n in DirObject.__struct_fields__)


def found(
    sources: Sources, prefix: str, kind: str | None = None, most: int = _SUGGESTED
) -> list[EntityLine]:
    """Entities whose key or name begins so, best known first. Raises ReadError."""
    text = prefix.strip().lower()
    with sources.desk() as desk:
        told = dict(desk.entities(text, most)) if text else {}
    with sources.reads.reading() as cursor:
        rows = cursor.execute(
            f"SELECT {_COLUMNS} FROM dir_object WHERE valid_to = {FOREVER} "  # noqa: S608  # names of a struct
            "AND (starts_with(key, $text) OR starts_with(lower(name), $text)) "
            "AND ($kind IS NULL OR kind = $kind) "
            "ORDER BY NOT coalesce(sensitive, false), length(key), key LIMIT $most",
            {"text": text, "kind": kind, "most": most},
        ).fetchall()
    objects = map(_object, rows)
    known = {one.key: _line(one, told.get(one.key, 0)) for one in objects}
    if kind is None:
        for name, number in told.items():
            known.setdefault(name, _stranger(name, number))
    return list(known.values())[:most]


def one(sources: Sources, key: str) -> EntityDetail | None:
    """All of an entity; None where nothing is known by that name. Raises ReadError."""
    key = key.strip().lower()
    with sources.reads.reading() as cursor:
        known = _known(cursor, key)
        addresses = _addresses(cursor, key)
        services = _texts(cursor, "SELECT spn FROM dir_spn WHERE account = ?", key)
        groups = _texts(cursor, "SELECT group_key FROM dir_member WHERE member_key = ?", key)
        members = _texts(cursor, "SELECT member_key FROM dir_member WHERE group_key = ?", key)
    span = _seen(sources, key)
    counts = alerts.counts(sources, alerts.Wanted(entity=key))
    total = counts["total"]
    if known is None and span is None and not addresses and not total:
        return None
    return {
        **(_stranger(key, total) if known is None else _line(known, total)),
        "directory": None if known is None else _directory(known),
        "also": {
            "previous": [] if known is None else list(known.previous_names),
            "services": services,
            "host": None if known is None else known.host,
            "account": None if known is None else known.account,
        },
        "addresses": addresses,
        "groups": groups,
        "members": members,
        "first_seen": None if span is None else iso(span[0]),
        "last_seen": None if span is None else iso(span[1]),
        "counts": counts,
    }


def _known(cursor: duckdb.DuckDBPyConnection, key: str) -> DirObject | None:
    """What the directory says of it now, or said last."""
    rows = cursor.execute(
        f"SELECT {_COLUMNS} FROM dir_object WHERE key = ? "  # noqa: S608  # names of a struct
        "ORDER BY valid_to DESC, valid_from DESC LIMIT 1",
        [key],
    ).fetchall()
    return _object(rows[0]) if rows else None


def _object(row: tuple[object, ...]) -> DirObject:
    named = zip(DirObject.__struct_fields__, row, strict=True)
    return msgspec.convert({n: v for n, v in named if v is not None}, DirObject)


def _line(known: DirObject, number: int) -> EntityLine:
    return {
        "key": known.key, "kind": known.kind, "name": known.name, "domain": known.domain,
        "tags": list(known.tags), "sensitive": known.sensitive, "admin": known.admin,
        "computer": known.computer, "alerts": number,
    }  # fmt: skip


def _directory(known: DirObject) -> Directory:
    return {
        "sid": known.sid,
        "dn": known.dn,
        "department": known.department,
        "os_build": known.os_build,
        "role": list(known.role),
        "flags": list(known.uac),
        "encryption": list(known.etypes),
        "silo": known.silo,
        "created": None if known.created is None else iso(known.created),
        "deleted": None if known.deleted is None else iso(known.deleted),
    }


def _addresses(cursor: duckdb.DuckDBPyConnection, host: str) -> list[AddressLine]:
    rows = cursor.execute(
        "SELECT ip, certainty, method, valid_from, valid_to FROM dir_address WHERE host = ? "
        "ORDER BY valid_to DESC, valid_from DESC LIMIT ?",
        [host, _SHOWN],
    ).fetchall()
    return [
        {
            "address": ip_text(ip),
            "certainty": certainty,
            "method": method,
            "since": iso(begin) if begin > 0 else None,
            "until": None if end == FOREVER else iso(end),
        }
        for ip, certainty, method, begin, end in rows
    ]


def _texts(cursor: duckdb.DuckDBPyConnection, query: str, key: str) -> list[str]:
    """The first column of rows that are in force now."""
    rows = cursor.execute(f"{query} AND valid_to = {FOREVER} ORDER BY 1 LIMIT {_SHOWN}", [key])
    return [str(text) for (text,) in rows.fetchall()]


def _seen(sources: Sources, key: str) -> tuple[int, int] | None:
    try:
        with sources.reads.reading(_SEEN_S) as cursor:
            return events.seen(cursor, key)
    except TooSlowError:
        return None


def _stranger(name: str, number: int) -> EntityLine:
    return {
        "key": name, "kind": _kind(name), "name": None, "domain": None, "tags": [],
        "sensitive": False, "admin": False, "computer": False, "alerts": number,
    }  # fmt: skip


def _kind(name: str) -> Kind:
    if name.startswith(("ip:", "name:")):
        return "host"
    return "account" if "@" in name else "unknown"
