"""What lateral movement is made of, as of a time: who administers hosts, who works on them.

Sessions come from tickets, NTLM logons and the security logs of hosts; administrators from the
directory, from changes of the hosts' groups and from what only an administrator can do (writing to
an administrative share, creating services and tasks, opening a shell). The group `administrators`
of a host has the key `administrators@<host>`, its DNS name or the first label. Knows no path.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    import duckdb

ACTS_US: Final = 30 * 86_400_000_000
"""How long an act of administration tells that its account may do it again."""


class Session(NamedTuple):
    """Credentials of an account lay in the memory of a host. `how`: kerberos, ntlm, network, or the
    type of a logon; `last`: the newest sign of it (microseconds).
    """

    account: str
    host: str
    how: str
    last: int


class Administrator(NamedTuple):
    """An account or group administers a host. `how`: member (of its group) or the act that shows
    it: share, service, task, shell; `since`: when that began, 0 for always, or the newest act.
    """

    principal: str
    host: str
    how: str
    since: int


class Member(NamedTuple):
    """A member of a group, directly or through groups."""

    group: str
    member: str


_SESSIONS: Final = """
WITH ended AS (
    SELECT dc, logon_id, max(ts) AS ts FROM logon
    WHERE via = 'event_4634' AND ts > $after AND ts <= $at GROUP BY ALL
), seen AS (
    SELECT account, source AS host, 'kerberos' AS how, ts FROM kerberos_as
    WHERE outcome = 'success'
    UNION ALL
    SELECT account, source, 'kerberos', ts FROM kerberos_tgs
    WHERE outcome = 'success' AND coalesce(s4u, 'none') = 'none'
    UNION ALL
    SELECT account, source, 'ntlm', ts FROM ntlm_auth WHERE outcome = 'success'
    UNION ALL
    SELECT account, source, 'network', ts FROM logon
    WHERE outcome = 'success' AND logon_type = 'network'
    UNION ALL
    SELECT l.account, l.dc, l.logon_type, l.ts FROM logon AS l
    LEFT JOIN ended AS e ON e.dc = l.dc AND e.logon_id = l.logon_id AND e.ts >= l.ts
    WHERE l.outcome = 'success' AND e.ts IS NULL
      AND l.logon_type NOT IN ('network', 'system')
)
SELECT account, host, how, max(ts) AS last FROM seen
WHERE ts > $after AND ts <= $at AND contains(account, '@') AND host IS NOT NULL
GROUP BY ALL ORDER BY ALL
"""

_CHANGED: Final = """
changed AS (
    SELECT "group", member, any_value(dc) AS host,
        arg_max(action, (ts, tie)) AS action, max(ts) AS ts
    FROM group_change
    WHERE ts <= $at AND action IN ('member_added', 'member_removed')
      AND outcome IS DISTINCT FROM 'denied' AND outcome IS DISTINCT FROM 'error'
    GROUP BY "group", member
)"""
"""The last word of events on each membership."""

_ADMINISTRATORS: Final = f"""
WITH {_CHANGED}, local AS (
    SELECT *, split_part("group", '@', 2) AS place FROM changed
    WHERE starts_with("group", 'administrators@')
), stated AS (
    SELECT *, split_part(group_key, '@', 2) AS place FROM dir_member
    WHERE starts_with(group_key, 'administrators@') AND valid_from <= $at AND $at < valid_to
), members AS (
    SELECT s.member_key AS principal, s.place, s.place AS host, s.valid_from AS since
    FROM stated AS s
    LEFT JOIN local AS c ON c.member = s.member_key AND c.action = 'member_removed'
        AND c.ts >= s.valid_from
        AND (c.place = s.place OR split_part(c.place, '.', 1) = s.place)
    WHERE c.ts IS NULL
    UNION ALL
    SELECT member, place, host, ts FROM local WHERE action = 'member_added'
), acts AS (
    SELECT account, coalesce(server, dc) AS host, 'share' AS how, ts FROM smb_file
    WHERE outcome = 'success' AND regexp_matches(share, '(^|\\\\)([a-z]|admin)[$]$', 'i')
    UNION ALL
    SELECT account, coalesce(server, dc), 'service', ts FROM service_install
    WHERE outcome = 'success' AND remote
    UNION ALL
    SELECT account, coalesce(server, dc), 'task', ts FROM task_create
    WHERE outcome = 'success' AND remote
    UNION ALL
    SELECT account, coalesce(server, dc), 'shell', ts FROM remote_shell WHERE outcome = 'success'
), every AS (
    SELECT principal, host, 'member' AS how, min(since) AS since FROM members
    WHERE place NOT IN (SELECT name FROM dir_domain)
    GROUP BY ALL
    UNION ALL
    SELECT account, host, how, max(ts) FROM acts
    WHERE ts > $acts AND ts <= $at AND contains(account, '@') GROUP BY ALL
)
SELECT principal, host, how, since FROM every
WHERE principal IS NOT NULL AND host IS NOT NULL ORDER BY ALL
"""  # noqa: S608 - a constant of this module

_MEMBERS: Final = f"""
WITH {_CHANGED}, stated AS (
    SELECT group_key AS "group", member_key AS member FROM dir_member
    WHERE valid_from <= $at AND $at < valid_to
)
SELECT "group", member FROM (
    SELECT s."group", s.member FROM stated AS s
    LEFT JOIN changed AS c ON c."group" = s."group" AND c.member = s.member
        AND c.action = 'member_removed'
    WHERE c.ts IS NULL
    UNION
    SELECT "group", member FROM changed WHERE action = 'member_added'
)
WHERE "group" IN (SELECT unnest($groups::VARCHAR[])) AND member IS NOT NULL ORDER BY ALL
"""  # noqa: S608 - a constant of this module

_SENSITIVE: Final = """
SELECT key, kind FROM dir_object
WHERE valid_from <= $at AND $at < valid_to AND kind IN ('account', 'group')
  AND (deleted IS NULL OR $at < deleted)
  AND (coalesce(sensitive, false) OR coalesce(admin, false)
       OR coalesce(list_contains(tags, 'sensitive'), false))
