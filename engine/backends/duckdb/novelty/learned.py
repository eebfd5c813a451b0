"""What a novelty model has learned of closed days, and the snapshot that one day's rows are read with.

Tables are named `<prefix>.<what>`. By day, appended when a day is closed:

- `met`: (day, actor, what, value): the actor met the value; `what` 0 is the resource, 1.. are the
  columns of `using`
- `hour`: (day, actor, hour of the week, 0 = Monday 00 h UTC)
- `cases`: (day, actor, score): the highest score of an account that day
- `withheld`: (day, id) of events behind alerts: rows made of them teach nothing
- `closed`: the days that were learnt, and whether their rows had scores

The snapshot of day D is made from the days [D - over, D), once; a statement that looks back over
midnight has those of several days at hand, so the tables of a snapshot have a column `day`.
A day is its number since 1970 (UTC). What is older than `over` is forgotten: nothing stays usual
for ever. Of one day an actor's first `cap` new values of a column are learnt, no more.

Knows no plan and no detection; it is given rows (ts, tie, actor, resource, v1, v2, ..., ids), `ids`
the events a row is made of. The method
and its measurement: docs/decisions/0022.
"""

# ruff: noqa: S608 - the text holds names of this package and numbers, nothing of an author

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection

    import duckdb

DAY: Final = 86_400_000_000
CAP: Final = 20
WEEK: Final = 168
BUDGET_DAYS: Final = 14
"""Closed days whose cases say what a budget of cases a day comes to."""
LEAST_BUDGET_DAYS: Final = 3
MOST_CASES: Final = 100
"""The greatest budget that can be asked for."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What a model is about. `over`: days learned; `names`: what the resource and the columns of
    `using` are called; `host`: the position (from 1) of the one among these that holds the source
    host, 0 if none; `budget`: whether a number of cases a day is asked for.
    """

    prefix: str
    over: int
    names: tuple[str, ...]
    host: int = 0
    budget: bool = True

    @property
    def using(self) -> int:
        """The number of columns of `using`."""
        return len(self.names) - 1

    def table(self, what: str) -> str:
        """The quoted name of a table."""
        return f'"{self.prefix}.{what}"'


_BY_DAY: Final = {
    "met": "day INTEGER, actor VARCHAR, what TINYINT, value VARCHAR",
    "hour": "day INTEGER, actor VARCHAR, hour SMALLINT",
    "cases": "day INTEGER, actor VARCHAR, score DOUBLE",
    "withheld": "day INTEGER, id BIGINT",
    "closed": "day INTEGER PRIMARY KEY, scored BOOLEAN NOT NULL",
}
_AT_HAND: Final = {
    "known": "actor VARCHAR, what TINYINT, value VARCHAR, days BIGINT, first_day INTEGER",
    "actor": "actor VARCHAR, days BIGINT, later BIGINT, weeks BIGINT",
    "pace": "actor VARCHAR, what TINYINT, first_day INTEGER, fresh BIGINT",
    "fresh": "actor VARCHAR, what TINYINT, fresh BIGINT",
    "fan": "actor VARCHAR, least BIGINT, days BIGINT",
    "member": "actor VARCHAR, department VARCHAR, unit VARCHAR, domain VARCHAR",
    "place": "actor VARCHAR, level TINYINT, team VARCHAR",
    "team": "level TINYINT, team VARCHAR, n BIGINT",
    "peer": "level TINYINT, team VARCHAR, what TINYINT, value VARCHAR, k BIGINT",
    "week": "actor VARCHAR, hour SMALLINT, weeks BIGINT",
    "curve": "hour SMALLINT, weeks BIGINT",
    "host": "host VARCHAR, later BIGINT, fresh BIGINT",
    "all": "days BIGINT, weeks BIGINT, later BIGINT, host DOUBLE",
    "paces": "what TINYINT, pace DOUBLE",
    "limit": "cases BIGINT, score DOUBLE",
}
"""The tables of snapshots, behind the column `day`."""


def create_tables(connection: duckdb.DuckDBPyConnection, shape: Shape) -> None:
    """Make the tables by day, where they are not there."""
    for what, columns in _BY_DAY.items():
        connection.execute(f"CREATE TABLE IF NOT EXISTS {shape.table(what)} ({columns})")


def hour_of_week(ts: str) -> str:
    """SQL of the hour of the week of a time; 1970 began on a Thursday."""
    return f"(({ts} // 3600000000 + 72) % {WEEK})"


