"""The steps of a sequence as relations, and what both ways to find chains share.

A step's relation holds the rows that can stand in it: no null key, its own part of `where` met,
numbered (`_row`), with `_k0`, `_k1`, ... as keys, whatever the step calls them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import exp

from engine.backends.duckdb.expression import lower
from engine.backends.duckdb.keyed import Keyed, by_keys, through_step
from engine.backends.duckdb.lineage import PartsLineage
from engine.backends.duckdb.reading import columns_read
from engine.backends.duckdb.relation import LINEAGE, OVERFLOW, Relation, present
from engine.backends.duckdb.scope import Scope
from engine.backends.duckdb.terms import (
    binary,
    both,
    column,
    disjunction,
    equal,
    named,
    not_null,
    over,
    read,
    record,
    select,
    smallest,
    star,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dsl import plan
    from engine.backends.duckdb.nodes import Lowering

ROW = "_row"


@dataclass(frozen=True)
class Prepared:
    """A step with its relation `rows`. `where` is what is left to test against earlier steps;
    `source` describes the columns and the lineage of the rows.
    """

    step: plan.Step
    source: Relation
    rows: str
    where: plan.Expr | None

    @property
    def carried(self) -> list[str]:
        """The columns that the sequence shows as `alias.column`."""
        return ["ts", "start", *self.source.names]

    @property
    def domain(self) -> str | None:
        return None if self.source.domain is None else f"{self.step.alias}.domain"


def prepare(lowering: Lowering, node: plan.Sequence, wanted: str) -> list[Prepared]:
    """The steps in order, each lowered once, however often it repeats.

    The last step comes first: of the others only rows of its keys can be in a chain.
    """
    last = len(node.steps) - 1
    ending = _step(lowering, node, wanted, last, None)
    keyed = by_keys(ending.rows, node.keys)
    return [*(_step(lowering, node, wanted, i, keyed) for i in range(last)), ending]


def _step(
    lowering: Lowering, node: plan.Sequence, wanted: str, position: int, keyed: Keyed | None
) -> Prepared:
    step = node.steps[position]
    name = f"{wanted}.{step.alias or position}"
    ends = position == len(node.steps) - 1
    asked = through_step(node, step, lowering.keyed if keyed is None else keyed)
    further = 0 if ends and step.times == 1 else node.within
    source = lowering.node(step.source, f"{name}.source", further, asked)
    query = select(
        star(),
        *(named(column(k), f"_k{i}") for i, k in enumerate(step.keys)),
        named(over(exp.RowNumber(), []), ROW),
        source=read(source.name),
    ).where(*(not_null(column(k)) for k in step.keys))
    left = step.where
    if step.where is not None and own(step):
        sides = {f"{step.alias}.": "r"}
        domain = None if source.domain is None else f"{step.alias}.domain"
        scope = Scope(sides=sides, ts=f"{step.alias}.ts", domain=domain)
        query = scope.attach(query.where(lower(step.where, scope)))
        left = None
    return Prepared(step, source, lowering.add(name, query), left)


def own(step: plan.Step) -> bool:
    """Whether `where` reads no other step."""
    if step.where is None:
        return True
    return all(c.startswith(f"{step.alias}.") for c in columns_read(step.where))


def keys_equal(count: int, left: str, right: str) -> list[exp.Expr]:
    return [equal(column(f"_k{i}", left), column(f"_k{i}", right)) for i in range(count)]


def later(than: tuple[exp.Expr, exp.Expr], moment: tuple[exp.Expr, exp.Expr]) -> exp.Expr:
    """Whether `moment` (ts, tie) is strictly later in order."""
    (ts, tie), (when, breaker) = than, moment
    same = both(equal(when.copy(), ts.copy()), binary(exp.GT, breaker, tie))
    return disjunction(binary(exp.GT, when, ts), same)


def finish(
    lowering: Lowering,
    node: plan.Sequence,
    wanted: str,
    chosen: Sequence[tuple[Prepared, str]],
    query: exp.Select,
) -> Relation:
    """The sequence's relation: `query` joins the rows of a chain, `chosen` says under which alias
    each stands, first to last; for `x N` each of the N, the last of them showing its columns.
    """
    shown = {p.step.alias: (p, table) for p, table in chosen}
    last = chosen[-1][1]
    columns = [named(column(f"_k{i}", last), k) for i, k in enumerate(node.keys)]
    for alias, (prepared, table) in shown.items():
        columns += [named(column(c, table), f"{alias}.{c}") for c in prepared.carried]
    starts = [column("start", t) for _, t in chosen]
    parts = {f"s{i}": column(LINEAGE, t) for i, (_, t) in enumerate(chosen)}
    whole = query.select(
        *(c for c in columns if c.alias not in ("ts", "start")),
        column("ts", last),
        column("tie", last),
        named(smallest(*starts), "start"),
        named(record(parts), LINEAGE),
        named(disjunction(*(column(OVERFLOW, t) for _, t in chosen)), OVERFLOW),
        append=False,
    )
    lineage = PartsLineage(tuple(p.source.lineage for p, _ in chosen), anchors=True)
    there = [*node.keys, *(f"{a}.{c}" for a, (p, _) in shown.items() for c in p.carried)]
    return Relation(lowering.add(wanted, whole), present(node.columns, there), lineage)
