"""Joins: for each left row the nearest right row of equal keys, before, after or around it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from sqlglot import exp

from engine.backends.duckdb.keyed import by_keys, own_columns
from engine.backends.duckdb.lineage import PartsLineage
from engine.backends.duckdb.nearest import NEAR, ROW, neighbours, numbered
from engine.backends.duckdb.relation import LINEAGE, OVERFLOW, Relation, present
from engine.backends.duckdb.terms import (
    binary,
    both,
    call,
    column,
    conjunction,
    denied,
    disjunction,
    equal,
    false,
    is_null,
    largest,
    minus,
    named,
    number,
    over,
    plus,
    read,
    record,
    select,
    smallest,
    when,
)

if TYPE_CHECKING:
    from dsl import plan
    from engine.backends.duckdb.nodes import Lowering


def lower_join(lowering: Lowering, node: plan.Join, wanted: str) -> Relation:
    """The relation of a join."""
    # a row's ts is the later side's, or the end of the wait for a partner
    wait, reach = {
        "before": (0, node.within),
        "after": (node.within, node.within),
        "around": (node.within, 2 * node.within),
    }[node.direction]
    asked = own_columns(node.left.columns, lowering.keyed, but=[n for _, n in node.keeps])
    left = lowering.node(node.left, f"{wanted}.left.source", wait, asked)
    lefts = numbered(lowering, left.name, [k for k, _ in node.keys], f"{wanted}.left", None)
    keyed = by_keys(lefts, [k for _, k in node.keys])
    right = lowering.node(node.right, f"{wanted}.right.source", reach, keyed)
    rights = numbered(lowering, right.name, [k for _, k in node.keys], f"{wanted}.right", None)
    if node.direction == "around":
        near = _around(node, lefts, rights)
    else:
        near = _within(node, lefts, rights)
    pairs = lowering.add(f"{wanted}.nearest", near)

    kind = "left" if node.optional else None
    query = (
        select(source=read(lefts, "a"))
        .join(read(pairs, "p"), on=equal(column(ROW, "a"), column(ROW, "p")), join_type=kind)
        .join(read(rights, "b"), on=equal(column(NEAR, "p"), column(ROW, "b")), join_type=kind)
    )
    alone = is_null(column(ROW, "b"))
    decided = plus(column("ts", "a"), number(wait))
    later = binary(exp.GT, column("ts", "b"), column("ts", "a"))
    together = largest(column("ts", "a"), column("ts", "b"))
    if node.direction == "around":
        # only when this much time has passed on both sides can no nearer one come
        distance = call("abs", minus(column("ts", "b"), column("ts", "a")))
        together = plus(column("ts", "a"), distance)
    keeps = {name: of for of, name in node.keeps}
    query = query.select(
        *(column(n, "a") for n in left.names if n not in keeps),
        *(named(column(of, "b"), name) for name, of in keeps.items()),
        named(when(alone, decided, together), "ts"),
        named(when(later, column("tie", "b"), column("tie", "a")), "tie"),
        named(smallest(column("start", "a"), column("start", "b")), "start"),
        named(record({"s0": column(LINEAGE, "a"), "s1": column(LINEAGE, "b")}), LINEAGE),
        named(
            disjunction(column(OVERFLOW, "a"), call("coalesce", column(OVERFLOW, "b"), false())),
            OVERFLOW,
        ),
    )
    lineage = PartsLineage((left.lineage, right.lineage), anchors=False)
    columns = present(node.columns, [*left.names, *keeps])
    return Relation(lowering.add(wanted, query), columns, lineage)


def _within(node: plan.Join, lefts: str, rights: str) -> exp.Select:
    """The neighbour in order, if it is not too far in time."""
    side: Literal["before", "after"] = "before" if node.direction == "before" else "after"
    found = neighbours(lefts, rights, len(node.keys), side)
    limit = number(node.within)
    if side == "before":
        near = binary(exp.GT, column("ts", "b"), minus(column("ts", "a"), limit))
    else:
        near = binary(exp.LTE, column("ts", "b"), plus(column("ts", "a"), limit))
    return (
        select(column(ROW, "p"), column(NEAR, "p"))
        .from_(exp.Subquery(this=found, alias=exp.TableAlias(this=exp.to_identifier("p"))))
        .join(read(lefts, "a"), on=equal(column(ROW, "a"), column(ROW, "p")))
        .join(read(rights, "b"), on=equal(column(ROW, "b"), column(NEAR, "p")))
        .where(near)
    )


def _around(node: plan.Join, lefts: str, rights: str) -> exp.Select:
    """The right row at the least distance; of several the earliest in order. Rows of the same ts
    and tie are the same event and no pair.
    """
    same = both(
        equal(column("ts", "a"), column("ts", "b")),
        equal(column("tie", "a"), column("tie", "b")),
    )
    early = minus(column("ts", "a"), number(node.within))
    late = plus(column("ts", "a"), number(node.within))
    on = conjunction(
        [
            *(equal(column(f"_k{i}", "a"), column(f"_k{i}", "b")) for i in range(len(node.keys))),
            binary(exp.GTE, column("ts", "b"), early),
            binary(exp.LTE, column("ts", "b"), late),
            denied(same),
        ]
    )
    distance = call("abs", minus(column("ts", "b"), column("ts", "a")))
    order = [distance, column("ts", "b"), column("tie", "b"), column(ROW, "b")]
    ranked = select(
        column(ROW, "a"),
        named(column(ROW, "b"), NEAR),
        named(over(exp.RowNumber(), [column(ROW, "a")], order), "_rank"),
        source=read(lefts, "a"),
    ).join(read(rights, "b"), on=on)
    return (
        select(column(ROW), column(NEAR))
        .from_(
            exp.Subquery(
                this=ranked, alias=exp.TableAlias(this=exp.to_identifier("r", quoted=True))
            )
        )
        .where(equal(column("_rank"), number(1)))
    )