"""


def sessions(connection: duckdb.DuckDBPyConnection, at: int, within: int) -> list[Session]:
    """Accounts that worked on hosts in (`at` - `within`, `at`] and did not log off before `at`."""
    rows = connection.execute(_SESSIONS, {"at": at, "after": at - within}).fetchall()
    return [Session(*row) for row in rows]


def administrators(connection: duckdb.DuckDBPyConnection, at: int) -> list[Administrator]:
    """Who administers hosts then; hosts by name, or by what stands behind `administrators@`."""
    rows = connection.execute(_ADMINISTRATORS, {"at": at, "acts": at - ACTS_US}).fetchall()
    return [Administrator(*row) for row in rows]


def members(connection: duckdb.DuckDBPyConnection, groups: Iterable[str], at: int) -> list[Member]:
    """Members of these groups then."""
    rows = connection.execute(_MEMBERS, {"at": at, "groups": sorted(groups)}).fetchall()
    return [Member(*row) for row in rows]


def sensitive(connection: duckdb.DuckDBPyConnection, at: int) -> tuple[set[str], set[str]]:
    """Accounts and groups then whose control leads to control of the domain."""
    found: dict[str, set[str]] = {"account": set(), "group": set()}
    for key, kind in connection.execute(_SENSITIVE, {"at": at}).fetchall():
        found[str(kind)].add(str(key))
    return found["account"], found["group"]


def computers(connection: duckdb.DuckDBPyConnection, at: int) -> set[str]:
    """Accounts that are computers by the directory then, whatever their names."""
    rows = connection.execute(
        "SELECT key FROM dir_object WHERE kind = 'account' AND computer "
        "AND valid_from <= $at AND $at < valid_to",
        {"at": at},
    ).fetchall()
    return {str(key) for (key,) in rows}


def accounts_named(connection: duckdb.DuckDBPyConnection, text: str, at: int) -> list[str]:
    """Accounts with this key, or with this name before the `@`, that the directory knows then or
    that worked anywhere up to then.
    """
    rows = connection.execute(
        "SELECT DISTINCT key FROM ("
        "SELECT key FROM dir_object WHERE kind = 'account' AND valid_from <= $at "
        "UNION ALL SELECT account FROM kerberos_as WHERE ts <= $at "
        "UNION ALL SELECT account FROM ntlm_auth WHERE ts <= $at "
        "UNION ALL SELECT account FROM logon WHERE ts <= $at) "
        "WHERE key = $text OR starts_with(key, $text || '@') ORDER BY key",
        {"at": at, "text": text},
    ).fetchall()
    keys = [str(key) for (key,) in rows]
    return [text] if text in keys else keys
