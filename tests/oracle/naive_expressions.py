"""Expressions of a plan on one row, in plain Python: nulls, Kleene logic, case, membership."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Any

import naive_functions as functions
from naive_directory import FOLDED, World

from dsl import plan
from dsl.functions import FUNCTIONS

__all__ = ["World", "caseless", "value"]


def caseless(e: plan.Expr) -> bool:
    """Identities and domains compare without case."""
    if e.type is not None and e.type.kind in FOLDED:
        return True
    return isinstance(e, plan.Col | plan.Attr) and e.name.rpartition(".")[2] == "domain"


def value(e: plan.Expr, row: Mapping[str, Any], ts: int, world: World) -> Any:
    """The value of an expression; None is null."""

    def see(x: plan.Expr) -> Any:
        return value(x, row, ts, world)

    def pair(left: plan.Expr, right: plan.Expr) -> tuple[Any, Any]:
        both = see(left), see(right)
        return tuple(map(low, both)) if caseless(left) or caseless(right) else both

    match e:
        case plan.Col():
            return row[e.name]
        case plan.Lit():
            return low(e.value) if caseless(e) else e.value
        case plan.SetOf():
            return [see(i) for i in e.items]
        case plan.Not():
            return see(e.operand) is not True
        case plan.IsNull():
            return see(e.operand) is None
        case plan.In():
            if isinstance(e.container, plan.ListRef):
                return listed(e.item, see(e.item), e.container.name, ts, world)
            return within(*pair(e.item, e.container))
        case plan.Case():
            for condition, result in e.arms:
                if see(condition) is True:
                    return see(result)
            return None if e.otherwise is None else see(e.otherwise)
        case plan.Attr():
            return world.attribute(e.entity.type.kind, see(e.entity), e.name, ts)
        case plan.Call():
            given = [see(a) for a in e.arguments]
            if e.function == "has_coverage":
                return given[1] is not None and world.covered([given[0]], ts - given[1], ts)
            if FUNCTIONS[e.function].as_of:
                return world.call(e, given, ts)
            return functions.call(e, given)
        case plan.Op() if e.operator in ("and", "or"):
            return kleene(e.operator, see(e.left), see(e.right))
        case plan.Op() if isinstance(e.right, plan.ListRef):
            return against_list(e, see(e.left), ts, world)
        case plan.Op():
            left, right = pair(e.left, e.right)
            return None if left is None or right is None else operate(e.operator, left, right)
    raise NotImplementedError(e)


def low(v: Any) -> Any:
    if isinstance(v, list):
        return [low(x) for x in v]
    return v.lower() if isinstance(v, str) else v


def within(item: Any, container: Any) -> bool | None:
    if item is None or container is None:
        return None
    items = item if isinstance(item, list) else [item]
    known = [c for c in container if c is not None]
    if any(i in known for i in items):
        return True
    return None if len(known) < len(container) and not isinstance(item, list) else False


def listed(item: plan.Expr, v: Any, name: str, ts: int, world: World) -> bool | None:
    """`item in @name`; of a list, any element."""
    if v is None:
        return None
    return any(
        world.listed(name, x, item.type.kind, ts) for x in (v if isinstance(v, list) else [v])
    )


def against_list(e: plan.Op, left: Any, ts: int, world: World) -> bool | None:
    if left is None:
        return None
    word, _, number = e.operator.partition(" ")
    if number and word != "has":
        entries = [entry.value for entry in world.entries(e.right.name, ts)]
        return operate(e.operator, low(left), entries)
    if e.operator == "has all":
        return all(entry.value in low(left) for entry in world.entries(e.right.name, ts))
    return listed(e.left, left, e.right.name, ts, world)


def kleene(operator: str, left: Any, right: Any) -> bool | None:
    strong = operator == "or"
    if left is strong or right is strong:
        return strong
    return None if left is None or right is None else not strong


def operate(operator: str, left: Any, right: Any) -> Any:
    match operator:
        case "==":
            return left == right
        case "!=":
            return left != right
        case "<":
            return left < right
        case "<=":
            return left <= right
        case ">":
            return left > right
        case ">=":
            return left >= right
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case "/":
            return None if right == 0 else left / right
        case "has":
            return right in left
        case "has any":
            return any(r in left for r in right)
        case "has all":
            return all(r in left for r in right)
        case "cidr":
            address = ipaddress.ip_address(left)
            network = ipaddress.ip_network(right, strict=False)
            return address.version == network.version and address in network
    if isinstance(left, list):
        word, _, number = operator.partition(" ")
        if number == "all":
            return all(operate(word, left, r) for r in right)
        return any(textual(operator, x, right) for x in left if x is not None)
    return textual(operator, left, right)


def textual(operator: str, left: str, right: Any) -> bool:
    word, _, number = operator.partition(" ")
    if number:
        return {"any": any, "all": all}[number](textual(word, left, r) for r in right)
    match operator:
        case "contains":
            return right in left
        case "startswith":
            return left.startswith(right)
        case "endswith":
            return left.endswith(right)
        case "matches":
            return re.search(right, left) is not None
        case "like":
            wild = "".join({"*": ".*", "?": "."}.get(c, re.escape(c)) for c in right)
            return re.fullmatch(wild, left, re.DOTALL) is not None
    raise NotImplementedError(operator)
