"""Expressions of a plan as SQL: operators, membership, nulls. Functions stand in their own files.

Comparison and arithmetic with null give null, and/or are Kleene's: so in SQL as in the plan. `not`
is true where its operand is null. Arithmetic cannot fail: whole numbers are computed in 128 bits
and what overflows even those is null, since the values come from hostile packets.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from dsl import plan
from engine.backends.duckdb import attributes, functions, lists, patterns
from engine.backends.duckdb.literals import (
    MAPPED_HIGH,
    MAPPED_LOW,
    WHOLE,
    holds_mapped,
    ignores_case,
    literal,
    network_bounds,
)
from engine.backends.duckdb.terms import (
    array,
    between,
    binary,
    blob,
    both,
    call,
    cast,
    conjunction,
    denied,
    disjunction,
    each,
    element,
    false,
    guarded,
    is_null,
    negation,
    not_null,
    number,
    storage,
    true,
    when,
)
from engine.backends.unsupported import Unsupported

if TYPE_CHECKING:
    from collections.abc import Callable

    from dsl.types import Type
    from engine.backends.duckdb.scope import Scope

_COMPARE: Final[dict[str, type[exp.Binary]]] = {
    "==": exp.EQ, "!=": exp.NEQ, "<": exp.LT, "<=": exp.LTE, ">": exp.GT, ">=": exp.GTE,
}  # fmt: skip
_ARITHMETIC: Final[dict[str, type[exp.Binary]]] = {
    "+": exp.Add, "-": exp.Sub, "*": exp.Mul, "/": exp.Div,
}  # fmt: skip
_TEXTUAL: Final = frozenset({"like", "matches", "startswith", "endswith", "contains"})


def lower(expr: plan.Expr, scope: Scope) -> exp.Expr:
    """An expression of one row."""
    return _lower(expr, scope, fold=False)


def _lower(expr: plan.Expr, scope: Scope, *, fold: bool) -> exp.Expr:
    match expr:
        case plan.Col(name):
            value = scope.column(name)
            return _folded(value, expr.type) if fold and expr.type.kind == "text" else value
        case plan.Lit(value, kind):
            return literal(value, kind.kind, fold=fold)
        case plan.SetOf(items, kind):
            return array([_lower(i, scope, fold=fold) for i in items], _element(kind))
        case plan.ListRef(name):
            return lists.entries(name, scope)
        case plan.Call():
            arguments = [_lower(a, scope, fold=False) for a in expr.arguments]
            return functions.lower_call(expr, arguments, scope)
        case plan.Attr():
            return attributes.lower_attribute(expr, lower(expr.entity, scope), scope)
        case plan.Not(operand):
            return negation(lower(operand, scope))
        case plan.IsNull(operand):
            return is_null(lower(operand, scope))
        case plan.In():
            return _membership(expr, scope)
        case plan.Case(arms, otherwise):
            return exp.Case(
                ifs=[
                    exp.If(this=lower(condition, scope), true=_lower(value, scope, fold=fold))
                    for condition, value in arms
                ],
                default=None if otherwise is None else _lower(otherwise, scope, fold=fold),
            )
        case plan.Op():
            return _operation(expr, scope)


def _element(kind: Type) -> str:
    return storage(kind).removesuffix("[]")


def _folded(value: exp.Expr, kind: Type) -> exp.Expr:
    if kind.many:
        return call("list_transform", value, each("e", call("lower", element("e"))))
    return call("lower", value)


def _pair(left: plan.Expr, right: plan.Expr, scope: Scope) -> tuple[exp.Expr, exp.Expr]:
    """Both sides of a comparison, texts lowered where the other side ignores case."""
    fold = ignores_case(left) or ignores_case(right)
    return _typed(left, right, scope, fold=fold), _typed(right, left, scope, fold=fold)


def _typed(expr: plan.Expr, other: plan.Expr, scope: Scope, *, fold: bool) -> exp.Expr:
    """A side of a comparison; a constant takes the other side's kind (addresses, bytes)."""
    if isinstance(expr, plan.Lit) and other.type.kind in ("ip", "bytes"):
        return literal(expr.value, other.type.kind)
    return _lower(expr, scope, fold=fold)


def _operation(expr: plan.Op, scope: Scope) -> exp.Expr:
    operator, left, right = expr.operator, expr.left, expr.right
    if operator == "and":
        return both(lower(left, scope), lower(right, scope))
    if operator == "or":
        return disjunction(lower(left, scope), lower(right, scope))
    if operator in _COMPARE:
        return binary(_COMPARE[operator], *_pair(left, right, scope))
    if operator in _ARITHMETIC:
        return _arithmetic(expr, scope)
    if operator in _TEXTUAL:
        return _textual(expr, scope)
    if operator.partition(" ")[0] in _TEXTUAL:
        return _textual_several(expr, scope)
    if operator == "cidr":
        return _cidr(expr, scope)
    if operator == "has":
        container, item = _pair(left, right, scope)
        return call("list_contains", container, item)
    if isinstance(right, plan.ListRef):
        return lists.has_entries(operator, lower(left, scope), left.type, right.name, scope)
    container, items = _pair(left, right, scope)
    return call("list_has_any" if operator == "has any" else "list_has_all", container, items)


