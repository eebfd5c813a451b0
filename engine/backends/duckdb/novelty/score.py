"""The novelty score as SQL over a snapshot: how surprising each row is, in nats.

The meaning is that of `dsl.plan.Model`; here it is written as common table expressions. They hold
names of this package and numbers only, and columns of authors stand behind v1, v2, ...
"""

# ruff: noqa: S608 - see above

from __future__ import annotations

from typing import Final

from engine.backends.duckdb.novelty.learned import DAY, Shape, hour_of_week

PRIOR: Final = 5
"""How many peers the wider group's share weighs; and how many make a group worth naming."""
LEARNT: Final = 7
"""Known on more days than this, a value surprises nobody."""
LEAST_DAYS: Final = 7
"""A model that has learned fewer days of rows says nothing."""
SCALE: Final = 10
"""Nats by which the rest to 1 falls to 1/e."""
LEVELS: Final = 3


def score_parts(shape: Shape, asked: str, rows: str, prefix: str) -> dict[str, str]:
    """Queries by name, each may read those before it. The last gives, for each row of `asked`
    (n, day, ts, actor, resource, v1, ...) whose day is at hand, its score and the numbers behind it;
    `rows` (ts, actor, resource) are the model's rows of the same days. The names begin with `prefix`.
    """
    parts = _Parts(shape, asked, rows, prefix)
    return {
        f"{prefix}.values": parts.values(),
        f"{prefix}.places": parts.places(),
        f"{prefix}.shares": parts.shares(),
        f"{prefix}.surprise": parts.surprise(),
        f"{prefix}.firsts": parts.firsts(),
        f"{prefix}.today": parts.today(),
        f"{prefix}.facts": parts.facts(),
        f"{prefix}.scored": parts.scored(),
    }


