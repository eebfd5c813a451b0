"""What reports ask of stored events: changes of sensitive groups, passwords in clear, how much there is.

Rows come as plain objects, in order. Groups and accounts are sensitive as of the event.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dsl.schema.registry import event_types

if TYPE_CHECKING:
    from collections.abc import Mapping

    import duckdb

    Row = dict[str, object]

_SENSITIVE: Final = """
EXISTS (SELECT 1 FROM dir_object AS o
    WHERE o.kind = '{kind}' AND o.key = e."{column}"
      AND o.valid_from <= e.ts AND e.ts < o.valid_to
      AND (coalesce(o.sensitive, false) OR coalesce(o.admin, false)
           OR coalesce(list_contains(o.tags, 'sensitive'), false)))
"""
_GROUP_CHANGES: Final = f"""
SELECT e.ts, e.actor, e.action, e."group", e.member, e.source, e.dc, e.via, e.outcome
FROM group_change AS e
WHERE e.ts BETWEEN $begin AND $end AND coalesce(e."primary", true)
  AND {_SENSITIVE.format(kind="group", column="group")}
ORDER BY e.ts, e.tie
"""  # noqa: S608 - a constant of this module
_CLEAR_PASSWORDS: Final = """
SELECT e.account, e.source, e.dc, e.outcome, count(*) AS binds, min(e.ts) AS first,
    max(e.ts) AS last, list_contains($sensitive::VARCHAR[], e.account) AS sensitive
FROM ldap_bind AS e
WHERE e.ts BETWEEN $begin AND $end AND e.mechanism = 'simple' AND NOT coalesce(e.encrypted, false)
  AND e.account IS NOT NULL AND coalesce(e."primary", true)
GROUP BY ALL ORDER BY sensitive DESC, e.account, e.source, e.dc, e.outcome
"""


def group_changes(connection: duckdb.DuckDBPyConnection, begin: int, end: int) -> list[Row]:
    """Changes of groups that were sensitive then: ts, actor, action, group, member, source, dc, via,
    outcome. A change that several witnesses told counts once.
    """
    return _rows(connection, _GROUP_CHANGES, {"begin": begin, "end": end})


def clear_passwords(
    connection: duckdb.DuckDBPyConnection, begin: int, end: int, sensitive: set[str]
) -> list[Row]:
    """Simple binds without TLS: account, source, dc, outcome, binds, first, last, sensitive."""
    values = {"begin": begin, "end": end, "sensitive": sorted(sensitive)}
    return _rows(connection, _CLEAR_PASSWORDS, values)


def event_counts(connection: duckdb.DuckDBPyConnection, begin: int, end: int) -> list[Row]:
    """How many events of each type there are in the period: type, events, first, last."""
    found: list[Row] = []
    for name in event_types():
        query = (
            f"SELECT '{name}' AS type, count(*) AS events, min(ts) AS first, max(ts) AS last "  # noqa: S608  # a name of the schema
            f'FROM "{name}" WHERE ts BETWEEN $begin AND $end HAVING count(*) > 0'
        )
        found += _rows(connection, query, {"begin": begin, "end": end})
    return found


def _rows(
    connection: duckdb.DuckDBPyConnection, query: str, values: Mapping[str, object]
) -> list[Row]:
    cursor = connection.execute(query, values)
    names = [str(column[0]) for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