def _arithmetic(expr: plan.Op, scope: Scope) -> exp.Expr:
    left, right = lower(expr.left, scope), lower(expr.right, scope)
    if expr.left.type.kind == "text":
        return binary(exp.DPipe, left, right)
    if expr.operator == "/":
        right = call("nullif", right, number(0))
    elif expr.left.type.kind in WHOLE and expr.right.type.kind in WHOLE:
        left = cast(left, "HUGEINT")
    value = binary(_ARITHMETIC[expr.operator], left, right)
    # TRY refuses to stand around a subquery
    return value if value.find(exp.Select) else call("try", value)


def _textual(expr: plan.Op, scope: Scope) -> exp.Expr:
    value, pattern = _pair(expr.left, expr.right, scope)
    if not expr.left.type.many:
        return _text_test(expr, value, pattern)
    found = call("list_filter", value, each("e", _text_test(expr, element("e"), pattern)))
    return binary(exp.GT, call("len", found), number(0))


def _text_test(expr: plan.Op, value: exp.Expr, pattern: exp.Expr) -> exp.Expr:
    word = expr.operator
    if word in ("like", "matches"):
        if not isinstance(expr.right, plan.Lit) or not isinstance(expr.right.value, str):
            raise Unsupported(f"`{word}` with a pattern that is not constant")
        written = expr.right.value
        if word == "like" and ignores_case(expr.left):
            written = written.lower()
        return patterns.one(word, value, written)
    return call(patterns.PLAIN[word], value, pattern)


def _textual_several(expr: plan.Op, scope: Scope) -> exp.Expr:
    """A text operator against several constants, or the entries of a list."""
    word, _, number_ = expr.operator.partition(" ")
    value = _lower(expr.left, scope, fold=ignores_case(expr.left))
    if isinstance(expr.right, plan.ListRef):
        entry = lists.any_entry(expr.right.name, patterns.PLAIN[word], scope)
        return _of_any_element(expr.left, value, lambda v: entry(call("lower", v)))
    if not isinstance(expr.right, plan.SetOf):
        raise Unsupported(f"`{expr.operator}` with what is no set")
    fold = ignores_case(expr.left) and word != "matches"
    written = [str(i.value) for i in expr.right.items if isinstance(i, plan.Lit)]
    written = [w.lower() for w in written] if fold else written
    if number_ == "all":
        each_one = (partial(patterns.one, word, pattern=w) for w in written)
        tests = [_of_any_element(expr.left, value.copy(), test) for test in each_one]
        return conjunction(tests) or true()
    cheap = isinstance(expr.left, plan.Col)
    return _of_any_element(
        expr.left, value, lambda v: patterns.any_of(word, v, written, cheap=cheap)
    )


def _of_any_element(
    left: plan.Expr, value: exp.Expr, test: Callable[[exp.Expr], exp.Expr]
) -> exp.Expr:
    """The test of a text; of a list of texts, whether any element passes it."""
    if not left.type.many:
        return test(value)
    found = call("list_filter", value, each("e", test(element("e"))))
    return binary(exp.GT, call("len", found), number(0))


def _cidr(expr: plan.Op, scope: Scope) -> exp.Expr:
    value = lower(expr.left, scope)
    if isinstance(expr.right, plan.ListRef):
        return lists.holds_address(expr.right.name, value, scope)
    if not isinstance(expr.right, plan.Lit) or not isinstance(expr.right.value, str):
        raise Unsupported("`cidr` with a network that is not constant")
    bounds = network_bounds(expr.right.value)
    if bounds is None:
        return when(not_null(value), false())
    inside = between(value, blob(bounds[0]), blob(bounds[1]))
    if not holds_mapped(*bounds):
        return inside
    return both(inside, denied(between(value.copy(), blob(MAPPED_LOW), blob(MAPPED_HIGH))))


def _membership(expr: plan.In, scope: Scope) -> exp.Expr:
    item, container = expr.item, expr.container
    if isinstance(container, plan.ListRef):
        return lists.contains(container.name, lower(item, scope), item.type, scope)
    fold = ignores_case(item) or ignores_case(container)
    value = _typed(item, container, scope, fold=fold)
    if item.type.many:
        return call("list_has_any", value, _typed(container, item, scope, fold=fold))
    if isinstance(container, plan.SetOf):
        if not container.items:
            return when(not_null(value), false())
        members = [_typed(m, item, scope, fold=fold) for m in container.items]
        return exp.In(this=guarded(value), expressions=members)
    return call("list_contains", _typed(container, item, scope, fold=fold), value)
