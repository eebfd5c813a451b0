"""Operators over single values: comparison, arithmetic, text.

Comparisons take two of one kind; a text literal becomes an address, bytes, an identity by what it
meets. Text operators take text and lists of text (any element). Times and durations have their
arithmetic. Everything else is one fault, with the way out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dsl import plan, syntax
from dsl.check import literals
from dsl.check.containers import has, has_several, listed
from dsl.check.differences import converted, differ, mismatch
from dsl.check.kinds import (
    BOOL,
    DURATION,
    FLOAT,
    INT,
    NUMBERS,
    ORDERED,
    TEXT,
    TIME,
    comparable,
    many,
    named,
    one,
)
from dsl.schema.base import ENTITY_KINDS

if TYPE_CHECKING:
    from dsl.check.expressions import Expressions
    from dsl.types import Type

_TEXT_KINDS: Final = frozenset({"text", "service", "sid"})
_CONSTANT: Final = frozenset({"like", "matches", "cidr"})
_WITH_LISTS: Final = frozenset({"contains", "startswith", "endswith"})


def binary(check: Expressions, node: syntax.Binary) -> plan.Expr | None:
    """`left operator right`."""
    match node.operator:
        case "and" | "or":
            left, right = check.condition(node.left), check.condition(node.right)
            return (
                None if left is None or right is None else plan.Op(node.operator, left, right, BOOL)
            )
        case "==" | "!=" | "<" | "<=" | ">" | ">=":
            return _comparison(check, node)
        case "+" | "-" | "*" | "/":
            return _arithmetic(check, node)
        case "has":
            return has(check, node)
        case "has any" | "has all":
            return has_several(check, node)
        case operator if operator.endswith((" any", " all")):
            return _text_of_several(check, node)
        case _:
            return _text_operator(check, node)


def negate(check: Expressions, node: syntax.Negate) -> plan.Expr | None:
    """Unary minus."""
    inner = check.check(node.operand)
    if inner is None:
        return None
    if inner.type not in (INT, FLOAT, DURATION):
        mismatch(check, node.at, f"`-` takes a number or a duration, not {named(inner.type)}")
        return None
    if isinstance(inner, plan.Lit) and isinstance(inner.value, int | float) and not inner.param:
        return plan.Lit(-inner.value, inner.type)
    return plan.Op("-", plan.Lit(0, inner.type), inner, inner.type)


def _pair(
    check: Expressions, left: syntax.Expr, right: syntax.Expr
) -> tuple[plan.Expr, plan.Expr] | None:
    """Two scalars that meet: each gives the other its enum, and literals their kind."""
    if check.unknown_word(left) and not check.unknown_word(right):
        swapped = _pair(check, right, left)
        return None if swapped is None else (swapped[1], swapped[0])
    first = check.check(left)
    second = check.check(right, None if first is None else one(first.type), quiet=first is None)
    if first is None or second is None:
        return None
    first_kind, second_kind = one(first.type), one(second.type)
    new_first = converted(check, first, second_kind, left.at)
    new_second = converted(check, second, first_kind, right.at)
    return None if new_first is None or new_second is None else (new_first, new_second)


def _comparison(check: Expressions, node: syntax.Binary) -> plan.Expr | None:
    pair = _pair(check, node.left, node.right)
    if pair is None:
        return None
    left, right = pair
    equality = node.operator in ("==", "!=")
    if left.type.many or right.type.many:
        hint = "use `has`, `has any` or `has all`" if equality else "compare `len(…)`"
        mismatch(check, node.operator_at, f"`{node.operator}` does not take a list", hint)
        return None
    if not comparable(left.type, right.type):
        differ(check, node.operator_at, node.left, left.type, node.right, right.type, node.operator)
        return None
    if not equality and left.type.kind not in ORDERED:
        mismatch(
            check, node.operator_at, f"`{node.operator}` does not take {named(left.type)}",
            "only numbers, times and durations have an order",
        )  # fmt: skip
        return None
    return plan.Op(node.operator, left, right, BOOL)


def _arithmetic(check: Expressions, node: syntax.Binary) -> plan.Expr | None:
    left, right = check.check(node.left), check.check(node.right)
    if left is None or right is None:
        return None
    result = _result(node.operator, left.type, right.type)
    if result is None:
        numbers = {left.type.kind, right.type.kind} & NUMBERS
        times = {left.type.kind, right.type.kind} & {"time", "duration"}
        mismatch(
            check, node.operator_at,
            f"`{node.operator}` does not take {named(left.type)} and {named(right.type)}",
            "write a duration with its unit, such as `10s`" if numbers and times else "",
        )  # fmt: skip
        return None
    return plan.Op(node.operator, left, right, result)


def _result(operator: str, left: Type, right: Type) -> Type | None:
    if left.many or right.many:
        return None
    kinds = (left.kind, right.kind)
    if left.kind in NUMBERS and right.kind in NUMBERS:
        return FLOAT if operator == "/" or "float" in kinds else INT
    match operator, kinds:
        case (("+" | "-"), ("duration", "duration")):
            return DURATION
        case "+", (("time", "duration") | ("duration", "time")):
            return TIME
        case "-", ("time", "duration"):
            return TIME
        case "-", ("time", "time"):
            return DURATION
        case "+", ("text", "text"):
            return TEXT
        case (("*" | "/"), ("duration", ("int" | "float"))):
            return DURATION
        case "*", (("int" | "float"), "duration"):
            return DURATION
        case "/", ("duration", "duration"):
            return FLOAT
        case _:
            return None


def _text_operator(check: Expressions, node: syntax.Binary) -> plan.Expr | None:
    operator = node.operator
    left, right = check.check(node.left), check.check(node.right, quiet=True)
    if left is None or not _takes_text(check, node, left):
        return None
    if right is None:
        if check.unknown_word(node.right) and isinstance(node.right, syntax.Path):
            mismatch(
                check, node.right.at, f"`{operator}` takes a text", f'write "{node.right.parts[0]}"'
            )
        return None
    if right.type != TEXT:
        mismatch(check, node.right.at, f"`{operator}` takes a text, not {named(right.type)}")
        return None
    if operator in _CONSTANT:
        if not isinstance(right, plan.Lit):
            mismatch(
                check, node.right.at, f"`{operator}` takes a constant", "write a text or a `$param`"
            )
            return None
        if not _is_pattern(check, operator, right, node.right.at):
            return None
    return plan.Op(operator, left, right, BOOL)


def _takes_text(check: Expressions, node: syntax.Binary, left: plan.Expr) -> bool:
    """Whether the left side is of a kind that a text operator (or `cidr`) takes."""
    operator = node.operator
    if left.type.kind in ({"ip"} if operator == "cidr" else _TEXT_KINDS):
        return True
    hint = ""
    if left.type.kind in ENTITY_KINDS and not left.type.many and operator != "cidr":
        name = ".".join(node.left.parts) if isinstance(node.left, syntax.Path) else "…"
        hint = f"ask its name: `{name}.name {operator} …`"
    elif left.type.kind == "enum":
        hint = "compare with `==` or `in`"
    mismatch(check, node.operator_at, f"`{operator}` does not take {named(left.type)}", hint)
    return False


def _is_pattern(check: Expressions, operator: str, right: plan.Lit, at: syntax.At) -> bool:
    try:
        literals.CHECKS.get(operator, str)(str(right.value))
    except literals.BadLiteralError as fault:
        check.error("D0307", at, str(fault), "", fault.hint)
        return False
    return True


def _text_of_several(check: Expressions, node: syntax.Binary) -> plan.Expr | None:
    """A text operator against each of a set of constants, or against a list."""
    left = check.check(node.left)
    word, _, number = node.operator.partition(" ")
    if isinstance(node.right, syntax.ListRef):
        if word not in _WITH_LISTS or number == "all":
            mismatch(
                check, node.right.at, f"`{node.operator}` takes a set of texts, not a list",
                "a list stands behind `contains any`, `startswith any` and `endswith any`",
            )  # fmt: skip
            return None
        listed_as = listed(check, node.right, TEXT)
        if left is None or listed_as is None or not _takes_text(check, node, left):
            return None
        return plan.Op(node.operator, left, listed_as, BOOL)
    if not isinstance(node.right, syntax.SetLiteral) or not node.right.items:
        hint = f'write `{node.operator} {{"…", "…"}}`'
        mismatch(check, node.right.at, f"`{node.operator}` takes a set of texts", hint)
        return None
    patterns = []
    for item in node.right.items:
        pattern = check.check(item, quiet=True)
        if not isinstance(pattern, plan.Lit) or pattern.type != TEXT:
            hint = "write a text or a `$param`"
            mismatch(check, item.at, f"`{node.operator}` takes constant texts", hint)
            return None
        if not _is_pattern(check, word, pattern, item.at):
            return None
        patterns.append(pattern)
    if left is None or not _takes_text(check, node, left):
        return None
    return plan.Op(node.operator, left, plan.SetOf(tuple(patterns), many(TEXT)), BOOL)
