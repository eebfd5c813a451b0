"""Absences: anchor rows with no row of the other relation after (or before) them in time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from sqlglot import exp

from engine.backends.duckdb.coverage import covered
from engine.backends.duckdb.expression import lower
from engine.backends.duckdb.keyed import by_keys, own_columns
from engine.backends.duckdb.nearest import NEAR, ROW, neighbours, numbered
from engine.backends.duckdb.reading import asks_world, columns_read
from engine.backends.duckdb.relation import LINEAGE, OVERFLOW, Relation, present
from engine.backends.duckdb.scope import Scope
from engine.backends.duckdb.steps import keys_equal, later
from engine.backends.duckdb.terms import (
    binary,
    both,
    column,
    equal,
    exists,
    minus,
    named,
    number,
    plus,
    read,
    select,
    star,
)

if TYPE_CHECKING:
    from dsl import plan
    from engine.backends.duckdb.nodes import Lowering

OF = "of."


def lower_absence(lowering: Lowering, node: plan.Absence, wanted: str) -> Relation:
    """The relation of an absence."""
    wait = node.within if node.direction == "following" else 0
    asked = own_columns(node.anchor.columns, lowering.keyed, but=["covered"])
    anchor = lowering.node(node.anchor, f"{wanted}.anchor.source", wait, asked)
    across: plan.Expr | None = node.where
    where: exp.Expr | None = None
    if across is not None and _of_only(across):
        where, across = lower(across, Scope(sides={OF: "r"}, ts="of.ts")), None
    anchors = numbered(lowering, anchor.name, [k for k, _ in node.keys], f"{wanted}.anchor", None)
    keyed = by_keys(anchors, [k for _, k in node.keys])
    of = lowering.node(node.of, f"{wanted}.of.source", node.within, keyed)
    others = numbered(lowering, of.name, [k for _, k in node.keys], f"{wanted}.of", where)

    if across is None:
        side: Literal["before", "after"] = "after" if node.direction == "following" else "before"
        pairs: exp.Select = (
            select(column(ROW, "p"))
            .from_(_as(neighbours(anchors, others, len(node.keys), side), "p"))
            .join(read(anchors, "a"), on=equal(column(ROW, "a"), column(ROW, "p")))
            .join(read(others, "b"), on=equal(column(ROW, "b"), column(NEAR, "p")))
            .where(_near(node))
        )
    else:
        scope = Scope("a", {OF: "b"}, "ts", anchor.domain)
        near = both(_keys(node), both(_near(node), _ordered(node)))
        pairs = (
            select(column(ROW, "a"), source=read(anchors, "a"))
            .join(read(others, "b"), on=near)
            .where(lower(across, scope))
            .distinct()
        )
        pairs = scope.attach(pairs)
    broken = lowering.add(f"{wanted}.broken", pairs)
    same = select(number(1), source=read(broken, "p")).where(equal(column(ROW, "p"), column(ROW)))
    query = select(star(), source=read(anchors)).where(exp.Not(this=exists(same)))
    alone = lowering.add(f"{wanted}.alone", query)

    scope = Scope(domain=anchor.domain)
    span = number(node.within)
    until = plus(column("ts"), span)
    since = minus(column("ts"), span)
    following = node.direction == "following"
    low, high = (column("ts"), until) if following else (since, column("ts"))
    events = lowering.events(node.of)
    whole = select(
        *(column(n) for n in anchor.names if n != "covered"),
        named(until.copy() if following else column("ts"), "ts"),
        column("tie"),
        column("start"),
        column(LINEAGE),
        column(OVERFLOW),
        named(covered(events, scope, low, high), "covered"),
        source=read(alone),
    )
    if not node.reads_covered:
        judged = lowering.add(f"{wanted}.judged", whole)
        whole = select(star(), source=read(judged)).where(column("covered"))
    columns = present(node.columns, [*anchor.names, "covered"])
    return Relation(lowering.add(wanted, whole), columns, anchor.lineage)


def _of_only(where: plan.Expr) -> bool:
    """Whether a condition can be asked of the other relation alone: what it asks of directory and
    lists it asks as of the anchor's `ts`.
    """
    return all(c.startswith(OF) for c in columns_read(where)) and not asks_world(where)


def _keys(node: plan.Absence) -> exp.Expr:
    whole: exp.Expr = exp.true()
    for condition in keys_equal(len(node.keys), "a", "b"):
        whole = both(whole, condition)
    return whole


def _near(node: plan.Absence) -> exp.Expr:
    """The other row is not too far from the anchor in time."""
    there, here, span = column("ts", "b"), column("ts", "a"), number(node.within)
    if node.direction == "following":
        return binary(exp.LTE, there, plus(here, span))
    return binary(exp.GT, there, minus(here, span))


def _ordered(node: plan.Absence) -> exp.Expr:
    """The other row is strictly on the right side of the anchor in order."""
    anchor = (column("ts", "a"), column("tie", "a"))
    other = (column("ts", "b"), column("tie", "b"))
    return later(anchor, other) if node.direction == "following" else later(other, anchor)


def _as(query: exp.Query, alias: str) -> exp.Expr:
    return exp.Subquery(this=query, alias=exp.TableAlias(this=exp.to_identifier(alias)))
