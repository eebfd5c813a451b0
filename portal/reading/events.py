"""Stored events: of an entity, by time; and what is known of their types."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final, TypedDict

from dsl.schema.base import ENTITY_KINDS
from dsl.schema.registry import event_types
from engine.event_json import event_dict
from engine.store.events import events, filled
from portal.reading.paging import SOME, mark, place

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

    from portal.reading.sources import Sources

_DAY_US: Final = 86_400_000_000
_NEAR: Final = _DAY_US // 24
_WIDER: Final = 24
"""How far back is looked first, and by how much further at least: most pages are full with what lies near,
and that is found fast."""


class Activities(TypedDict):
    """Events (as `atp decode --format json` writes them), newest first; `next`: the mark of the next page,
    None on the last one.
    """

    events: list[dict[str, object]]
    next: str | None


def of_entity(
    sources: Sources,
    name: str,
    types: Sequence[str] = (),
    since: int | None = None,
    until: int | None = None,
    most: int = SOME,
    after: str | None = None,
) -> Activities:
    """Events in which an entity has a role, with ts in [since, until] (microseconds), of these types;
    empty: of any. Raises MarkError, ReadError.
    """
    begun = place(after, tuple[int, int])
    with sources.reads.reading() as cursor:
        asked = [n for n in filled(cursor) if roles_of(n) and n in (types or event_types())]
        found = _found(cursor, asked, name.lower(), (since, until), begun, most + 1)
        page = found[:most]
        by_id = {e.id: e for e in events(cursor, (i for _, i, _ in page), {n for *_, n in page})}
    told = [event_dict(by_id[i]) for _, i, _ in page if i in by_id]
    return {"events": told, "next": mark(page[-1][:2]) if len(found) > most else None}


def seen(cursor: duckdb.DuckDBPyConnection, name: str) -> tuple[int, int] | None:
    """The least and the greatest ts of the events in which an entity has a role."""
    asked = [n for n in filled(cursor) if roles_of(n)]
    if not asked:
        return None
    parts = " UNION ALL ".join(
        f'SELECT min(ts) AS low, max(ts) AS high FROM "{n}" WHERE {_takes_part(n)}'  # noqa: S608  # names of the schema
        for n in asked
    )
    ((low, high),) = cursor.execute(
        f"SELECT min(low), max(high) FROM ({parts})",  # noqa: S608
        {"name": name},
    ).fetchall()
    return None if low is None else (int(low), int(high))


@cache
def roles_of(event: str) -> tuple[tuple[str, bool], ...]:
    """(column, whether it is a list) of an event type's accounts, hosts and groups."""
    columns = event_types()[event].columns.values()
    return tuple((c.name, c.many) for c in columns if c.field.kind in ENTITY_KINDS)


@cache
def _takes_part(event: str) -> str:
    return "(" + " OR ".join(
        f'list_contains("{column}", $name)' if many else f'"{column}" = $name'
        for column, many in roles_of(event)
    ) + ")"  # fmt: skip


def _found(
    cursor: duckdb.DuckDBPyConnection,
    asked: Sequence[str],
    name: str,
    span: tuple[int | None, int | None],
    begun: tuple[int, int] | None,
    most: int,
) -> list[tuple[int, int, str]]:
    """(ts, id, type) of the newest such events; looks further back where there are too few."""
    if not asked:
        return []
    low = 0 if span[0] is None else span[0]
    high = 2**62 if span[1] is None else span[1]
    if begun is not None:
        high = min(high, begun[0])
    oldest, newest = _stored(cursor, asked, high)
    if oldest is None or newest is None:
        return []
    low = max(low, oldest)
    width = _NEAR
    values = {"name": name, "high": high, "ts": 2**62, "id": 0, "most": most}
    if begun is not None:
        values |= {"ts": begun[0], "id": begun[1]}
    while True:
        bottom = max(low, newest - width)
        parts = " UNION ALL ".join(
            f"SELECT ts, id, '{n}' AS type FROM \"{n}\" WHERE ts BETWEEN $low AND $high "  # noqa: S608  # names of the schema
            f"AND (ts < $ts OR (ts = $ts AND id < $id)) AND {_takes_part(n)}"
            for n in asked
        )
        query = f"SELECT * FROM ({parts}) ORDER BY ts DESC, id DESC LIMIT $most"  # noqa: S608
        rows = cursor.execute(query, values | {"low": bottom}).fetchall()
        if len(rows) >= most or bottom <= low:
            return rows
        # as far as it seems to take, twice: each look costs its plan
        width *= max(_WIDER, 2 * most // max(1, len(rows)))


def _stored(
    cursor: duckdb.DuckDBPyConnection, asked: Sequence[str], high: int
) -> tuple[int | None, int | None]:
    """The least and the greatest ts, up to `high`, of events of these types."""
    parts = " UNION ALL ".join(
        f'SELECT min(ts) AS low, max(ts) AS high FROM "{n}" WHERE ts <= $high'  # noqa: S608  # names of the schema
        for n in asked
    )
    query = f"SELECT min(low), max(high) FROM ({parts})"  # noqa: S608
    ((oldest, newest),) = cursor.execute(query, {"high": high}).fetchall()
    return oldest, newest
