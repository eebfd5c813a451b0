"""A trained model at work: says what days teach it, and has what was trained at hand for its rows.

What was trained stands in temporary tables of the connection, by version, with the days on which
it is in force; forests stand in the process (`forests`). Events behind alerts are kept in the
database, for their rows teach nothing.
"""

# ruff: noqa: S608 - names of rules, of this package, and numbers

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa

from engine.backends.duckdb import routines
from engine.backends.duckdb.trained.forests import put_forest
from engine.models.access_anomaly import AccessAnomaly
from engine.models.days import DAY_US, LEAST_DAYS
from engine.models.lessons import MOST_ROWS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import duckdb

    from engine.models.at_hand import Models
    from engine.models.files import Trained
    from engine.models.subject import Subject

_AT_HAND: Final = {
    "at": "day INTEGER, version VARCHAR, told VARCHAR",
    "actor": "version VARCHAR, actor VARCHAR, factors DOUBLE[], usual DOUBLE",
    "resource": "version VARCHAR, resource VARCHAR, factors DOUBLE[]",
}
_ARRIVING: Final = "atp_arriving"


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """One model of one alert. `rows` is the SQL of what it learns from, with ts in [$low, $high]
    (microseconds): ts, tie, the keys as k0, k1, …, the columns of `using` as x0, …; `traced` the
    same with `ids`, the events that a row is made of. `events`: the types of these.
    """

    subject: Subject
    keys: int
    rows: str
    traced: str
    events: tuple[str, ...]
    routines: frozenset[str]

    def table(self, what: str) -> str:
        """The quoted name of a table."""
        return f'"{self.subject.name} {self.subject.of}.{what}"'

    # --- read -------------------------------------------------------------------------------------

    def read_at(self, connection: duckdb.DuckDBPyConnection, days: range, models: Models) -> None:
        """Have what is in force on `days` at hand, and nothing else."""
        for what, columns in _AT_HAND.items():
            connection.execute(f"CREATE TEMP TABLE IF NOT EXISTS {self.table(what)} ({columns})")
        teacher = Teaching(connection, self)
        wanted = {d: m for d in days if (m := models.at(self.subject, d, teacher)) is not None}
        for found in wanted.values():
            if not isinstance(found.model, AccessAnomaly):
                put_forest(found.version, found.model)
        query = f"SELECT day, version FROM {self.table('at')}"
        held = {int(d): str(v) for d, v in connection.execute(query).fetchall()}
        if held != {day: found.version for day, found in wanted.items()}:
            self._replace(connection, wanted, set(held.values()))

    def _replace(
        self,
        connection: duckdb.DuckDBPyConnection,
        wanted: Mapping[int, Trained],
        held: set[str],
    ) -> None:
        fresh = {m.version: m for m in wanted.values()}
        connection.execute(f"DELETE FROM {self.table('at')}")
        gone = held - fresh.keys()
        for what in ("actor", "resource") if gone else ():
            listed = ", ".join(f"'{version}'" for version in sorted(gone))
            connection.execute(f"DELETE FROM {self.table(what)} WHERE version IN ({listed})")
        for version in fresh.keys() - held:
            found = fresh[version].model
            if isinstance(found, AccessAnomaly):
                usual = found.usual.astype("float64")
                actors = _factors(version, "actor", found.actors, found.actor_factors)
                self._insert(connection, "actor", actors.append_column("usual", pa.array(usual)))
                resources = _factors(version, "resource", found.resources, found.resource_factors)
                self._insert(connection, "resource", resources)
        # last: what stands here is whole
        rows = [(day, found.version, found.told) for day, found in wanted.items()]
        if rows:
            connection.executemany(f"INSERT INTO {self.table('at')} VALUES (?, ?, ?)", rows)

    def _insert(self, connection: duckdb.DuckDBPyConnection, what: str, rows: pa.Table) -> None:
        connection.register(_ARRIVING, rows)
        try:
            connection.execute(f"INSERT INTO {self.table(what)} BY NAME SELECT * FROM {_ARRIVING}")
        finally:
            connection.unregister(_ARRIVING)

    # --- learn ------------------------------------------------------------------------------------

    def withhold(self, connection: duckdb.DuckDBPyConnection, day: int, ids: Iterable[int]) -> None:
        """Events behind alerts, whose rows that day must teach nothing."""
        listed = list(ids)
        if not listed:
            return
        withheld = self.table("withheld")
        connection.execute(f"CREATE TABLE IF NOT EXISTS {withheld} (day INTEGER, id BIGINT)")
        connection.execute(
            f"""INSERT INTO {withheld} SELECT DISTINCT {day}, i FROM unnest(?::BIGINT[]) AS u(i)
            WHERE i NOT IN (SELECT id FROM {withheld} WHERE day = {day})""",
            [listed],
        )
        connection.execute(f"DELETE FROM {withheld} WHERE day < {day - 2 * self.subject.over}")

    def days(self, connection: duckdb.DuckDBPyConnection, low: int, high: int) -> list[int]:
        """Days of [low, high) that have events, in order."""
        every = " UNION ".join(
            f'SELECT DISTINCT ts // {DAY_US} AS day FROM "{e}" WHERE ts >= {low * DAY_US} AND ts < {high * DAY_US}'
            for e in self.events
        )
        return sorted(int(d) for (d,) in connection.execute(every).fetchall())

    def lesson(self, connection: duckdb.DuckDBPyConnection, day: int) -> pa.Table:
        """What a day teaches (see `engine.models.lessons`)."""
        routines.install(connection, self.routines)
        rows = f"({self.rows})"
        if self._withheld(connection, day):
            ids = f"(SELECT list(id) FROM {self.table('withheld')} WHERE day = {day})"
            rows = f"(SELECT * FROM ({self.traced}) AS t WHERE NOT list_has_any(t.ids, {ids}))"
        bounds = {"low": day * DAY_US, "high": (day + 1) * DAY_US - 1}
        found = connection.sql(self._taught(rows), params=bounds)
        return found.to_arrow_table()

    def _taught(self, rows: str) -> str:
        """The query of a lesson over the rows of its day."""
        if self.subject.kind == "access_anomaly":
            columns = ["k1", *(f"x{i}" for i in range(len(self.subject.columns) - 1))]
            return f"""WITH u AS (SELECT ts, tie, k0 AS actor, unnest(range({len(columns)})) AS what,
                    unnest([{", ".join(columns)}]) AS value FROM {rows} AS r WHERE k0 IS NOT NULL),
                p AS (SELECT actor, what || ' ' || value AS resource, min((ts, tie)) AS first FROM u
                    WHERE value IS NOT NULL GROUP BY ALL)
                SELECT actor, resource FROM p ORDER BY first, resource, actor LIMIT {MOST_ROWS}"""
        numbers = [f"x{i}" for i in range(len(self.subject.columns))]
        keys = [f"k{i}" for i in range(self.keys)]
        whole = " AND ".join(
            [*(f"{k} IS NOT NULL" for k in keys), *(f"isfinite({x})" for x in numbers)]
        )
        greatest = ", ".join(f"max({x}) AS {x}" for x in numbers)
        listed = ", ".join(keys)
        return f"""SELECT {", ".join(numbers)} FROM (SELECT {listed}, {greatest} FROM {rows} AS r
                WHERE {whole} GROUP BY {listed})
            ORDER BY {listed} LIMIT {MOST_ROWS}"""

    def _withheld(self, connection: duckdb.DuckDBPyConnection, day: int) -> bool:
        name = self.table("withheld")[1:-1]
        there = connection.execute(
            "SELECT 1 FROM duckdb_tables() WHERE table_name = ? AND database_name = current_database()",
            [name],
        ).fetchall()
        if not there:
            return False
        query = f"SELECT 1 FROM {self.table('withheld')} WHERE day = {day} LIMIT 1"
        return bool(connection.execute(query).fetchall())


@dataclass(frozen=True, slots=True)
class Teaching:
    """What past days teach a model, asked of a database."""

    connection: duckdb.DuckDBPyConnection
    model: TrainedModel

    def days(self, low: int, high: int) -> list[int]:
        """Days of [low, high) that have events, in order; none where they are too few to learn."""
        found = self.model.days(self.connection, low, high)
        return found if len(found) >= LEAST_DAYS else []

    def lesson(self, day: int) -> pa.Table:
        """What a day teaches."""
        return self.model.lesson(self.connection, day)


def _factors(version: str, what: str, names: tuple[str, ...], factors: object) -> pa.Table:
    """Names with their factors as rows of a table."""
    array = np.asarray(factors, dtype=np.float64)
    ends = pa.array(np.arange(len(names) + 1, dtype=np.int32) * array.shape[1])
    lists = pa.ListArray.from_arrays(ends, pa.array(array.ravel()))
    columns = {
        "version": pa.array([version] * len(names), pa.string()),
        what: pa.array(names, pa.string()),
    }
    return pa.table({**columns, "factors": lists})
