"""Constant rows: a relation of values that stand in the plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from engine.backends.duckdb.lineage import EventLineage, sql_type
from engine.backends.duckdb.literals import literal
from engine.backends.duckdb.relation import LINEAGE, OVERFLOW, Relation
from engine.backends.duckdb.terms import (
    array,
    cast,
    column,
    false,
    named,
    null,
    number,
    select,
    storage,
)

if TYPE_CHECKING:
    from dsl import plan
    from dsl.types import Type
    from engine.backends.duckdb.nodes import Lowering


def lower_given(lowering: Lowering, node: plan.Given, wanted: str) -> Relation:
    """The relation of given rows; no event is behind them."""
    kinds = [kind for _, kind in node.columns]
    lines = [
        exp.Tuple(
            expressions=[
                number(ts),
                number(tie),
                *(_value(v, k) for v, k in zip(values, kinds, strict=True)),
            ]
        )
        for tie, (ts, values) in enumerate(node.rows)
    ]
    names = ["ts", "tie", *(n for n, _ in node.columns)]
    if not lines:
        empty = [number(0), number(0), *(null() for _ in kinds)]
        lines = [exp.Tuple(expressions=empty)]
    alias = exp.TableAlias(
        this=exp.to_identifier("r", quoted=True),
        columns=[exp.to_identifier(n, quoted=True) for n in names],
    )
    lineage = EventLineage("")
    query = select(
        *(named(cast(column(n), storage(k)), n) for n, k in node.columns),
        named(cast(column("ts"), "BIGINT"), "ts"),
        named(cast(column("tie"), "BIGINT"), "tie"),
        named(cast(column("ts"), "BIGINT"), "start"),
        named(cast(null(), sql_type(lineage)), LINEAGE),
        named(false(), OVERFLOW),
        source=exp.Values(expressions=lines, alias=alias),
    )
    if not node.rows:
        query = query.where(false())
    return Relation(lowering.add(wanted, query), node.columns, lineage)


def _value(value: plan.Value | tuple[plan.Value, ...], kind: Type) -> exp.Expr:
    if isinstance(value, tuple):
        items = [literal(v, kind.kind) for v in value]
        return array(items, storage(kind).removesuffix("[]"))
    return literal(value, kind.kind)
