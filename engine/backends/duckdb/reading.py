"""What a plan reads: columns of expressions, nodes behind names, event types, times.

Names of relations mean local ones first, then shared ones; shared relations see only shared ones.
Knows no SQL.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dsl import plan
from dsl.check.walk import sources

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


def parts(expr: plan.Expr) -> Iterator[plan.Expr]:
    """An expression and everything inside it."""
    yield expr
    match expr:
        case plan.SetOf(inner) | plan.Call(_, inner):
            below: tuple[plan.Expr, ...] = inner
        case plan.Attr(entity):
            below = (entity,)
        case plan.Op(_, left, right) | plan.In(left, right):
            below = (left, right)
        case plan.Not(operand) | plan.IsNull(operand):
            below = (operand,)
        case plan.Case(arms, otherwise):
            arms_ = tuple(e for arm in arms for e in arm)
            below = arms_ if otherwise is None else (*arms_, otherwise)
        case plan.Col() | plan.Lit() | plan.ListRef():
            below = ()
    for one in below:
        yield from parts(one)


def conjuncts(expr: plan.Expr) -> Iterator[plan.Expr]:
    """The operands of a chain of `and`; an expression that is none is its own."""
    if isinstance(expr, plan.Op) and expr.operator == "and":
        yield from conjuncts(expr.left)
        yield from conjuncts(expr.right)
    else:
        yield expr


def all_of(conditions: Iterable[plan.Expr]) -> plan.Expr | None:
    """Conditions as a chain of `and`, as `conjuncts` takes it apart; None of none."""
    whole: plan.Expr | None = None
    for condition in conditions:
        whole = condition if whole is None else plan.Op("and", whole, condition, condition.type)
    return whole


def columns_read(expr: plan.Expr | None) -> frozenset[str]:
    """Names of the columns, as the plan writes them."""
    if expr is None:
        return frozenset()
    return frozenset(e.name for e in parts(expr) if isinstance(e, plan.Col))


def asks_world(expr: plan.Expr) -> bool:
    """Whether the answer may depend on directory or lists, hence on a row's `ts`."""
    return any(isinstance(e, plan.Call | plan.Attr | plan.ListRef) for e in parts(expr))


def mentioned(node: plan.Node) -> frozenset[str]:
    """Names of the columns that a node itself reads of those below it."""
    match node:
        case plan.Match():
            read = [columns_read(node.where), *(columns_read(e) for _, e in node.lets)]
            return frozenset().union(*read)
        case plan.Window():
            read = [columns_read(node.having)]
            for aggregate in node.aggregates:
                read += [columns_read(aggregate.where), *map(columns_read, aggregate.arguments)]
            return frozenset(node.keys).union(*read)
        case plan.Sequence():
            keys = [frozenset(s.keys) for s in node.steps]
            return frozenset().union(*keys, *(columns_read(s.where) for s in node.steps))
        case plan.Join():
            kept = frozenset(c for c, _ in node.keeps)
            return kept.union(*map(frozenset, node.keys))
        case plan.Absence():
            return columns_read(node.where).union(*map(frozenset, node.keys))
        case plan.Profile():
            asked = [columns_read(node.ready), columns_read(node.peers)]
            for learn in node.learns:
                asked += [columns_read(learn.where), *map(columns_read, learn.arguments)]
            return frozenset(node.keys).union(*asked)
        case plan.Model():
            return frozenset((*node.keys, *node.using))
        case plan.Recall():
            arguments = [columns_read(r.argument) for r in node.reads]
            return frozenset(c for c, _ in node.keys).union(*arguments)
        case plan.Scan() | plan.Given() | plan.Ref() | plan.Union():
            return frozenset()


@dataclass(frozen=True)
class Definitions:
    """The relations of a detection by name."""

    local: Mapping[str, plan.Node]
    shared: Mapping[str, plan.Node]

    def find(self, name: str, *, shared: bool) -> tuple[bool, plan.Node]:
        """The relation that a name means (inside a shared one, if `shared`), and whether it is
        itself a shared one.
        """
        if name in self.local and not shared:
            return False, self.local[name]
        return True, self.shared[name]

    def reached(self, node: plan.Node, *, shared: bool = False) -> Iterator[plan.Node]:
        """Every node that a node rests on, itself first, relations once."""
        return (found for _, found in self.walked(node, shared=shared))

    def walked(self, node: plan.Node, *, shared: bool = False) -> Iterator[tuple[bool, plan.Node]]:
        """Every node that a node rests on, and whether it stands inside a shared relation."""
        seen: set[tuple[bool, str]] = set()
        waiting = [(shared, node)]
        while waiting:
            inside, at = waiting.pop()
            yield inside, at
            if isinstance(at, plan.Ref):
                found = self.find(at.name, shared=inside)
                if (found[0], at.name) not in seen:
                    seen.add((found[0], at.name))
                    waiting.append(found)
            waiting += [(inside, n) for n in sources(at)]

    def events(self, node: plan.Node, *, shared: bool) -> list[str]:
        """The event types that a node rests on."""
        every = self.reached(node, shared=shared)
        return sorted({n.event for n in every if isinstance(n, plan.Scan)})

    def columns(self, alert: plan.AlertPlan) -> frozenset[str]:
        """Names of the columns that an alert needs of any event."""
        own = [e for _, e in (*alert.roles, *alert.dedup_by)] + [e for e, _ in alert.excepts]
        own += [e for e in (alert.severity, alert.confidence, alert.when) if e is not None]
        return self.columns_below(alert.source, frozenset().union(*map(columns_read, own)))

    def columns_below(
        self, node: plan.Node, own: frozenset[str] = frozenset(), *, shared: bool = False
    ) -> frozenset[str]:
        """Names of the columns that a node needs of any event, and `own`; of `a.b.c` also `b.c` and
        `c`.
        """
        read = own.union(*map(mentioned, self.reached(node, shared=shared)))
        # whatever asks for coverage does so for the row's domain
        parts = [n.split(".") for n in read]
        suffixes = {".".join(p[i:]) for p in parts for i in range(len(p))}
        return read | suffixes | {"domain"}