def week_of(day: str) -> str:
    """SQL of the number of the week (from Monday) of a day."""
    return f"(({day} + 3) // 7)"


def learn(connection: duckdb.DuckDBPyConnection, shape: Shape, rows: str, day: int) -> None:
    """Append what the rows of a closed day teach. Those behind alerts teach nothing, and what is new
    in them is not learnt from an account's other rows of that day either.
    """
    withheld = f"coalesce((SELECT list(id) FROM {shape.table('withheld')} WHERE day = {day}), [])"
    values = "".join(f", v{n}" for n in range(1, shape.using + 1))
    met, span = shape.table("met"), f"day >= {day - shape.over} AND day < {day}"
    connection.execute(
        f"""INSERT INTO {met}
        WITH r AS (SELECT ts, tie, actor, [resource{values}] AS v, list_has_any(ids, {withheld}) AS held
            FROM {rows} WHERE actor IS NOT NULL),
        u AS (SELECT ts, tie, actor, held, unnest(range(len(v)))::TINYINT AS what, unnest(v) AS value FROM r),
        m AS (SELECT actor, what, value, min((ts, tie)) FILTER (WHERE NOT held) AS first,
            bool_or(held) AS held FROM u WHERE value IS NOT NULL GROUP BY ALL HAVING NOT bool_and(held)),
        k AS (SELECT DISTINCT actor, what, value FROM {met} WHERE {span}),
        n AS (SELECT m.*, k.actor IS NULL AS fresh FROM m
            LEFT JOIN k ON k.actor = m.actor AND k.what = m.what AND k.value = m.value)
        SELECT {day}, actor, what, value FROM n WHERE NOT (fresh AND held)
        QUALIFY NOT fresh OR row_number() OVER (
            PARTITION BY actor, what, fresh ORDER BY first, value) <= {CAP}"""
    )
    connection.execute(
        f"""INSERT INTO {shape.table("hour")} SELECT DISTINCT {day}, actor, {hour_of_week("ts")}
        FROM {rows} WHERE actor IS NOT NULL AND NOT list_has_any(ids, {withheld})"""
    )


def snapshot(connection: duckdb.DuckDBPyConnection, shape: Shape, days: Collection[int]) -> None:
    """Have the snapshots of these days at hand, and no others."""
    at = shape.table("at")
    for what, columns in {"at": "", **_AT_HAND}.items():
        told = f"(day INTEGER, {columns})" if columns else "(day INTEGER)"
        connection.execute(f"CREATE TEMP TABLE IF NOT EXISTS {shape.table(what)} {told}")
    held = {int(d) for (d,) in connection.execute(f"SELECT day FROM {at}").fetchall()}
    wanted = set(days)
    if held == wanted:
        return
    _drop(connection, shape, held - wanted)
    for day in sorted(wanted - held):
        _take(connection, shape, day)
        connection.execute(f"INSERT INTO {at} VALUES ({day})")


def _drop(connection: duckdb.DuckDBPyConnection, shape: Shape, days: Collection[int]) -> None:
    """Let go of the snapshots of these days."""
    if days:
        listed = ", ".join(map(str, sorted(days)))
        for what in ("at", *_AT_HAND):
            connection.execute(f"DELETE FROM {shape.table(what)} WHERE day IN ({listed})")


def _take(connection: duckdb.DuckDBPyConnection, shape: Shape, day: int) -> None:
    """Take the snapshot of a day."""
    found = connection.execute(f"SELECT min(day) FROM {shape.table('closed')}").fetchall()
    first = day - shape.over if found[0][0] is None else max(day - shape.over, found[0][0])
    for what, query in _snapshot(shape, day, first).items():
        connection.execute(f"INSERT INTO {shape.table(what)} SELECT {day}, * FROM ({query})")


