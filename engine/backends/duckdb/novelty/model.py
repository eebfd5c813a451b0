"""A novelty model at work: it closes days one after the other and reads rows of the day after them.

Days are closed in order from the first that has rows, so a replay learns what a running engine
learned. What is known of closed days is in the database and outlives the rows; the snapshot of a
day is the connection's.
"""

# ruff: noqa: S608 - names of this package and numbers

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.backends.duckdb.novelty.learned import (
    BUDGET_DAYS,
    DAY,
    MOST_CASES,
    Shape,
    create_tables,
    learn,
    snapshot,
)
from engine.backends.duckdb.novelty.score import LEAST_DAYS, score_parts

if TYPE_CHECKING:
    from collections.abc import Iterable

    import duckdb


@dataclass(frozen=True, slots=True)
class NoveltyModel:
    """One model. `rows` is the SQL of its rows with ts in [$low, $high] (microseconds): ts, tie,
    actor, resource, v1, ..., ids (of the events a row is made of). `events`: the types of these.
    """

    shape: Shape
    rows: str
    events: tuple[str, ...]

    def read_at(self, connection: duckdb.DuckDBPyConnection, days: range) -> None:
        """Close the days before the last of `days` that are not closed yet, and have the snapshots
        of `days` at hand.
        """
        create_tables(connection, self.shape)
        closed = self.shape.table("closed")
        last, day = self._value(connection, f"SELECT max(day) FROM {closed}"), days[-1]
        if last is None or last + 1 < day:
            # a day without events teaches nothing; that it is over is told by the last one
            active = self._active(connection, -1 if last is None else last, day)
            for past in active:
                self._forget(connection, past)
                self._close(connection, past)
            if active or last is not None:
                connection.execute(f"INSERT OR IGNORE INTO {closed} VALUES ({day - 1}, FALSE)")
        snapshot(connection, self.shape, days)

    def _active(self, connection: duckdb.DuckDBPyConnection, after: int, before: int) -> list[int]:
        """The days between these two that have events."""
        every = " UNION ".join(
            f'SELECT DISTINCT ts // {DAY} AS day FROM "{e}" WHERE ts >= {(after + 1) * DAY} AND ts < {before * DAY}'
            for e in self.events
        )
        return sorted(int(d) for (d,) in connection.execute(every).fetchall())

    def withhold(self, connection: duckdb.DuckDBPyConnection, day: int, ids: Iterable[int]) -> None:
        """Events behind alerts, whose rows that day must teach nothing."""
        create_tables(connection, self.shape)
        withheld = self.shape.table("withheld")
        connection.execute(
            f"""INSERT INTO {withheld} SELECT DISTINCT {day}, i FROM unnest(?::BIGINT[]) AS u(i)
            WHERE i NOT IN (SELECT id FROM {withheld} WHERE day = {day})""",
            [list(ids)],
        )

    def _close(self, connection: duckdb.DuckDBPyConnection, day: int) -> None:
        """Keep the cases of a day, then learn it."""
        t = self.shape.table
        rows = t("rows")
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {rows} AS {self.rows}",
            {"low": day * DAY, "high": (day + 1) * DAY - 1},
        )
        if self._value(connection, f"SELECT count(*) FROM {rows}"):
            if self.shape.budget and self._taught(connection, day) >= LEAST_DAYS:
                self._keep_cases(connection, day)
            learn(connection, self.shape, rows, day)
        connection.execute(
            f"""INSERT INTO {t("closed")}
            SELECT {day}, EXISTS (SELECT 1 FROM {t("cases")} WHERE day = {day})"""
        )

    def _keep_cases(self, connection: duckdb.DuckDBPyConnection, day: int) -> None:
        """The highest score of each account that day."""
        t = self.shape.table
        snapshot(connection, self.shape, (day,))
        connection.execute(
            f"""CREATE OR REPLACE TEMP TABLE {t("asked")} AS
            SELECT row_number() OVER () AS n, {day} AS day, * FROM {t("rows")}"""
        )
        connection.execute(
            f"""INSERT INTO {t("cases")} SELECT {day}, actor, max(score) AS score
            FROM ({scored(self.shape, t("asked"), t("rows"))}) WHERE score IS NOT NULL
            GROUP BY actor ORDER BY score DESC, actor LIMIT {MOST_CASES * BUDGET_DAYS}"""
        )

    def _taught(self, connection: duckdb.DuckDBPyConnection, day: int) -> int:
        """Days in the window of `day` that have rows."""
        span = f"day >= {day - self.shape.over} AND day < {day}"
        hours = self.shape.table("hour")
        return self._value(connection, f"SELECT count(DISTINCT day) FROM {hours} WHERE {span}") or 0

    def _forget(self, connection: duckdb.DuckDBPyConnection, day: int) -> None:
        """Drop what is too old for `day`, and what a run left that was cut short at it."""
        oldest = day - 2 * self.shape.over
        for what in ("met", "hour", "cases", "withheld"):
            again = "" if what == "withheld" else f" OR day >= {day}"
            connection.execute(f"DELETE FROM {self.shape.table(what)} WHERE day < {oldest}{again}")

    @staticmethod
    def _value(connection: duckdb.DuckDBPyConnection, query: str) -> int | None:
        found = connection.execute(query).fetchall()
        return None if not found or found[0][0] is None else int(found[0][0])


def scored(shape: Shape, asked: str, rows: str) -> str:
    """The whole query of the scores of a table `asked` by the snapshots at hand."""
    parts = score_parts(shape, asked, rows, "s")
    whole = ", ".join(f'"{name}" AS ({query})' for name, query in parts.items())
    return f'WITH {whole} SELECT * FROM "s.scored"'
