"""Rows with the score of a trained model (`plan.Recall` over a `plan.Model` that is trained).

What is in force on the days of the rows is at hand in tables (`model`); the score is a join with
them. Where nothing is in force, every read is null.
"""

# ruff: noqa: S608 - names of this package and of authors' columns, which are quoted

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from engine.backends.duckdb.modelled import (
    NUMBER,
    bounds,
    day,
    learned_value,
    numbered,
    parsed,
    traced,
    with_reads,
)
from engine.backends.duckdb.relation import Relation
from engine.backends.duckdb.routines import called
from engine.backends.duckdb.terms import DIALECT, cast, column, named, read, select
from engine.backends.duckdb.trained.model import TrainedModel
from engine.models.days import DAY_US
from engine.models.subject import Subject

if TYPE_CHECKING:
    from sqlglot import exp

    from dsl import plan
    from dsl.types import Type
    from engine.backends.duckdb.nodes import Lowering
    from engine.models.subject import TrainedKind


def lower_trained(
    lowering: Lowering, model: plan.Model, kind: TrainedKind, name: str
) -> TrainedModel:
    """The model itself: what it learns from as statements of their own."""
    source = lowering.node(model.source, "rows")
    plain = select(
        column("ts"), column("tie"), *_learned(model, dict(model.columns)), source=read(source.name)
    ).where(*bounds())
    rows = lowering.statement.finish(plain).sql(dialect=DIALECT, copy=False)
    with_events = traced(lowering, source, _learned(model, dict(model.columns)))
    columns = (model.keys[1], *model.using) if kind == "access_anomaly" else model.using
    told = (kind, rows, *model.keys, *model.using, str(model.over))
    of = sha256("\0".join(told).encode()).hexdigest()[:16]
    return TrainedModel(
        Subject(name, kind, of, columns, model.over // DAY_US),
        len(model.keys),
        rows,
        with_events,
        tuple(lowering.definitions.events(model.source, shared=lowering.inside_shared)),
        called(with_events),
    )


def lower_scored(
    lowering: Lowering, model: plan.Model, trained: TrainedModel, node: plan.Recall, wanted: str
) -> Relation:
    """The relation of a recall of a trained model."""
    source = lowering.node(node.source, f"{wanted}.rows", 0)
    names = {key: c for c, key in node.keys}
    rows = numbered(lowering, source, wanted)
    asked = lowering.add(
        f"{wanted}.asked",
        select(
            named(column(NUMBER), "n"),
            day(),
            *_learned(model, dict(model.columns), names),
            source=read(rows),
        ),
    )
    text = _fits(trained, asked) if model.kind == "access_anomaly" else _walks(trained, asked)
    scored = lowering.add(f"{wanted}.scored", parsed(text))
    reads = (named(column(r.what, "s"), f"{node.alias}.{r.name}") for r in node.reads)
    query = with_reads(rows, scored, reads)
    columns = (*source.columns, *((f"{node.alias}.{r.name}", r.type) for r in node.reads))
    return Relation(lowering.add(wanted, query), columns, source.lineage)


def _learned(
    model: plan.Model, kinds: dict[str, Type], names: dict[str, str] | None = None
) -> list[exp.Expr]:
    """The keys as k0, … and the columns of `using` as x0, …; `names`: what rows call them."""
    called = names or {}
    numbers = model.kind == "outlier"
    keys = [
        named(learned_value(called.get(k, k), kinds[k]), f"k{i}") for i, k in enumerate(model.keys)
    ]
    return keys + [
        named(
            cast(column(called.get(k, k)), "DOUBLE")
            if numbers
            else learned_value(called.get(k, k), kinds[k]),
            f"x{i}",
        )
        for i, k in enumerate(model.using)
    ]


def _fits(model: TrainedModel, asked: str) -> str:
    """How the values of each row fit its actor; the worst decides."""
    columns = ["k1", *(f"x{i}" for i in range(len(model.subject.columns) - 1))]
    words = ", ".join("'" + c.replace("'", "''") + "'" for c in model.subject.columns)
    return f"""WITH u AS (SELECT n, day, k0, unnest(range({len(columns)})) AS what, unnest([{", ".join(columns)}]) AS value
            FROM "{asked}" AS r),
        f AS (SELECT u.n, u.k0, u.what, u.value, v.told, a.usual, list_dot_product(a.factors, b.factors) AS fit
            FROM u JOIN {model.table("at")} AS v ON v.day = u.day
            JOIN {model.table("actor")} AS a ON a.version = v.version AND a.actor = u.k0
            JOIN {model.table("resource")} AS b ON b.version = v.version AND b.resource = u.what || ' ' || u.value),
        w AS (SELECT *, row_number() OVER (PARTITION BY n ORDER BY fit, what) AS place FROM f)
        SELECT n, greatest(0.0, least(1.0, 1.0 - fit)) AS score, told AS version,
            [{words}][what + 1] || ' ' || value || ' fits ' || k0 || ' ' || printf('%.2f', fit)
            || '; nine in ten of what it uses fit ' || printf('%.2f', usual) || ' or better' AS why
        FROM w WHERE place = 1"""


def _walks(model: TrainedModel, asked: str) -> str:
    """The score of each row's numbers by the forest of its day."""
    numbers = ", ".join(f"x{i}" for i in range(len(model.subject.columns)))
    whole = " AND ".join(f"k{i} IS NOT NULL" for i in range(model.keys))
    return f"""WITH q AS (SELECT r.n, v.version AS forest, v.told, [{numbers}] AS sample
            FROM "{asked}" AS r JOIN {model.table("at")} AS v ON v.day = r.day WHERE {whole}),
        s AS (SELECT *, atp_outlier(forest, sample) AS score FROM q)
        SELECT n, score, CASE WHEN score IS NOT NULL THEN told END AS version,
            atp_outlier_why(forest, sample) AS why FROM s"""
