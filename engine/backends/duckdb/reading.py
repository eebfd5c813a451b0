"""Which columns an expression of a plan reads."""

from __future__ import annotations

from dsl import plan


def columns_read(expr: plan.Expr) -> frozenset[str]:
    """Names of the columns, as the plan writes them."""
    match expr:
        case plan.Col(name):
            return frozenset({name})
        case plan.SetOf(items):
            return _all(items)
        case plan.Call(_, arguments):
            return _all(arguments)
        case plan.Attr(entity):
            return columns_read(entity)
        case plan.Op(_, left, right) | plan.In(left, right):
            return _all((left, right))
        case plan.Not(operand) | plan.IsNull(operand):
            return columns_read(operand)
        case plan.Case(arms, otherwise):
            inner = tuple(e for arm in arms for e in arm)
            return _all(inner if otherwise is None else (*inner, otherwise))
        case plan.Lit() | plan.ListRef():
            return frozenset()


def _all(expressions: tuple[plan.Expr, ...]) -> frozenset[str]:
    return frozenset().union(*map(columns_read, expressions))
