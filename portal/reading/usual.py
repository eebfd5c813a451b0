"""What an account or a machine usually does: when, from or by whom, and what it uses; of the stored events.

Only what succeeded counts: a spray against somebody is none of their habits. Times are UTC.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final, TypedDict

from dsl.schema.registry import event_types
from engine.store.events import filled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from portal.reading.sources import Sources

DAYS: Final = 28
WEEK_H: Final = 168
_DAY_US: Final = 86_400_000_000
_HOUR_US: Final = 3_600_000_000
_SHOWN: Final = 8
_SECONDS: Final = 1.0
_MONDAY_H: Final = 72
"""The first hour of 1970 lies so far into its week, which begins on Monday."""
_USED: Final[Mapping[str, str | None]] = {
    "kerberos_as": None, "kerberos_tgs": "service", "ntlm_auth": "server", "ldap_bind": None,
    "logon": "server", "smb_session": "server", "smb_file": "share", "vpn_session": None,
    "adfs_auth": None, "remote_shell": "server",
}  # fmt: skip
"""Events in which an account uses something from a machine, and the column that says what."""


class Habit(TypedDict):
    """A name, in how many events and on how many days."""

    name: str
    events: int
    days: int


class Habits(TypedDict):
    """`hours`: events in each hour of the week from Monday 0:00; `others`: the machines of an account, the
    accounts of a machine; `resources`: what was used. The most frequent of each.
    """

    hours: list[int]
    others: list[Habit]
    resources: list[Habit]


def of_entity(sources: Sources, name: str) -> Habits | None:
    """Of the last weeks up to the newest event; None where nothing is stored. Raises ReadError."""
    until = sources.status().now or sources.clock()
    values = {"name": name.lower(), "low": until - DAYS * _DAY_US, "most": WEEK_H}
    with sources.reads.reading(_SECONDS) as cursor:
        asked = [n for n in filled(cursor) if n in _USED]
        query = _query(tuple(asked), account="@" in name)
        rows = cursor.execute(query, values).fetchall() if asked else []
    if not rows:
        return None
    hours = [0] * WEEK_H
    others: list[Habit] = []
    resources: list[Habit] = []
    for hour, other, resource, events, days in rows:
        if hour is not None:
            hours[hour] = events
        elif other is not None:
            others.append({"name": str(other), "events": events, "days": days})
        elif resource is not None:
            resources.append({"name": str(resource), "events": events, "days": days})
    return {"hours": hours, "others": others[:_SHOWN], "resources": resources[:_SHOWN]}


@cache
def _query(asked: tuple[str, ...], *, account: bool) -> str:
    """One reading of each table; (hour, other, resource) has one that is not null, of each the first few."""
    me, other = ("account", "source") if account else ("source", "account")
    parts = " UNION ALL ".join(_uses(n, me, other) for n in asked)
    return (
        f"WITH uses AS ({parts}) SELECT hour, other, resource, count(*) AS events, "  # noqa: S608  # names of the schema
        "count(DISTINCT day) AS days FROM uses GROUP BY GROUPING SETS ((hour), (other), (resource)) "
        "QUALIFY row_number() OVER (PARTITION BY grouping(hour, other, resource) "
        "ORDER BY days DESC, events DESC, other, resource) <= $most ORDER BY days DESC, events DESC"
    )


def _uses(event: str, me: str, other: str) -> str:
    columns = event_types()[event].columns
    resource = _USED[event]
    succeeded = "AND coalesce(outcome, 'success') = 'success' " if "outcome" in columns else ""
    what = "NULL" if resource is None else f'"{resource}"'
    if event == "kerberos_tgs":
        what = f"CASE WHEN NOT starts_with({what}, 'krbtgt/') THEN {what} END"
    return (
        f"SELECT (ts // {_HOUR_US} + {_MONDAY_H}) % {WEEK_H} AS hour, {other} AS other, "  # noqa: S608  # names of the schema
        f'{what} AS resource, ts // {_DAY_US} AS day FROM "{event}" '
        f"WHERE {me} = $name AND ts >= $low {succeeded}"
    )
