"""Rows with the score of a novelty model, as of each row (`plan.Recall` over `plan.Model`).

The statement reads the snapshot of one day, so it is run for the rows of one day at a time; the
model's own rows of that day are computed in it.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from sqlglot import exp

from engine.backends.duckdb.modelled import (
    NUMBER,
    day,
    learned_value,
    numbered,
    parsed,
    traced,
    with_reads,
)
from engine.backends.duckdb.novelty import why
from engine.backends.duckdb.novelty.learned import DAY, Shape
from engine.backends.duckdb.novelty.model import NoveltyModel
from engine.backends.duckdb.novelty.score import score_parts
from engine.backends.duckdb.relation import Relation
from engine.backends.duckdb.terms import column, equal, named, not_null, number, read, select

if TYPE_CHECKING:
    from dsl import plan
    from engine.backends.duckdb.nodes import Lowering


def lower_novelty(
    lowering: Lowering, model: plan.Model, shape: Shape, node: plan.Recall, wanted: str
) -> Relation:
    """The relation of a recall of a novelty model."""
    source = lowering.node(node.source, f"{wanted}.rows", 0)
    rows = numbered(lowering, source, wanted)
    kinds = dict(model.columns)
    values = [learned_value(c, kinds[k]) for c, k in node.keys]
    asked = lowering.add(
        f"{wanted}.asked",
        select(
            named(column(NUMBER), "n"),
            column("ts"),
            day(),
            *(named(v, n) for v, n in zip(values, _names(len(values)), strict=True)),
            source=read(rows),
        ),
    )
    today = _today(lowering, model, node.profile, f"{wanted}.today")
    # the parts read one another by name, and a relation may be read as of several spans of time
    name = f"{rows}.novelty"
    for part, text in score_parts(shape, f'"{asked}"', f'"{today}"', name).items():
        lowering.add(part, parsed(text))
    scored = f"{name}.scored"
    reads = (named(_read(r, shape), f"{node.alias}.{r.name}") for r in node.reads)
    query = with_reads(rows, scored, reads)
    for read_ in node.reads:
        if read_.what == "threshold":
            query = _limited(query, shape, read_)
    columns = (*source.columns, *((f"{node.alias}.{r.name}", r.type) for r in node.reads))
    return Relation(lowering.add(wanted, query), columns, source.lineage)


def lower_model(lowering: Lowering, model: plan.Model) -> NoveltyModel:
    """The model itself: what it learns from as a statement of its own. The learned tables belong to
    one alert (`lowering.owner`), whose own rows teach nothing.
    """
    source = lowering.node(model.source, "rows")
    kinds = dict(model.columns)
    keys = [*model.keys, *model.using]
    values = [
        named(learned_value(k, kinds[k]), n) for k, n in zip(keys, _names(len(keys)), strict=True)
    ]
    rows = traced(lowering, source, values)
    hosts = [i for i, k in enumerate(model.using, 1) if kinds[k].kind == "host"]
    told = (lowering.owner, rows, str(model.over), str(lowering.budget))
    digest = sha256("\0".join(told).encode()).hexdigest()[:16]
    shape = Shape(
        f"novelty {digest}",
        model.over // DAY,
        (model.keys[1], *model.using),
        hosts[0] if hosts else 0,
        lowering.budget,
    )
    events = lowering.definitions.events(model.source, shared=lowering.inside_shared)
    return NoveltyModel(shape, rows, tuple(events))


def _today(lowering: Lowering, model: plan.Model, profile: plan.Ref, wanted: str) -> str:
    """The model's rows of the days that are read."""
    rows = lowering.learned_from(profile, model.source)
    kinds = dict(model.columns)
    return lowering.add(
        wanted,
        select(
            column("ts"),
            *(
                named(learned_value(k, kinds[k]), n)
                for k, n in zip(model.keys, _names(2), strict=True)
            ),
            source=read(rows.name),
        ).where(not_null(column(model.keys[0]))),
    )


def _names(count: int) -> list[str]:
    return ["actor", "resource", *(f"v{i}" for i in range(1, count - 1))]


def _read(read_: plan.Read, shape: Shape) -> exp.Expr:
    match read_.what:
        case "score":
            return column("score", "s")
        case "why":
            return _of_scored(why.why(shape))
        case "version":
            return _of_scored(why.version())
        case _:
            cases = _cases(read_)
            return column("score", f"limit{cases}")


def _limited(query: exp.Select, shape: Shape, read_: plan.Read) -> exp.Select:
    """The query with what a budget of cases came to on the row's day."""
    cases = _cases(read_)
    name = f"limit{cases}"
    table = exp.Table(
        this=exp.to_identifier(f"{shape.prefix}.limit", quoted=True),
        alias=exp.TableAlias(this=exp.to_identifier(name, quoted=True)),
    )
    there = exp.and_(
        equal(column("day", "s"), column("day", name)), equal(column("cases", name), number(cases))
    )
    return query.join(table, on=there, join_type="left")


def _cases(read_: plan.Read) -> int:
    cases = getattr(read_.argument, "value", None)
    if not isinstance(cases, int):
        raise TypeError(f"a model does not tell `{read_.name}`")
    return cases


def _of_scored(text: str) -> exp.Expr:
    """A text over the columns of the scored rows."""
    value: exp.Expr = parsed(f"SELECT {text}").expressions[0]
    for found in value.find_all(exp.Column):
        found.set("table", exp.to_identifier("s", quoted=True))
    return value
