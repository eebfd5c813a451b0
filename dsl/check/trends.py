"""What an expression's value does while more becomes known: the base of emitting at once.

Two views. *Events*: more events arrive, late ones too. *Directory*: a synchronisation tells more of
what was true then. In either, a value is

- fixed: what it is, it stays
- known: null becomes a value, which then stays
- up: numbers grow, lists gain elements, false (or null) becomes true
- down: the reverse
- any: nothing can be said

Pure functions over plan expressions (design: language.md §4.3).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Final, Literal

from dsl import plan
from dsl.functions import FUNCTIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Trend = Literal["fixed", "known", "up", "down", "any"]
View = Literal["events", "directory"]
_STABLE: Final = frozenset({"fixed", "known"})


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a column."""

    trend: Trend
    never_negative: bool = False


Columns = dict[str, Facts]


def lasts(trend: Trend) -> bool:
    """Whether what is true stays true."""
    return trend in ("fixed", "known", "up")


def both(left: Trend, right: Trend) -> Trend:
    """The trend of what grows with either."""
    if right in (left, "fixed"):
        return left
    if left == "fixed":
        return right
    return "up" if {left, right} == {"known", "up"} else "any"


def together(trends: Iterable[Trend]) -> Trend:
    """The trend of what grows with each."""
    start: Trend = "fixed"
    return reduce(both, trends, start)


def turned(trend: Trend) -> Trend:
    """The trend of what grows when this shrinks; a negation is true on null."""
    turns: dict[Trend, Trend] = {"up": "down", "known": "down", "down": "up"}
    return turns.get(trend, trend)


def trend(expr: plan.Expr, columns: Mapping[str, Facts], view: View) -> Trend:
    """The trend of an expression over columns of known trends."""

    def see(inner: plan.Expr) -> Trend:
        return trend(inner, columns, view)

    match expr:
        case plan.Col(name):
            return columns[name].trend
        case plan.Lit() | plan.ListRef():
            return "fixed"
        case plan.SetOf(items):
            inside = together(map(see, items))
            return inside if inside in _STABLE else "any"
        case plan.Attr(entity, _, kind):
            return _attribute(see(entity), listed=kind.many or kind.kind == "bool", view=view)
        case plan.Call():
            return _call(expr, [see(a) for a in expr.arguments], view)
        case plan.Not(operand):
            return turned(see(operand))
        case plan.IsNull(operand):
            inner = see(operand)
            return "fixed" if inner == "fixed" else "down" if lasts(inner) else "any"
        case plan.In(item, container):
            return _contains(see(container), see(item))
        case plan.Case(arms, otherwise):
            conditions = together(see(c) for c, _ in arms)
            values = [see(v) for _, v in arms] + ([see(otherwise)] if otherwise else [])
            return together(values) if conditions == "fixed" else "any"
        case plan.Op():
            return _operator(expr, see(expr.left), see(expr.right), columns)


def never_negative(expr: plan.Expr, columns: Mapping[str, Facts]) -> bool:
    """Whether a number or duration is surely >= 0."""
    match expr:
        case plan.Col(name):
            return columns[name].never_negative
        case plan.Lit(value):
            return isinstance(value, int | float) and value >= 0
        case plan.Call(function):
            return FUNCTIONS[function].never_negative
        case plan.Op("+" | "*" | "/", left, right):
            return never_negative(left, columns) and never_negative(right, columns)
        case plan.Case(arms, otherwise):
            values = [v for _, v in arms] + ([otherwise] if otherwise else [])
            return all(never_negative(v, columns) for v in values)
        case _:
            return False


def _attribute(entity: Trend, *, listed: bool, view: View) -> Trend:
    if entity not in _STABLE:
        return "any"
    if view == "events":
        return entity
    return "up" if listed else "known"


def _call(expr: plan.Call, arguments: list[Trend], view: View) -> Trend:
    function = FUNCTIONS[expr.function]
    inside = together(arguments)
    if view == "events" and function.at_watermark:
        return "any"
    if view == "directory" and function.as_of:
        return function.trend if inside in _STABLE else "any"
    if inside == "fixed":
        return "fixed"
    if expr.function == "coalesce":
        return "any"  # a later argument gives way to an earlier one
    if inside == "known" and not function.total:
        return "up" if expr.function == "len" else "known"
    if not function.grows:
        return "any"
    signs = function.grows.ljust(len(arguments), function.grows[-1])
    return together(a if s == "+" else turned(a) for a, s in zip(arguments, signs, strict=False))


def _contains(container: Trend, element: Trend) -> Trend:
    """`element in container`, `container has element`."""
    if element == "fixed":
        return "up" if container == "known" else container
    return "up" if element == "known" and lasts(container) else "any"


def _operator(expr: plan.Op, left: Trend, right: Trend, columns: Mapping[str, Facts]) -> Trend:
    match expr.operator:
        case "and" | "or" | "has any":
            joined = both(left, right)
            return "up" if joined == "known" else joined
        case ">" | ">=":
            return _exceeds(left, right)
        case "<" | "<=":
            return _exceeds(right, left)
        case "has":
            return _contains(left, right)
        case "has all":
            return both(left, turned(right)) if left != "known" else _contains(left, right)
        case "+":
            return both(left, right)
        case "-":
            stable = {left, right} <= _STABLE
            return both(left, right) if stable else both(left, turned(right))
        case "*" | "/":
            return _scaled(expr, left, right, columns)
        case _:
            return _equal(expr, left, right)


def _exceeds(greater: Trend, less: Trend) -> Trend:
    """`greater > less`: null at first counts as not yet true."""
    known = "known" in (greater, less)
    left: Trend = "fixed" if greater == "known" else greater
    right: Trend = "fixed" if less == "known" else less
    grows = both(left, turned(right))
    return both(grows, "up") if known else grows


def _scaled(expr: plan.Op, left: Trend, right: Trend, columns: Mapping[str, Facts]) -> Trend:
    inside = both(left, right)
    if inside in _STABLE:
        return inside
    if expr.operator == "/":
        return left if right == "fixed" and never_negative(expr.right, columns) else "any"
    safe = never_negative(expr.left, columns) and never_negative(expr.right, columns)
    scales = (right == "fixed" and never_negative(expr.right, columns)) or (
        left == "fixed" and never_negative(expr.left, columns)
    )
    return inside if safe or scales else "any"


def _equal(expr: plan.Op, left: Trend, right: Trend) -> Trend:
    """Equality, and the text operators."""
    inside = both(left, right)
    if inside == "fixed":
        return "fixed"
    if inside == "known":
        # a difference is a negative fact: the directory may still learn that they are the same
        return "down" if expr.operator == "!=" else "up"
    listed = expr.left.type.many and right == "fixed" and expr.operator not in ("==", "!=")
    return left if listed else "any"
