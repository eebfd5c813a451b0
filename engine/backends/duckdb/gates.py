"""The cheapest questions about a slice: are there the events that any row of it needs?

Most are never asked of the store: what conditions the events of a batch meet is noted as they arrive
(`engine.arrivals`), all conditions on a type in one statement.

Each row becomes true with an event (its own, that of its last step, its anchor), and rests on others
(earlier steps, the right side of a join). What a `match` asks of an event's own columns can be asked
of the table directly. DuckDB plans such a question in under a millisecond, a sequence of windows in
ten; and for most detections the answer is no at most ticks.
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
from engine.backends.duckdb.terms import (
    DIALECT,
    binary,
    column,
    conjunction,
    minus,
    number,
    select,
    stored,
)

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Gate:
    """An event that may make a row, or be part of one: its `ts` lies up to `early` before the
    row's. `visible`: columns of the row that are the event's own, and what the event calls them;
    `conditions` hold for the event.
    """

    scan: plan.Scan
    visible: Mapping[str, str]
    conditions: tuple[plan.Expr, ...] = field(default=())
    early: int = 0


@dataclass(frozen=True)
class Need:
    """An event of a type that a row needs, up to `early` (microseconds) before the row's `ts`;
    `condition`: what holds for it, as SQL over the columns of its table, "" for any event.
    """

    event: str
    early: int
    condition: str


Clause = list[Gate]
"""Any of these events: a row of a union has one of them."""


def clauses_of(definitions: Definitions, alert: plan.AlertPlan) -> list[Clause]:
    """What any row of an alert needs, the row's own event first."""
    return _with(_clauses(definitions, alert.source, shared=False), alert.when)


def needs_of(clauses: list[Clause]) -> tuple[tuple[Need, ...], ...]:
    """What is to be known of arriving events: of each clause one must have come."""
    needs = (tuple(dict.fromkeys(map(_need, clause))) for clause in clauses)
    return tuple(dict.fromkeys(needs))


def lower_gates(clauses: list[Clause], low: exp.Expr, high: exp.Expr) -> list[exp.Query]:
    """Queries that all have a row if any row is in the slice."""
    queries: list[exp.Query] = []
    for clause in clauses:
        whole: exp.Query | None = None
        asked: list[exp.Select] = []
        for gate in clause:
            query = _query(gate, low, high)
            if query in asked:
                continue
            asked.append(query.copy())
            whole = query if whole is None else whole.union(query, distinct=False, copy=False)
        if whole is not None:
            first = whole.limit(1)
            if first not in queries:
                queries.append(first)
    return queries


def _need(gate: Gate) -> Need:
    condition = conjunction(lower(c, Scope()) for c in gate.conditions)
    text = "" if condition is None else condition.sql(dialect=DIALECT)
    return Need(gate.scan.event, gate.early, text)


def _query(gate: Gate, low: exp.Expr, high: exp.Expr) -> exp.Select:
    begin = minus(low.copy(), number(gate.early)) if gate.early else low.copy()
    query = select(number(1), source=stored(gate.scan.event)).where(
        binary(exp.GTE, column("ts"), begin), binary(exp.LTE, column("ts"), high.copy())
    )
    if gate.scan.primary_only:
        query = query.where(column("primary"))
    return query.where(*(lower(c, Scope()) for c in gate.conditions))


def _clauses(definitions: Definitions, node: plan.Node, *, shared: bool) -> list[Clause]:
    """What a row of a node needs; the clause of its own event first."""

    def of(below: plan.Node) -> list[Clause]:
        return _clauses(definitions, below, shared=shared)

    match node:
        case plan.Scan():
            return [[Gate(node, {n: n for n, _ in node.columns})]]
        case plan.Ref(name):
            inside, below = definitions.find(name, shared=shared)
            return _clauses(definitions, below, shared=inside)
        case plan.Match(source):
            return _named(_with(of(source), node.where), _kept(node))
        case plan.Union(sources):
            # which of them it is from is not known, so only that it is from one
            return [[g for s in sources for g in of(s)[0]]]
        case plan.Window(source):
            return _named(of(source), {k: k for k in node.keys})
        case plan.Sequence():
            return _sequence(definitions, node, shared=shared)
        case plan.Join(left, right):
            wait, reach = _join_times(node)
            kept = {name: of_ for of_, name in node.keeps}
            own = {n: n for n, _ in left.columns if n not in kept}
            needed = _earlier(_named(of(left), own), wait)
            if not node.optional:
                needed += _earlier(_named(of(right), kept), reach)
            return needed
        case plan.Absence(anchor):
            own = {n: n for n, _ in anchor.columns if n != "covered"}
            wait = node.within if node.direction == "following" else 0
            return _earlier(_named(of(anchor), own), wait)
        case plan.Recall(source):
            reads = {f"{node.alias}.{r.name}" for r in node.reads}
            own = {n: n for n, _ in source.columns if n not in reads}
            return _named(of(source), own)
        case plan.Profile() | plan.Model() | plan.Given():
            return []  # it makes no rows


