"""Sets, `@lists` and lists: `in`, `has`, `has any`, `has all`, and arguments that are lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dsl import plan, syntax
from dsl.check.differences import converted, differ, mismatch
from dsl.check.kinds import BOOL, comparable, many, named, one
from dsl.faults import did_you_mean
from dsl.schema.base import ENTITY_KINDS

if TYPE_CHECKING:
    from dsl.check.expressions import Expressions
    from dsl.types import Type

_LISTED_AS_TEXT: Final = frozenset({"text", "service", "sid", "enum"})


def membership(check: Expressions, node: syntax.In) -> plan.Expr | None:
    """`item in container`, `item not in container`."""
    item = check.check(node.item)
    kind = None if item is None else one(item.type)
    container = contained(check, node.container, kind, node.item)
    if item is None or container is None:
        return None
    if item.type.many:
        name = ".".join(node.item.parts) if isinstance(node.item, syntax.Path) else "…"
        mismatch(
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
        mismatch(
            check, node.at, f"this is {named(container.type)}, not a set or list",
            f"write a set: `{word}`",
        )  # fmt: skip
        return None
    if item is not None and not comparable(item, one(container.type)):
        differ(check, node.at, item_node, item, node, one(container.type), "in")
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
            differ(check, element.at, item_node, item, element, value.type, "in")
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
    spoken = kind == "text" and item.kind in _LISTED_AS_TEXT
    if not (kind in ("any", item.kind) or entities or spoken):
        check.error(
            "D0309", node.at, f"`@{node.name}` is a list of {kind}, this is {named(item)}",
            f"entries are of kind {kind}",
        )  # fmt: skip
        return None
    return plan.ListRef(node.name, many(item))


def _against(check: Expressions, node: syntax.Expr, to: Type) -> plan.Expr | None:
    value = check.check(node, to)
    return None if value is None else converted(check, value, to, node.at)


def has(check: Expressions, node: syntax.Binary) -> plan.Expr | None:
    left = check.check(node.left)
    expected = None if left is None else one(left.type)
    if left is not None and not left.type.many:
        hint = "compare with `==`" if left.type.kind != "text" else "use `contains` or `==`"
        mismatch(check, node.operator_at, f"`has` asks a list, not {named(left.type)}", hint)
        check.check(node.right, quiet=True)
        return None
    right = check.check(node.right, expected, quiet=left is None)
    if left is None or right is None or expected is None:
        return None
    element = converted(check, right, expected, node.right.at)
    if element is None:
        return None
    if element.type.many or not comparable(expected, element.type):
        differ(check, node.operator_at, node.left, left.type, node.right, element.type, "has")
        return None
    return plan.Op("has", left, element, BOOL)


def has_several(check: Expressions, node: syntax.Binary) -> plan.Expr | None:
    left = check.check(node.left)
    if left is not None and not left.type.many:
        hint = "use `in`" if node.operator == "has any" else "compare with `==`"
        message = f"`{node.operator}` asks a list, not {named(left.type)}"
        mismatch(check, node.operator_at, message, hint)
        contained(check, node.right, None, node.left)
        return None
    item = None if left is None else one(left.type)
    right = contained(check, node.right, item, node.left)
    if left is None or right is None:
        return None
    return plan.Op(node.operator, left, right, BOOL)
