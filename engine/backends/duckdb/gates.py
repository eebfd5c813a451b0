"""The cheapest question about a slice: is there any event at all that could end in a row?

Each row becomes true with an event (its own, that of its last step, its anchor), and what a `match`
asks of that event's own columns can be asked of the table directly. DuckDB plans this in under a
millisecond, a sequence of windows in ten; and for most detections the answer is no at most ticks.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sqlglot import exp

from dsl import plan
from dsl.functions import FUNCTIONS
from engine.backends.duckdb.expression import lower
from engine.backends.duckdb.reading import Definitions, conjuncts, parts
from engine.backends.duckdb.scope import Scope
from engine.backends.duckdb.terms import binary, column, minus, number, select, stored

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True)
class Gate:
    """An event that may make a row: its `ts` lies up to `early` before the row's. `visible`:
    columns of the row that are the event's own; `conditions` hold for them.
    """

    scan: plan.Scan
    visible: frozenset[str]
    conditions: tuple[plan.Expr, ...] = field(default=())
    early: int = 0


def lower_gates(
    definitions: Definitions, alert: plan.AlertPlan, low: exp.Expr, high: exp.Expr
) -> exp.Query:
    """A query with a row if any event may make a row of the slice."""
    found = [_with(g, alert.when) for g in _gates(definitions, alert.source, shared=False)]
    queries = [_query(g, low, high) for g in found]
    whole: exp.Query = queries[0]
    for query in queries[1:]:
        whole = whole.union(query, distinct=False, copy=False)
    return whole.limit(1)


def _query(gate: Gate, low: exp.Expr, high: exp.Expr) -> exp.Select:
    begin = minus(low.copy(), number(gate.early)) if gate.early else low.copy()
    query = select(number(1), source=stored(gate.scan.event)).where(
        binary(exp.GTE, column("ts"), begin), binary(exp.LTE, column("ts"), high.copy())
    )
    if gate.scan.primary_only:
        query = query.where(column("primary"))
    return query.where(*(lower(c, Scope()) for c in gate.conditions))


def _gates(definitions: Definitions, node: plan.Node, *, shared: bool) -> list[Gate]:
    def of(below: plan.Node) -> list[Gate]:
        return _gates(definitions, below, shared=shared)

    match node:
        case plan.Scan():
            return [Gate(node, frozenset(n for n, _ in node.columns))]
        case plan.Ref(name):
            inside, below = definitions.find(name, shared=shared)
            return _gates(definitions, below, shared=inside)
        case plan.Match(source):
            lets = frozenset(n for n, _ in node.lets)
            return [_hide(_with(g, node.where), lets) for g in of(source)]
        case plan.Union(sources):
            return [g for s in sources for g in of(s)]
        case plan.Window(source):
            return [replace(g, visible=frozenset()) for g in of(source)]
        case plan.Sequence():
            return [replace(g, visible=frozenset()) for g in of(node.steps[-1].source)]
        case plan.Join(left):
            kept = frozenset(n for _, n in node.keeps)
            gates = [_hide(g, kept) for g in of(left)]
            # the row is as late as the later side, or as the end of the wait
            return (
                gates if node.direction == "before" else [_earlier(g, node.within) for g in gates]
            )
        case plan.Absence(anchor):
            gates = [_hide(g, frozenset({"covered"})) for g in of(anchor)]
            if node.direction == "preceding":
                return gates
            return [_earlier(g, node.within) for g in gates]
        case plan.Recall(source):
            return [
                _hide(g, frozenset(f"{node.alias}.{r.name}" for r in node.reads))
                for g in of(source)
            ]
        case plan.Profile() | plan.Model() | plan.Given():
            return []  # it makes no rows


def _hide(gate: Gate, names: frozenset[str]) -> Gate:
    return replace(gate, visible=gate.visible - names)


def _earlier(gate: Gate, by: int) -> Gate:
    return replace(gate, early=gate.early + by)


def _with(gate: Gate, where: plan.Expr | None) -> Gate:
    """The gate with those parts of a condition that the event alone decides."""
    if where is None:
        return gate
    own = tuple(c for c in conjuncts(where) if _decided(c, gate.visible))
    return replace(gate, conditions=gate.conditions + own)


def _decided(expr: plan.Expr, visible: frozenset[str]) -> bool:
    return all(_plain(e, visible) for e in parts(expr))


def _plain(expr: plan.Expr, visible: Iterable[str]) -> bool:
    match expr:
        case plan.Col(name):
            return name in visible
        case plan.Attr() | plan.ListRef():
            return False
        case plan.Call(function):
            known = FUNCTIONS.get(function)
            return known is not None and not known.as_of and not known.at_watermark
        case _:
            return True
