"""An organisation's rows with everything the models say of them, day by day as the engine would.

Learned are closed days only. A world is read with what the ordinary rows and its own earlier
campaign rows have taught; the ordinary rows alone give each day's other cases.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from time import perf_counter, process_time
from typing import TYPE_CHECKING

import numpy as np

from engine.backends.duckdb.novelty.learned import Shape, create_tables, learn, snapshot
from engine.backends.duckdb.novelty.model import NoveltyModel
from engine.backends.duckdb.novelty.model import scored as scored_query
from engine.models.access_anomaly import AccessAnomaly, train_access_anomaly
from engine.models.lessons import Pairs
from engine.models.outlier import Outlier, train_outlier
from engine.store import Store
from engine.store.facts import insert
from organisation.calendar import BEGIN, DAY, DAYS, TEST_FROM
from organisation.written import Names, tables

if TYPE_CHECKING:
    from organisation.made import Organisation

FIRST = BEGIN // DAY
SCORED_FROM = 14
"""The first day whose ordinary rows are scored: with them the budgets are known on the test days."""
FORMS = ("kerberos_as", "kerberos_tgs", "ntlm_auth")
EDGES = """SELECT ts, tie, account AS actor, server AS resource, source AS v1, protocol AS v2, etype AS v3
    FROM {tgs} WHERE outcome = 'success'
    UNION ALL SELECT ts, tie, account, server, source, protocol, NULL FROM {ntlm} WHERE outcome = 'success'
    UNION ALL SELECT ts, tie, account, 'krbtgt', source, protocol, preauth_etype
    FROM {as_} WHERE outcome = 'success'"""
"""The relation that is learned: who came from where to what, and how."""
EVENING = "(ts // 3600000000) % 24 NOT BETWEEN 6 AND 18"
NAMES = ("server", "source", "protocol", "etype")
DAILY = ("rows", "resources", "sources", "evening", "ntlm")
"""Numbers of an account's day so far, for the isolation forest."""


@dataclass
class Scored:
    """Columns by name, one entry a row: `world` (-1 ordinary), `day`, `ts`, `actor`, `plant` (the
    number of the campaign, -1 none) and the parts of every score; `spent` in seconds of the process."""

    columns: dict[str, np.ndarray]
    spent: dict[str, float] = field(default_factory=dict)


