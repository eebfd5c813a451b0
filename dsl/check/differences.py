"""Faults of operators: kinds that do not meet, and the way from one to the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dsl import plan, syntax
from dsl.check import literals
from dsl.check.kinds import NUMBERS, named
from dsl.faults import did_you_mean

if TYPE_CHECKING:
    from dsl.check.expressions import Expressions
    from dsl.syntax import At
    from dsl.types import Type


def called(node: syntax.Expr, kind: Type) -> str:
    """How a message names an operand: as written and its kind, or the kind alone."""
    match node:
        case syntax.Path(parts):
            return f"`{'.'.join(parts)}` ({named(kind)})"
        case syntax.Call(function):
            return f"`{'.'.join(function.parts)}(…)` ({named(kind)})"
        case syntax.Param(name):
            return f"`${name}` ({named(kind)})"
        case _:
            return named(kind)


def converted(check: Expressions, value: plan.Expr, to: Type, at: At) -> plan.Expr | None:
    """A text literal as the kind it meets."""
    if not isinstance(value, plan.Lit):
        return value
    try:
        return literals.convert(value, to)
    except literals.BadLiteralError as fault:
        hint = fault.hint
        if to.kind == "enum" and not hint:
            hint = did_you_mean(str(value.value), to.words)
        check.error("D0307", at, str(fault), f"not a literal of kind {to.kind}", hint)
        return None


def mismatch(check: Expressions, at: At, message: str, hint: str = "") -> None:
    """An operator that does not take a kind."""
    check.error("D0301", at, message, "", hint)


def differ(
    check: Expressions, at: At, left: syntax.Expr, left_kind: Type,
    right: syntax.Expr, right_kind: Type, operator: str,
) -> None:  # fmt: skip
    message = (
        f"`{operator}` cannot compare {called(left, left_kind)} with {called(right, right_kind)}"
    )
    check.error("D0301", at, message, "these are different kinds", _bridge(left_kind, right_kind))


def _bridge(left: Type, right: Type) -> str:
    """How one kind is turned into the other, where there is a way."""
    kinds = {left.kind, right.kind}
    if left.many or right.many:
        return "use `has`, `has any` or `in`"
    if "null" in kinds:
        return "write `… is null` or `… is not null`"
    if "duration" in kinds and kinds & NUMBERS:
        return "write a duration with its unit, such as `10s`"
    ways = {
        frozenset({"account", "text"}): "`account_of(text)` gives the account of a name",
        frozenset({"host", "text"}): "`host_named(text)` gives the host of a name",
        frozenset({"account", "host"}): "`host_of_account(account)` gives a computer's host",
        frozenset({"ip", "host"}): "`host_of(ip)` gives the host of an address",
        frozenset({"enum", "text"}): "an enum is compared with a bare word",
        frozenset({"int", "text"}): "write the number without quotes",
        frozenset({"service", "text"}): "`text(service)` gives it as text",
        frozenset({"bool", "text"}): "write `true` or `false` without quotes",
    }
    return ways.get(frozenset(kinds), "")
