"""What a key must have in the whole slice and its look-back, or none of its windows meets `having`.

A count over a frame is at most the count over everything that is read, so `n >= 20` asks for twenty
rows of the key at all. One aggregation finds the few keys that have them; window functions, which
sort, are left with those. Where a statement needs a row of the window, it is a gate (`gates`), too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from dsl import plan
from engine.backends.duckdb.terms import binary, both, column, disjunction, number, read, select

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from engine.backends.duckdb.aggregates import Aggregated
    from engine.backends.duckdb.reading import Definitions

_GROWING: Final = frozenset({"count", "count_distinct"})
"""Aggregates that no further row makes smaller."""
_MIRRORED: Final = {"<": ">", "<=": ">=", "==": "=="}


def bound(node: plan.Window, aggregates: Iterable[Aggregated]) -> exp.Expr | None:
    """A condition on all rows of a key that each window meeting `having` implies; None where
    nothing is known.
    """
    growing = {
        a.name: function
        for declared, a in zip(node.aggregates, aggregates, strict=True)
        if declared.function in _GROWING
        for function in a.functions.values()
    }
    return None if node.having is None else _implied(node.having, growing)


def candidates(rows: str, keys: Iterable[str], condition: exp.Expr) -> exp.Select:
    """The keys, as `_k0`, `_k1`, ..., of rows that together meet the condition."""
    names = list(keys)
    columns = [column(k) for k in names]
    query = select(
        *(exp.alias_(c, f"_k{i}", quoted=True) for i, c in enumerate(columns)), source=read(rows)
    )
    return query.group_by(*(c.copy() for c in columns)).having(condition)


def _implied(having: plan.Expr, growing: dict[str, exp.Expr]) -> exp.Expr | None:
    match having:
        case plan.Op("and" | "or" as operator, left, right):
            sides = [_implied(left, growing), _implied(right, growing)]
            known = [s for s in sides if s is not None]
            if operator == "and":
                return both(*known) if len(known) == 2 else known[0] if known else None
            return disjunction(*known) if len(known) == 2 else None
        case plan.Op("<" | "<=" | "==" as operator, plan.Lit() as least, plan.Col() as name):
            return _least(_MIRRORED[operator], name, least, growing)
        case plan.Op(">" | ">=" | "==" as operator, plan.Col() as name, plan.Lit() as least):
            return _least(operator, name, least, growing)
        case _:
            return None


def _least(
    operator: str, name: plan.Col, least: plan.Lit, growing: dict[str, exp.Expr]
) -> exp.Expr | None:
    function, value = growing.get(name.name), least.value
    if function is None or isinstance(value, bool) or not isinstance(value, int):
        return None
    comparison = exp.GT if operator == ">" else exp.GTE
    return binary(comparison, function.copy(), number(value))


@dataclass(frozen=True)
class Needed:
    """A window of which any row of a statement needs one: `far` before the row's `ts` at most."""

    node: plan.Window
    far: int
    shared: bool


def needed(definitions: Definitions, node: plan.Node) -> Iterator[Needed]:
    """The windows whose rows a node cannot do without."""
    for any_of in needed_any(definitions, node):
        if len(any_of) == 1:
            yield any_of[0]


def needed_any(
    definitions: Definitions, node: plan.Node, far: int = 0, *, shared: bool = False
) -> Iterator[list[Needed]]:
    """Windows of which a node cannot do without the rows of all."""

    def of(below: plan.Node, further: int) -> Iterator[list[Needed]]:
        return needed_any(definitions, below, far + further, shared=shared)

    match node:
        case plan.Ref(name):
            inside, below = definitions.find(name, shared=shared)
            yield from needed_any(definitions, below, far, shared=inside)
        case plan.Match(source) | plan.Recall(source):
            yield from of(source, 0)
        case plan.Window():
            yield [Needed(node, far, shared)]
        case plan.Union(sources):
            # a row is from one of them
            firsts = [next(of(source, 0), None) for source in sources]
            every = [f for f in firsts if f is not None]
            if len(every) == len(sources):
                yield [window for first in every for window in first]
        case plan.Sequence(within=within, steps=steps):
            for position, step in enumerate(steps):
                ends = position == len(steps) - 1 and step.times == 1
                if not step.negated:
                    yield from of(step.source, 0 if ends else within)
        case plan.Join(left, right, within=within, direction=direction):
            yield from of(left, 0 if direction == "before" else within)
            if not node.optional:
                yield from of(right, 2 * within if direction == "around" else within)
        case plan.Absence(anchor, within=within, direction=direction):
            yield from of(anchor, within if direction == "following" else 0)
        case _:
            return