class _Parts:
    def __init__(self, shape: Shape, asked: str, rows: str, prefix: str) -> None:
        self.shape, self.asked, self.rows, self.prefix = shape, asked, rows, prefix
        self.whats = range(shape.using + 1)
        self.columns = ["resource", *(f"v{w}" for w in self.whats[1:])]

    def _part(self, name: str) -> str:
        return f'"{self.prefix}.{name}"'

    def values(self) -> str:
        """Every value that is asked about, and on how many days its actor met it."""
        return f"""WITH u AS (SELECT DISTINCT day, actor, unnest(range({len(self.columns)}))::TINYINT AS what,
                unnest([{", ".join(self.columns)}]) AS value FROM {self.asked})
            SELECT u.day, u.actor, u.what, u.value, coalesce(k.days, 0) AS days FROM u
            LEFT JOIN {self.shape.table("known")} AS k
                ON k.day = u.day AND k.actor = u.actor AND k.what = u.what AND k.value = u.value
            WHERE u.value IS NOT NULL AND u.actor IS NOT NULL"""

    def places(self) -> str:
        """The groups of each actor, narrow to wide."""
        return f"""WITH a AS (SELECT DISTINCT day, actor FROM {self._part("values")}),
            p AS (SELECT a.day, a.actor, (b.actor IS NOT NULL)::INTEGER AS active, unnest([0, 1, 2])::TINYINT AS level,
                unnest([m.department, m.unit,
                    coalesce(m.domain, nullif(split_part(a.actor, '@', 2), ''), '')]) AS team
                FROM a LEFT JOIN {self.shape.table("member")} AS m ON m.day = a.day AND m.actor = a.actor
                LEFT JOIN {self.shape.table("actor")} AS b ON b.day = a.day AND b.actor = a.actor)
            SELECT day, actor, active, level, team FROM p WHERE team IS NOT NULL AND (team <> '' OR level = 2)"""

    def shares(self) -> str:
        """Of each value and level: n other members, k of them met it."""
        columns = ", ".join(
            f"coalesce(max(p.n) FILTER (p.level = {i}), 0) AS n{i}, "
            f"coalesce(max(p.k) FILTER (p.level = {i}), 0) AS k{i}, "
            f"any_value(p.team) FILTER (p.level = {i}) AS team{i}"
            for i in range(LEVELS)
        )
        return f"""WITH p AS (SELECT c.day, c.actor, c.what, c.value, p.level, p.team,
                coalesce(t.n, 0) - p.active AS n, coalesce(q.k, 0) - (c.days > 0)::INTEGER AS k
            FROM {self._part("places")} AS p JOIN {self._part("values")} AS c
                ON c.day = p.day AND c.actor = p.actor
            LEFT JOIN {self.shape.table("team")} AS t
                ON t.day = p.day AND t.level = p.level AND t.team = p.team
            LEFT JOIN {self.shape.table("peer")} AS q ON q.day = p.day AND q.level = p.level
                AND q.team = p.team AND q.what = c.what AND q.value = c.value)
            SELECT p.day, p.actor, p.what, p.value, {columns} FROM p
            GROUP BY p.day, p.actor, p.what, p.value"""

    def surprise(self) -> str:
        """The surprise of each value in nats, and the narrowest group worth naming."""
        t = self.shape.table

        def chosen(column: str) -> str:
            return (
                f"CASE WHEN n0 >= {PRIOR} THEN {column}0 WHEN n1 >= {PRIOR} THEN {column}1 "
                f"ELSE {column}2 END AS {column}"
            )

        return f"""WITH d AS (SELECT *, (k2 + 0.5) / (n2 + 1) AS p2 FROM {self._part("shares")}),
            u AS (SELECT *, (k1 + {PRIOR} * p2) / (n1 + {PRIOR}) AS p1 FROM d),
            g AS (SELECT *, (k0 + {PRIOR} * p1) / (n0 + {PRIOR}) AS p0 FROM u),
            h AS (SELECT day, actor, what, value, p0, {chosen("k")}, {chosen("n")}, {chosen("team")} FROM g)
            SELECT h.day, h.actor, h.what, h.value, c.days, h.k, h.n, h.team,
                coalesce(f.fresh, 0) AS fresh, coalesce(a.later, 0) AS later,
                CASE WHEN c.days > {LEARNT} THEN 0 ELSE -ln(h.p0) / (1 + c.days)
                    / sqrt(1 + (coalesce(f.fresh, 0) + coalesce(e.pace, 0)) / (coalesce(a.later, 0) + 1))
                END AS nats
            FROM h JOIN {self._part("values")} AS c
                ON c.day = h.day AND c.actor = h.actor AND c.what = h.what AND c.value = h.value
            LEFT JOIN {t("fresh")} AS f ON f.day = h.day AND f.actor = h.actor AND f.what = h.what
            LEFT JOIN {t("actor")} AS a ON a.day = h.day AND a.actor = h.actor
            LEFT JOIN {t("paces")} AS e ON e.day = h.day AND e.what = h.what"""

    def firsts(self) -> str:
        """The first use of each new resource on a day."""
        return f"""WITH r AS (SELECT ts // {DAY} AS day, actor, resource, min(ts) AS ts FROM {self.rows}
                WHERE resource IS NOT NULL AND actor IN (SELECT actor FROM {self._part("values")})
                GROUP BY ALL)
            SELECT r.* FROM r LEFT JOIN {self.shape.table("known")} AS k
                ON k.day = r.day AND k.actor = r.actor AND k.what = 0 AND k.value = r.resource
            WHERE k.actor IS NULL"""

    def today(self) -> str:
        """How many new resources there were so far on the day."""
        return f"""SELECT a.n, count(*) AS fan FROM {self.asked} AS a JOIN {self._part("firsts")} AS f
                ON f.day = a.day AND f.actor = a.actor AND f.ts <= a.ts GROUP BY a.n"""

    def facts(self) -> str:
        """Each row with all that is known of it."""
        t, host = self.shape.table, self.shape.host
        of_host = f"r.v{host}" if host else "NULL"
        names = ("nats", "days", "k", "n", "team", "fresh", "later")
        facts = ", ".join(f"c{w}.{name} AS {name}{w}" for w in self.whats for name in names)
        joins = " ".join(
            f"LEFT JOIN {self._part('surprise')} AS c{w} ON c{w}.day = r.day AND c{w}.actor = r.actor "
            f"AND c{w}.what = {w} AND c{w}.value = r.{self.columns[w]}"
            for w in self.whats
        )
        return f"""SELECT r.*, {facts}, coalesce(d.fan, 0) AS fan, coalesce(o.days, 0) AS fan_days,
                coalesce(b.later, 0) AS later, coalesce(b.weeks, 0) AS weeks,
                least(coalesce(w.weeks, 0), coalesce(b.weeks, 0)) AS hour_weeks, (coalesce(u.weeks, 0) + 0.5) / (coalesce(e.weeks, 0) + 1) AS curve,
                coalesce({f"c{host}.days = 0" if host else "FALSE"}, FALSE) AS host_new,
                coalesce(h.fresh, 0) AS host_fresh, coalesce(h.later, 0) AS host_later,
                e.host AS host_pace, e.days AS taught
            FROM {self.asked} AS r {joins} JOIN {t("all")} AS e ON e.day = r.day
            LEFT JOIN {self._part("today")} AS d ON d.n = r.n
            LEFT JOIN {t("actor")} AS b ON b.day = r.day AND b.actor = r.actor
            LEFT JOIN {t("fan")} AS o ON o.day = r.day AND o.actor = r.actor AND o.least = d.fan
            LEFT JOIN {t("week")} AS w ON w.day = r.day AND w.actor = r.actor AND w.hour = {hour_of_week("r.ts")}
            LEFT JOIN {t("curve")} AS u ON u.day = r.day AND u.hour = {hour_of_week("r.ts")}
            LEFT JOIN {t("host")} AS h ON h.day = r.day AND h.host = {of_host}"""

    def scored(self) -> str:
        """The parts of the sum, and the score."""
        values = " + ".join(f"coalesce(nats{w}, 0)" for w in self.whats)
        return f"""WITH s AS (SELECT *, {values} AS value_nats,
                CASE WHEN fan > 0 THEN -ln((fan_days + 0.5) / (later + 1)) ELSE 0 END AS fan_nats,
                -ln((hour_weeks + curve) / (weeks + 1)) AS hour_nats,
                CASE WHEN host_new THEN -ln(least(1, (host_fresh + host_pace) / (host_later + 1)))
                    ELSE 0 END AS host_nats
                FROM {self._part("facts")})
            SELECT *, CASE WHEN taught >= {LEAST_DAYS} AND actor IS NOT NULL AND resource IS NOT NULL
                THEN 1 - exp(-(value_nats + fan_nats + hour_nats + host_nats) / {SCALE}) END AS score
            FROM s"""
