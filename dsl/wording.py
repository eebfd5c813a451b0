"""Expressions of a plan as text, near to what an author writes. For people; never parsed again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dsl import plan
from dsl.durations import format_duration

if TYPE_CHECKING:
    from dsl.plan import Value
    from dsl.types import Type


def kind_text(kind: Type) -> str:
    """`list of text`."""
    return f"list of {kind.kind}" if kind.many else kind.kind


def value_text(value: Value, kind: Type) -> str:
    """A constant as written."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, bytes):
        return f'"{value.hex()}"'
    if kind.kind == "duration" and isinstance(value, int):
        return format_duration(value)
    if isinstance(value, str) and kind.kind != "enum":
        return f'"{value}"'
    return str(value)


def text_of(expr: plan.Expr) -> str:
    """Any expression."""
    match expr:
        case plan.Col(name):
            return name
        case plan.Lit(value, kind, param):
            return f"${param}" if param else value_text(value, kind)
        case plan.SetOf(items):
            return "{" + ", ".join(map(text_of, items)) + "}"
        case plan.ListRef(name):
            return f"@{name}"
        case plan.Call("item", (column, key)):
            return f"{text_of(column)}[{text_of(key)}]"
        case plan.Call(function, arguments):
            return f"{function}({', '.join(map(text_of, arguments))})"
        case plan.Attr(entity, name):
            return f"{text_of(entity)}.{name}"
        case plan.Op(operator, left, right):
            return f"{_inner(left, expr)} {operator} {_inner(right, expr)}"
        case plan.Not(plan.IsNull(operand)):
            return f"{text_of(operand)} is not null"
        case plan.Not(operand):
            return f"not {_inner(operand, expr)}"
        case plan.In(item, container):
            return f"{text_of(item)} in {text_of(container)}"
        case plan.IsNull(operand):
            return f"{text_of(operand)} is null"
        case plan.Case(arms, otherwise):
            parts = [f"{text_of(c)} -> {text_of(v)}" for c, v in arms]
            if otherwise is not None:
                parts.append(f"else {text_of(otherwise)}")
            return f"case({', '.join(parts)})"


def _inner(expr: plan.Expr, around: plan.Op | plan.Not) -> str:
    if not isinstance(expr, plan.Op) or _stands_alone(expr, around):
        return text_of(expr)
    return f"({text_of(expr)})"


def _stands_alone(expr: plan.Op, around: plan.Op | plan.Not) -> bool:
    """Whether an operator inside another needs no parentheses."""
    if isinstance(around, plan.Not):
        return False
    chain = expr.operator == around.operator and expr.operator in ("and", "or", "+", "*")
    return chain or _strength(expr) > _strength(around)


def _strength(expr: plan.Op) -> int:
    ranks = {"or": 0, "and": 1, "+": 3, "-": 3, "*": 4, "/": 4}
    return ranks.get(expr.operator, 2)