def _sequence(definitions: Definitions, node: plan.Sequence, *, shared: bool) -> list[Clause]:
    needed: list[Clause] = []
    last = len(node.steps) - 1
    for position in range(last, -1, -1):
        step = node.steps[position]
        if step.negated:
            continue
        names = {f"{step.alias}.{n}": n for n, _ in step.source.columns}
        found = _named(_clauses(definitions, step.source, shared=shared), names)
        found = _with(found, step.where)
        keys = {k: f"{step.alias}.{c}" for k, c in zip(node.keys, step.keys, strict=True)}
        found = _named(found, {n: n for n in names} | keys)
        needed += found if position == last else _earlier(found, node.within)
    return needed


def _join_times(node: plan.Join) -> tuple[int, int]:
    """How long before a row its left and its right event may lie."""
    return {
        "before": (0, node.within),
        "after": (node.within, node.within),
        "around": (node.within, 2 * node.within),
    }[node.direction]


def _kept(node: plan.Match) -> dict[str, str]:
    """Columns of a match that are plain columns of its source."""
    names = {n: n for n, _ in node.source.columns}
    for name, value in node.lets:
        known = names.get(value.name) if isinstance(value, plan.Col) else None
        names.pop(name, None)
        if known is not None:
            names[name] = known
    return names


def _named(clauses: list[Clause], names: Mapping[str, str]) -> list[Clause]:
    """The clauses as a reader sees them, who calls columns by other names."""

    def seen(gate: Gate) -> Gate:
        visible = {n: gate.visible[of] for n, of in names.items() if of in gate.visible}
        return replace(gate, visible=visible)

    return [[seen(g) for g in clause] for clause in clauses]


def _earlier(clauses: list[Clause], by: int) -> list[Clause]:
    return [[replace(g, early=g.early + by) for g in clause] for clause in clauses]


def _with(clauses: list[Clause], where: plan.Expr | None) -> list[Clause]:
    """The clauses with those parts of a condition that an event alone decides."""
    if where is None:
        return clauses
    wanted = list(conjuncts(where))

    def asked(gate: Gate) -> Gate:
        own = tuple(_renamed(c, gate.visible) for c in wanted if _decided(c, gate.visible))
        return replace(gate, conditions=gate.conditions + own)

    return [[asked(g) for g in clause] for clause in clauses]


def _decided(expr: plan.Expr, visible: Mapping[str, str]) -> bool:
    """A condition without columns says nothing about the event, and may be about the row's time."""
    read = [e for e in parts(expr) if isinstance(e, plan.Col)]
    return bool(read) and all(_plain(e, visible) for e in parts(expr))


def _plain(expr: plan.Expr, visible: Mapping[str, str]) -> bool:
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


def _renamed(expr: plan.Expr, names: Mapping[str, str]) -> plan.Expr:
    """An expression with columns by their other names."""

    def of(inner: plan.Expr) -> plan.Expr:
        return _renamed(inner, names)

    match expr:
        case plan.Col(name):
            return replace(expr, name=names[name])
        case plan.SetOf(items):
            return replace(expr, items=tuple(map(of, items)))
        case plan.Call(_, arguments):
            return replace(expr, arguments=tuple(map(of, arguments)))
        case plan.Op(_, left, right):
            return replace(expr, left=of(left), right=of(right))
        case plan.In(item, container):
            return replace(expr, item=of(item), container=of(container))
        case plan.Not(operand) | plan.IsNull(operand):
            return replace(expr, operand=of(operand))
        case plan.Case(arms, otherwise):
            changed = tuple((of(condition), of(value)) for condition, value in arms)
            return replace(
                expr, arms=changed, otherwise=None if otherwise is None else of(otherwise)
            )
        case _:
            return expr
