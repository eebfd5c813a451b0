"""Rows with the score of a trained model (`plan.Recall` over a `plan.Model` that is trained).

What is in force on the days of the rows is at hand in tables (`model`); the score is a join with
them. Where nothing is in force, every read is null.
"""

# ruff: noqa: S608 - names of this package and of authors' columns, which are quoted

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Final

from sqlglot import exp, parse_one

from engine.backends.duckdb.evidence import HIT, lower_evidence
from engine.backends.duckdb.relation import Relation
from engine.backends.duckdb.routines import NAMES
from engine.backends.duckdb.terms import (
    DIALECT,
    binary,
    call,
    cast,
    column,
    equal,
    named,
    number,
    over,
    read,
    select,
    star,
)
from engine.backends.duckdb.trained.model import TrainedModel
from engine.models.days import DAY_US
from engine.models.subject import Subject

if TYPE_CHECKING:
    from dsl import plan
    from dsl.types import Type
    from engine.backends.duckdb.nodes import Lowering
    from engine.models.subject import TrainedKind

_NUMBER: Final = "_number"
_FOLDED: Final = frozenset({"account", "host", "group", "service"})


def lower_trained(
    lowering: Lowering, model: plan.Model, kind: TrainedKind, name: str
) -> TrainedModel:
    """The model itself: what it learns from as statements of their own."""
    source = lowering.node(model.source, "rows")
    plain = select(
        column("ts"), column("tie"), *_learned(model, dict(model.columns)), source=read(source.name)
    ).where(*_bounds())
    rows = lowering.statement.finish(plain).sql(dialect=DIALECT, copy=False)
    hits = lowering.add(
        "hits", select(star(), named(over(exp.RowNumber(), []), HIT), source=read(source.name))
    )
    lowering.statement.computed_first.add(hits)
    evidence = lower_evidence(lowering.statement, hits, source.lineage)
    query = (
        select(
            column("ts"), column("tie"), *_learned(model, dict(model.columns)),
            named(call("coalesce", column("ids", "e"), exp.Array()), "ids"),
            source=read(hits),
        )
        .join(read(evidence, "e"), on=equal(column(HIT), column(HIT, "e")), join_type="left")
        .where(*_bounds())
    )  # fmt: skip
    traced = lowering.statement.finish(query).sql(dialect=DIALECT, copy=False)
    columns = (model.keys[1], *model.using) if kind == "access_anomaly" else model.using
    told = (kind, rows, *model.keys, *model.using, str(model.over))
    of = sha256("\0".join(told).encode()).hexdigest()[:16]
    return TrainedModel(
        Subject(name, kind, of, columns, model.over // DAY_US),
        len(model.keys),
        rows,
        traced,
        tuple(lowering.definitions.events(model.source, shared=lowering.inside_shared)),
        frozenset(n for n in NAMES if n in traced.lower()),
    )


def lower_scored(
    lowering: Lowering, model: plan.Model, trained: TrainedModel, node: plan.Recall, wanted: str
) -> Relation:
    """The relation of a recall of a trained model."""
    source = lowering.node(node.source, f"{wanted}.rows", 0)
    names = {key: c for c, key in node.keys}
    numbered = lowering.add(
        f"{wanted}.numbered",
        select(star(), named(over(exp.RowNumber(), []), _NUMBER), source=read(source.name)),
    )
    lowering.statement.computed_first.add(numbered)
    asked = lowering.add(
        f"{wanted}.asked",
        select(
            named(column(_NUMBER), "n"),
            named(binary(exp.IntDiv, column("ts"), number(DAY_US)), "day"),
            *_learned(model, dict(model.columns), names),
            source=read(numbered),
        ),
    )
    text = _fits(trained, asked) if model.kind == "access_anomaly" else _walks(trained, asked)
    found = parse_one(text, dialect="duckdb")
    if not isinstance(found, exp.Select):
        raise TypeError("a select belongs here")
    scored = lowering.add(f"{wanted}.scored", found)
    query = select(
        star(without=[_NUMBER]),
        *(named(column(r.what, "s"), f"{node.alias}.{r.name}") for r in node.reads),
        source=read(numbered),
    ).join(read(scored, "s"), on=equal(column("n", "s"), column(_NUMBER)), join_type="left")
    columns = (*source.columns, *((f"{node.alias}.{r.name}", r.type) for r in node.reads))
    return Relation(lowering.add(wanted, query), columns, source.lineage)


def _bounds() -> list[exp.Expr]:
    return [
        binary(exp.GTE, column("ts"), exp.Parameter(this=exp.Var(this="low"))),
        binary(exp.LTE, column("ts"), exp.Parameter(this=exp.Var(this="high"))),
    ]


def _learned(
    model: plan.Model, kinds: dict[str, Type], names: dict[str, str] | None = None
) -> list[exp.Expr]:
    """The keys as k0, … and the columns of `using` as x0, …; `names`: what rows call them."""
    called = names or {}
    numbers = model.kind == "outlier"
    keys = [named(_text(called.get(k, k), kinds[k]), f"k{i}") for i, k in enumerate(model.keys)]
    return keys + [
        named(
            cast(column(called.get(k, k)), "DOUBLE")
            if numbers
            else _text(called.get(k, k), kinds[k]),
            f"x{i}",
        )
        for i, k in enumerate(model.using)
    ]


def _text(name: str, kind: Type) -> exp.Expr:
    """A value as it is learned: text, names without case."""
    value = cast(column(name), "VARCHAR")
    return call("lower", value) if kind.kind in _FOLDED else value


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
