"""Sequences whose steps look only at themselves: the latest chain, found step by step.

For each row of a step it is enough to know the latest row of the step before that ends a chain and
has no row of a negated step behind it: later rows have later chains, and a chain that begins later
is never worse for `within`. So each step is one window function over the rows of both steps, and
bursts cost no more than sorting. Steps that look at other steps are `chains`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from engine.backends.duckdb import chains
from engine.backends.duckdb.steps import ROW, Prepared, finish, prepare
from engine.backends.duckdb.terms import (
    binary,
    cast,
    column,
    equal,
    minus,
    named,
    not_null,
    null,
    number,
    over,
    read,
    rows_before,
    select,
)

if TYPE_CHECKING:
    from dsl import plan
    from engine.backends.duckdb.nodes import Lowering
    from engine.backends.duckdb.relation import Relation

_BEFORE = "_before"


def lower_sequence(lowering: Lowering, node: plan.Sequence, wanted: str) -> Relation:
    """The relation of a sequence."""
    steps = prepare(lowering, node, wanted)
    if any(s.where is not None for s in steps):
        return chains.lower_chains(lowering, node, wanted, steps)

    levels: list[tuple[Prepared, str]] = []
    unwanted: list[Prepared] = []
    for prepared in steps:
        if prepared.step.negated:
            unwanted.append(prepared)
            continue
        for _ in range(prepared.step.times):
            if levels:
                level = _follow(node, levels[-1][1], unwanted, prepared)
                levels.append((prepared, lowering.add(f"{wanted}.upto", level)))
            else:
                levels.append((prepared, prepared.rows))
            unwanted = []

    last = len(levels) - 1
    query = select(source=read(levels[last][1], f"c{last}"))
    for i in range(last - 1, -1, -1):
        on = equal(column(ROW, f"c{i}"), column(_BEFORE, f"c{i + 1}"))
        query = query.join(read(levels[i][1], f"c{i}"), on=on)
    chosen = []
    for i, (prepared, _) in enumerate(levels):
        on = equal(column(ROW, f"c{i}"), column(ROW, f"s{i}"))
        query = query.join(read(prepared.rows, f"s{i}"), on=on)
        chosen.append((prepared, f"s{i}"))
    oldest = minus(column("ts", f"s{last}"), number(node.within))
    query = query.where(binary(exp.GT, column("ts", "s0"), oldest))
    return finish(lowering, node, wanted, chosen, query)


def _follow(
    node: plan.Sequence,
    before: str,
    unwanted: list[Prepared],
    prepared: Prepared,
) -> exp.Select:
    """Rows of a step behind a chain, with the row of the step before (`_before`).

    One order for all: at equal (ts, tie) the step itself comes first, so that it follows nothing of
    the same moment, then unwanted rows, then chains, so that an unwanted row is between only if it
    is strictly later than the chain's end. The last chain or unwanted row decides.
    """
    keys = [f"_k{i}" for i in range(len(node.keys))]

    def rows(relation: str, side: int, chain: exp.Expr, row: exp.Expr) -> exp.Select:
        return select(
            *map(column, keys),
            column("ts"),
            column("tie"),
            named(number(side), "_side"),
            named(cast(chain, "BIGINT"), "_chain"),
            named(cast(row, "BIGINT"), ROW),
            source=read(relation),
        )

    merged: exp.Query = rows(prepared.rows, 0, null(), column(ROW))
    for other in unwanted:
        merged = merged.union(rows(other.rows, 1, number(-1), null()), distinct=False)
    merged = merged.union(rows(before, 2, column(ROW), null()), distinct=False)
    newest = over(
        exp.IgnoreNulls(this=exp.LastValue(this=column("_chain"))),
        [column(k) for k in keys],
        [column("ts"), column("tie"), column("_side"), column("_chain")],
        rows_before(),
    )
    found = select(
        *map(column, keys), column("ts"), column("tie"), column(ROW), named(newest, _BEFORE)
    ).from_(exp.Subquery(this=merged, alias=_r()))
    return (
        select(exp.Star())
        .from_(exp.Subquery(this=found, alias=_r()))
        .where(not_null(column(ROW)), binary(exp.GTE, column(_BEFORE), number(0)))
    )


def _r() -> exp.TableAlias:
    return exp.TableAlias(this=exp.to_identifier("r", quoted=True))