class Scorer:
    """Runs the models over one organisation."""

    def __init__(self, organisation: Organisation) -> None:
        self.organisation = organisation
        self.names = Names(organisation.people)
        self.store = Store()
        self.connection = self.store.connection
        self.spent = {"close": 0.0, "score": 0.0, "access_anomaly": 0.0, "outlier": 0.0}
        self.parts: list[dict[str, np.ndarray]] = []
        self.labels: dict[int, int] = {}
        self.anomaly: dict[int, AccessAnomaly] = {}
        self.outlier: dict[int, Outlier] = {}
        self._fill(organisation.ordinary, 0, "")
        insert(self.connection, "dir_object", self.names.directory())
        self._view("ordinary", "")

    def run(self) -> Scored:
        """All ordinary days, then every world."""
        shape = Shape("ordinary", 30, NAMES, host=1, budget=False)
        rows = "SELECT *, []::BIGINT[] AS ids FROM ordinary WHERE ts BETWEEN $low AND $high"
        model = NoveltyModel(shape, rows, FORMS)
        for day in range(SCORED_FROM, DAYS):
            begin = process_time()
            model.read_at(self.connection, range(FIRST + day, FIRST + day + 1))
            self.spent["close"] += process_time() - begin
            self._train(day)
            rows = self._fetch((FIRST + day) * DAY, (FIRST + day + 1) * DAY - 1)
            self._score(shape, rows, -1, day)
        model.read_at(self.connection, range(FIRST + DAYS, FIRST + DAYS + 1))
        first = len(self.organisation.ordinary)
        for number in range(len(self.organisation.worlds)):
            first = self._world(number, first)
        names = self.parts[0]
        columns = {n: np.concatenate([p[n] for p in self.parts]) for n in names}
        ties = columns.pop("tie").astype(np.int64)
        columns["plant"] = np.array([self.labels.get(int(t), -1) for t in ties])
        self.store.close()
        return Scored(columns, self.spent)

    def _world(self, number: int, first: int) -> int:
        """One world: its campaigns among the ordinary rows of the test days."""
        table = np.concatenate([p.table for p in self.organisation.worlds[number]])
        table = table[np.argsort(table["ts"], kind="stable")]
        for form in FORMS:
            self.connection.execute(
                f"CREATE OR REPLACE TEMP TABLE {form}_planted AS FROM {form} LIMIT 0"
            )
        self._fill(table, first, "_planted")
        self.labels |= {first + i: int(p) for i, p in enumerate(table["plant"])}
        self._view("planted", "_planted")
        shape = Shape(f"world {number}", 30, NAMES, host=1, budget=False)
        create_tables(self.connection, shape)
        for what in ("met", "hour", "closed"):
            self.connection.execute(f'INSERT INTO {shape.table(what)} FROM "ordinary.{what}"')
        for day in range(TEST_FROM, DAYS):
            rows = self._planted((FIRST + day) * DAY, (FIRST + day + 1) * DAY - 1)
            if not self.connection.execute(f"SELECT 1 FROM {rows} LIMIT 1").fetchall():
                continue
            snapshot(self.connection, shape, (FIRST + day,))
            self._score(shape, rows, number, day)
            for what in ("met", "hour"):
                self.connection.execute(
                    f"DELETE FROM {shape.table(what)} WHERE day = ? AND actor IN (SELECT actor FROM {rows})",
                    [FIRST + day],
                )
            learn(self.connection, shape, rows, FIRST + day)
        for what in ("met", "hour", "cases", "withheld", "closed"):
            self.connection.execute(f"DROP TABLE {shape.table(what)}")
        return first + len(table)

    def _fill(self, table: np.ndarray, first: int, suffix: str) -> None:
        for name, arrow in tables(self.names, table, first).items():
            self.connection.register("arriving", arrow)
            self.connection.execute(f'INSERT INTO "{name}{suffix}" BY NAME SELECT * FROM arriving')
            self.connection.unregister("arriving")

    def _view(self, name: str, suffix: str) -> None:
        query = EDGES.format(
            as_=f"kerberos_as{suffix}", tgs=f"kerberos_tgs{suffix}", ntlm=f"ntlm_auth{suffix}"
        )
        self.connection.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS {query}")

    def _fetch(self, low: int, high: int) -> str:
        self.connection.execute(
            f"CREATE OR REPLACE TEMP TABLE rows_ AS SELECT *, []::BIGINT[] AS ids FROM ordinary WHERE ts BETWEEN {low} AND {high}"
        )
        return "rows_"

    def _planted(self, low: int, high: int) -> str:
        self.connection.execute(
            f"""CREATE OR REPLACE TEMP TABLE rows_ AS
            WITH p AS (FROM planted WHERE ts BETWEEN {low} AND {high})
            SELECT *, []::BIGINT[] AS ids FROM p UNION ALL (SELECT *, []::BIGINT[] FROM ordinary
                WHERE ts BETWEEN {low} AND {high} AND actor IN (SELECT actor FROM p))"""
        )
        return "rows_"

    def _score(self, shape: Shape, rows: str, world: int, day: int) -> None:
        begin = process_time()
        self.connection.execute(
            f"CREATE OR REPLACE TEMP TABLE asked AS SELECT row_number() OVER () AS n, {FIRST + day} AS day, * FROM {rows}"
        )
        query = scored_query(shape, "asked", rows)
        parts = ", ".join(f"nats{w}" for w in range(4))
        found = self.connection.execute(
            f"""SELECT s.ts, s.tie, s.actor, s.resource, s.score, {parts}, days0 = 0 AS fresh, fan, fan_nats,
                hour_nats, host_nats, coalesce(k, 0) AS common FROM ({query}) AS s
            LEFT JOIN (SELECT value, sum(k) AS k FROM {shape.table("peer")}
                WHERE day = {FIRST + day} AND what = 0 AND level = 2 GROUP BY ALL) AS d ON d.value = s.resource
            ORDER BY s.ts, s.tie"""
        ).fetchnumpy()  # fmt: skip
        columns = {}
        for name, values in found.items():
            text = name in {"actor", "resource"}
            filled = (
                values.filled(None if text else np.nan) if np.ma.isMaskedArray(values) else values
            )
            columns[name] = filled if text else filled.astype(np.float64)
        self.spent["score"] += process_time() - begin
        columns["world"] = np.full(len(columns["ts"]), world)
        columns["day"] = np.full(len(columns["ts"]), day)
        columns |= self._learned_scores(columns, rows, day)
        del columns["resource"]
        self.parts.append(columns)

    def _train(self, day: int) -> None:
        """The trained models: the factors nightly from thirty days, the forest weekly from fourteen."""
        begin = process_time()
        pairs = self.connection.execute(
            """SELECT actor, value, count(*) FROM "ordinary.met" WHERE what = 0 AND day < ? AND day >= ?
            GROUP BY ALL ORDER BY ALL""",
            [FIRST + day, FIRST + day - 30],
        ).fetchall()
        self.anomaly[day] = train_access_anomaly(_pairs(pairs))
        self.spent["access_anomaly"] += process_time() - begin
        begin = process_time()
        if (day - SCORED_FROM) % 7:
            self.outlier[day] = self.outlier[day - 1]
            return
        days = self.connection.execute(
            f"""SELECT count(*), count(DISTINCT resource), count(DISTINCT v1),
                count(*) FILTER ({EVENING}), count(*) FILTER (v2 = 'ntlm')
            FROM ordinary WHERE ts // {DAY} BETWEEN {FIRST + day - 14} AND {FIRST + day - 1}
            GROUP BY actor, ts // {DAY}"""
        ).fetchnumpy()
        self.outlier[day] = train_outlier(
            DAILY, np.stack([d.astype(float) for d in days.values()], 1)
        )
        self.spent["outlier"] += process_time() - begin

    def _learned_scores(
        self, columns: dict[str, np.ndarray], rows: str, day: int
    ) -> dict[str, np.ndarray]:
        anomaly = self.anomaly[day]
        actor = {n: i for i, n in enumerate(anomaly.actors)}
        resource = {n: i for i, n in enumerate(anomaly.resources)}
        a = np.array([actor.get(n, -1) for n in columns["actor"]])
        r = np.array([resource.get(n, -1) for n in columns["resource"]])
        known = (a >= 0) & (r >= 0)
        fit = np.full(len(a), np.nan)
        fit[known] = anomaly.fit(a[known], r[known])
        daily = self.connection.execute(
            f"SELECT {', '.join(DAILY)} FROM ({_daily(rows)}) ORDER BY ts, tie"
        ).fetchnumpy()
        samples = np.stack([daily[c].astype(float) for c in DAILY], 1)
        unique, back = np.unique(samples, axis=0, return_inverse=True)
        return {"fit": fit, "outlier": self.outlier[day].score(unique)[back.ravel()]}


def _pairs(rows: list[tuple[str, str, int]]) -> Pairs:
    """(actor, resource, days) as the trainer reads them."""
    actors, actor = np.unique([a for a, _, _ in rows], return_inverse=True)
    resources, resource = np.unique([r for _, r, _ in rows], return_inverse=True)
    days = np.array([d for _, _, d in rows], dtype=np.float64)
    return Pairs(tuple(map(str, actors)), tuple(map(str, resources)), actor, resource, days)


def _daily(rows: str) -> str:
    """The numbers of an account's day so far, at each of its rows."""
    whole = f"PARTITION BY actor, ts // {DAY} ORDER BY ts, tie"
    return f"""SELECT ts, tie, actor, count(*) OVER w AS rows, count(DISTINCT resource) OVER w AS resources,
        count(DISTINCT v1) OVER w AS sources, count(*) FILTER ({EVENING}) OVER w AS evening,
        count(*) FILTER (v2 = 'ntlm') OVER w AS ntlm
        FROM {rows} WINDOW w AS ({whole})"""


def measured(organisation: Organisation) -> tuple[Scored, float]:
    """The rows and the wall-clock seconds."""
    begin = perf_counter()
    return Scorer(organisation).run(), perf_counter() - begin
