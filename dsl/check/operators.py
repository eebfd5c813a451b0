"""Operators: which kinds each takes, and what it gives.

Comparisons take two of one kind; a text literal becomes an address, bytes, an identity by what it
meets. Text operators take text and lists of text (any element). Times and durations have their
arithmetic. Everything else is one fault, with the way out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dsl import plan, syntax
from dsl.check import literals
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
from dsl.faults import did_you_mean
from dsl.schema.base import ENTITY_KINDS

if TYPE_CHECKING:
    from dsl.check.expressions import Expressions
    from dsl.syntax import At
    from dsl.types import Type

_TEXT_KINDS: Final = frozenset({"text", "service", "sid"})
_CONSTANT: Final = frozenset({"like", "matches", "cidr"})


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
            return _has(check, node)
        case "has any" | "has all":
            return _has_several(check, node)
        case _:
            return _text_operator(check, node)


def negate(check: Expressions, node: syntax.Negate) -> plan.Expr | None:
    """Unary minus."""
    inner = check.check(node.operand)
    if inner is None:
        return None
    if inner.type not in (INT, FLOAT, DURATION):
        _mismatch(check, node.at, f"`-` takes a number or a duration, not {named(inner.type)}")
        return None
    if isinstance(inner, plan.Lit) and isinstance(inner.value, int | float) and not inner.param:
        return plan.Lit(-inner.value, inner.type)
    return plan.Op("-", plan.Lit(0, inner.type), inner, inner.type)


def membership(check: Expressions, node: syntax.In) -> plan.Expr | None:
    """`item in container`, `item not in container`."""
    item = check.check(node.item)
    kind = None if item is None else one(item.type)
    container = contained(check, node.container, kind, node.item)
    if item is None or container is None:
        return None
    if item.type.many:
        name = ".".join(node.item.parts) if isinstance(node.item, syntax.Path) else "…"
        _mismatch(
            check, node.item.at, "`in` takes one value on its left, not a list",
            f"write `{name} has any …`",
        )  # fmt: skip
        return None
    inside = plan.In(item, container, BOOL)
    return plan.Not(inside, BOOL) if node.negated else inside


def contained(
    check: Expressions, node: syntax.Expr, item: Type | None, item_node: syntax.Expr
) -> plan.Expr | None:
    """A set, `@list` or list on the right of `in`, `has any`, as an argument; `item` = the type
    of what is looked for, None where that is unknown.
    """
    match node:
        case syntax.SetLiteral(items):
            return _set(check, items, item, item_node)
        case syntax.ListRef():
            return listed(check, node, item)
    container = check.check(node, quiet=item is None)
    if container is None:
        return None
    if not container.type.many:
        word = f"{{{'.'.join(node.parts)}}}" if isinstance(node, syntax.Path) else "{…}"
        _mismatch(
            check, node.at, f"this is {named(container.type)}, not a set or list",
            f"write a set: `{word}`",
        )  # fmt: skip
        return None
    if item is not None and not comparable(item, one(container.type)):
        _differ(check, node.at, item_node, item, node, one(container.type), "in")
        return None
    return container


def _set(
    check: Expressions, items: tuple[syntax.Expr, ...], item: Type | None, item_node: syntax.Expr
) -> plan.Expr | None:
    if item is None:
        for element in items:
            check.check(element, quiet=True)
        return None
    values = []
    for element in items:
        value = _against(check, element, item)
        if value is None:
            continue
        if value.type.many or not comparable(item, value.type):
            _differ(check, element.at, item_node, item, element, value.type, "in")
            continue
        values.append(value)
    return plan.SetOf(tuple(values), many(item)) if len(values) == len(items) else None


def listed(check: Expressions, node: syntax.ListRef, item: Type | None) -> plan.Expr | None:
    """`@list` where elements of type `item` are looked for."""
    kind = check.context.lists.get(node.name)
    if kind is None:
        hint = did_you_mean(f"@{node.name}", [f"@{name}" for name in check.context.lists])
        check.error(
            "D0206", node.at, f"there is no list `@{node.name}`", "no such list",
            hint or f"write `lists/{node.name}.yaml`",
        )  # fmt: skip
        return None
    if item is None:
        return None
    entities = kind in ENTITY_KINDS and item.kind in ENTITY_KINDS
    spoken = kind == "text" and item.kind in _TEXT_KINDS | {"enum"}
    if not (kind in ("any", item.kind) or entities or spoken):
        check.error(
            "D0309", node.at, f"`@{node.name}` is a list of {kind}, this is {named(item)}",
            f"entries are of kind {kind}",
        )  # fmt: skip
        return None
    return plan.ListRef(node.name, many(item))


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


def _against(check: Expressions, node: syntax.Expr, to: Type) -> plan.Expr | None:
    value = check.check(node, to)
    return None if value is None else converted(check, value, to, node.at)


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
        _mismatch(check, node.operator_at, f"`{node.operator}` does not take a list", hint)
        return None
    if not comparable(left.type, right.type):
        _differ(
            check, node.operator_at, node.left, left.type, node.right, right.type, node.operator
        )
        return None
    if not equality and left.type.kind not in ORDERED:
        _mismatch(
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
        _mismatch(
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
    if left is None:
        return None
    kinds = {"ip"} if operator == "cidr" else _TEXT_KINDS
    if left.type.kind not in kinds:
        hint = ""
        if left.type.kind in ENTITY_KINDS and not left.type.many and operator != "cidr":
            name = ".".join(node.left.parts) if isinstance(node.left, syntax.Path) else "…"
            hint = f"ask its name: `{name}.name {operator} …`"
        elif left.type.kind == "enum":
            hint = "compare with `==` or `in`"
        _mismatch(check, node.operator_at, f"`{operator}` does not take {named(left.type)}", hint)
        return None
    if right is None:
        if check.unknown_word(node.right) and isinstance(node.right, syntax.Path):
            _mismatch(
                check, node.right.at, f"`{operator}` takes a text", f'write "{node.right.parts[0]}"'
            )
        return None
    if right.type != TEXT:
        _mismatch(check, node.right.at, f"`{operator}` takes a text, not {named(right.type)}")
        return None
    if operator in _CONSTANT:
        if not isinstance(right, plan.Lit):
            _mismatch(
                check, node.right.at, f"`{operator}` takes a constant", "write a text or a `$param`"
            )
            return None
        try:
            literals.CHECKS.get(operator, str)(str(right.value))
        except literals.BadLiteralError as fault:
            check.error("D0307", node.right.at, str(fault), "", fault.hint)
            return None
    return plan.Op(operator, left, right, BOOL)


def _has(check: Expressions, node: syntax.Binary) -> plan.Expr | None:
    left = check.check(node.left)
    expected = None if left is None else one(left.type)
    if left is not None and not left.type.many:
        hint = "compare with `==`" if left.type.kind != "text" else "use `contains` or `==`"
        _mismatch(check, node.operator_at, f"`has` asks a list, not {named(left.type)}", hint)
        check.check(node.right, quiet=True)
        return None
    right = check.check(node.right, expected, quiet=left is None)
    if left is None or right is None or expected is None:
        return None
    element = converted(check, right, expected, node.right.at)
    if element is None:
        return None
    if element.type.many or not comparable(expected, element.type):
        _differ(check, node.operator_at, node.left, left.type, node.right, element.type, "has")
        return None
    return plan.Op("has", left, element, BOOL)


def _has_several(check: Expressions, node: syntax.Binary) -> plan.Expr | None:
    left = check.check(node.left)
    if left is not None and not left.type.many:
        hint = "use `in`" if node.operator == "has any" else "compare with `==`"
        message = f"`{node.operator}` asks a list, not {named(left.type)}"
        _mismatch(check, node.operator_at, message, hint)
        contained(check, node.right, None, node.left)
        return None
    item = None if left is None else one(left.type)
    right = contained(check, node.right, item, node.left)
    if left is None or right is None:
        return None
    return plan.Op(node.operator, left, right, BOOL)


def _mismatch(check: Expressions, at: At, message: str, hint: str = "") -> None:
    check.error("D0301", at, message, "", hint)


def _differ(
    check: Expressions, at: At, left: syntax.Expr, left_kind: Type,
    right: syntax.Expr, right_kind: Type, operator: str,
) -> None:  # fmt: skip
    from dsl.check.expressions import called  # noqa: PLC0415  the two modules need each other

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