def _snapshot(shape: Shape, day: int, first: int) -> dict[str, str]:
    """Queries of the tables of a snapshot; later ones read earlier ones. `first`: the first day in
    the window of which anything is known.

    Paces are held out: the earlier half of the days teaches, what is first met in the later half
    was new then.
    """
    t, half, at = shape.table, day - (day - first) // 2, day * DAY

    def own(what: str) -> str:
        return f"(SELECT * EXCLUDE (day) FROM {t(what)} WHERE day = {day})"

    span = f"day >= {day - shape.over} AND day < {day}"
    past = f"day >= {day - BUDGET_DAYS} AND day < {day}"
    bit = f"1::BIGINT << ({week_of('day')} - {(day - shape.over + 3) // 7})"
    return {
        "known": f"""SELECT actor, what, value, count(*) AS days, min(day) AS first_day
            FROM {t("met")} WHERE {span} GROUP BY ALL""",
        "actor": f"""WITH d AS (SELECT DISTINCT actor, day FROM {t("hour")} WHERE {span})
            SELECT actor, count(*) AS days, count(*) FILTER (day >= {half}) AS later,
                ({day} - min(day)) // 7 AS weeks FROM d GROUP BY ALL""",
        "pace": f"""SELECT actor, what, first_day, count(*) AS fresh FROM {own("known")}
            WHERE first_day >= {half} GROUP BY ALL""",
        "fresh": f"SELECT actor, what, sum(fresh) AS fresh FROM {own('pace')} GROUP BY ALL",
        # on how many days there were at least so many new resources
        "fan": f"""WITH u AS (SELECT actor, unnest(range(1, fresh + 1)) AS least
                FROM {own("pace")} WHERE what = 0)
            SELECT actor, least, count(*) AS days FROM u GROUP BY ALL""",
        "member": f"""SELECT key AS actor, any_value(department) AS department,
                any_value(array_to_string(string_split(lower(dn), ',')[2:], ',')) AS unit,
                any_value(domain) AS domain
            FROM dir_object WHERE kind = 'account' AND valid_from <= {at} AND valid_to > {at}
            GROUP BY ALL""",
        "place": f"""WITH p AS (SELECT actor, unnest([0, 1, 2])::TINYINT AS level,
                unnest([department, unit, coalesce(domain, nullif(split_part(actor, '@', 2), ''), '')]) AS team
                FROM {own("actor")} LEFT JOIN {own("member")} USING (actor))
            SELECT * FROM p WHERE team IS NOT NULL AND (team <> '' OR level = 2)""",
        "team": f"SELECT level, team, count(*) AS n FROM {own('place')} GROUP BY ALL",
        "peer": f"""SELECT level, team, what, value, count(*) AS k
            FROM {own("place")} JOIN {own("known")} USING (actor) GROUP BY ALL""",
        # a bit a week: an hour counts with its neighbours, each week once
        "week": f"""WITH h AS (SELECT actor, hour, bit_or({bit}) AS weeks FROM {t("hour")}
                WHERE {span} GROUP BY ALL)
            SELECT actor, (hour + shift + {WEEK}) % {WEEK} AS hour, bit_count(bit_or(weeks)) AS weeks
            FROM h, (SELECT unnest([-1, 0, 1]) AS shift) GROUP BY ALL""",
        "curve": f"""SELECT hour, sum(least(w.weeks, a.weeks)) AS weeks
            FROM {own("week")} AS w JOIN {own("actor")} AS a USING (actor) GROUP BY ALL""",
        "host": f"""WITH d AS (SELECT value AS host, count(DISTINCT day) FILTER (day >= {half}) AS later
                FROM {t("met")} WHERE {span} AND what = {shape.host or -1} GROUP BY ALL),
            f AS (SELECT value AS host, count(DISTINCT first_day) AS fresh FROM {own("known")}
                WHERE what = {shape.host or -1} AND first_day >= {half} GROUP BY ALL)
            SELECT host, later, coalesce(fresh, 0) AS fresh FROM d LEFT JOIN f USING (host)""",
        "all": f"""SELECT (SELECT count(DISTINCT day) FROM {t("hour")} WHERE {span}) AS days,
            (SELECT sum(weeks) FROM {own("actor")}) AS weeks, (SELECT sum(later) FROM {own("actor")}) AS later,
            (SELECT (coalesce(sum(fresh), 0) + 0.5) / (coalesce(sum(later), 0) + 1) FROM {own("host")}) AS host""",
        "paces": f"""SELECT what, sum(fresh) / nullif((SELECT later FROM {own("all")}), 0) AS pace
            FROM {own("fresh")} GROUP BY ALL""",
        # the score that more than so many accounts a day did not exceed
        "limit": f"""WITH d AS (SELECT count(*) AS days FROM {t("closed")} WHERE scored AND {past}),
            c AS (SELECT list(score ORDER BY score DESC) AS scores FROM {t("cases")} WHERE {past})
            SELECT n, coalesce(scores[n * days], 0.0) FROM d, c, range(1, {MOST_CASES + 1}) AS r(n)
            WHERE days >= {LEAST_BUDGET_DAYS}""",
    }  # fmt: skip
