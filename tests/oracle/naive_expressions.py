"""Expressions of a plan on one row, in plain Python: nulls, Kleene logic, membership."""

from __future__ import annotations

import fnmatch
import ipaddress
import math
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dsl import plan

FOLDED = {"account", "host", "group", "service"}


@dataclass
class World:
    """What lies outside the row: lists (name -> values), entity facts (key -> attributes), and
    the times when every source was silent."""

    lists: Mapping[str, set[str]] = field(default_factory=dict)
    entities: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    silent: tuple[tuple[int, int], ...] = ()

    def covered(self, node: plan.Absence, ts: int) -> bool:
        low, high = (
            (ts, ts + node.within) if node.direction == "following" else (ts - node.within, ts)
        )
        return not any(begin < high and end > low for begin, end in self.silent)


def value(e: plan.Expr, row: Mapping[str, Any], ts: int, world: World) -> Any:
    """The value of an expression; None is null."""

    def see(x: plan.Expr) -> Any:
        return value(x, row, ts, world)

    match e:
        case plan.Col():
            return row[e.name]
        case plan.Lit():
            return fold(e.value, e.type)
        case plan.SetOf():
            return [see(i) for i in e.items]
        case plan.ListRef():
            return sorted(world.lists.get(e.name, ()))
        case plan.Not():
            return see(e.operand) is not True
        case plan.IsNull():
            return see(e.operand) is None
        case plan.In():
            return within(see(e.item), see(e.container))
        case plan.Case():
            for condition, result in e.arms:
                if see(condition) is True:
                    return see(result)
            return None if e.otherwise is None else see(e.otherwise)
        case plan.Attr():
            entity = see(e.entity)
            return None if entity is None else world.entities.get(entity, {}).get(e.name)
        case plan.Call():
            return call(e.function, [see(a) for a in e.arguments], world)
        case plan.Op():
            return operate(e.operator, see(e.left), see(e.right))
    raise NotImplementedError(e)


def fold(literal: Any, kind: Any) -> Any:
    if isinstance(literal, str) and kind is not None and kind.kind in FOLDED:
        return literal.lower()
    return literal


def within(item: Any, container: Any) -> bool | None:
    if item is None or container is None:
        return None
    items = item if isinstance(item, list) else [item]
    known = [c for c in container if c is not None]
    if any(i in known for i in items):
        return True
    return None if len(known) < len(container) else False


def operate(operator: str, left: Any, right: Any) -> Any:
    if operator == "and":
        return False if left is False or right is False else (
            None if left is None or right is None else True
        )
    if operator == "or":
        return True if left is True or right is True else (
            None if left is None or right is None else False
        )
    if left is None or right is None:
        return None
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
        return any(textual(operator, x, right) for x in left if x is not None)
    return textual(operator, left, right)


def textual(operator: str, left: str, right: str) -> bool:
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
            return fnmatch.fnmatchcase(left, right)
    raise NotImplementedError(operator)


def call(function: str, arguments: list[Any], world: World) -> Any:
    if function == "coalesce":
        return next((a for a in arguments if a is not None), None)
    if function == "len":
        (a,) = arguments
        return len(a) if a is not None else 0
    if function in ("least", "greatest"):
        known = [a for a in arguments if a is not None]
        return (min if function == "least" else max)(known) if known else None
    if function.startswith("is_") and function in TAGS:
        entity = arguments[0]
        return TAGS[function] in (world.entities.get(entity, {}).get("tags") or ())
    if any(a is None for a in arguments):
        return None
    match function:
        case "abs":
            return abs(arguments[0])
        case "minus":
            return [x for x in arguments[0] if x not in arguments[1]]
        case "overlap":
            return [x for x in arguments[0] if x in arguments[1]]
        case "entropy":
            text = arguments[0]
            counts = Counter(text).values()
            return -sum(c / len(text) * math.log2(c / len(text)) for c in counts) if text else 0.0
        case "is_zero":
            return not any(arguments[0])
    raise NotImplementedError(function)


TAGS = {
    "is_dc": "dc", "is_rodc": "rodc", "is_dns_server": "dns_server", "is_honeytoken": "honeytoken",
    "is_delegate": "delegate",
}  # fmt: skip
