"""Aggregates of a window: what must be a column before the frame, in it, and after it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from dsl import plan
from engine.backends.duckdb.expression import lower
from engine.backends.duckdb.terms import (
    array,
    binary,
    call,
    column,
    conjunction,
    each,
    element,
    filtered,
    minus,
    named,
    not_null,
    number,
    record,
    storage,
)
from engine.backends.unsupported import Unsupported

if TYPE_CHECKING:
    from engine.backends.duckdb.scope import Scope

MOST: Final = 1000
"""Values that a set holds."""

_PLAIN: Final = {"sum": "sum", "avg": "avg", "min": "min", "max": "max", "std": "stddev_samp"}


@dataclass(frozen=True)
class Aggregated:
    """`inputs` are computed per source row, `functions` over the frame, `value` from those;
    `cut` says whether a set had more values than it may hold.
    """

    name: str
    inputs: list[exp.Expr]
    functions: dict[str, exp.Expr]
    value: exp.Expr
    cut: exp.Expr | None = None


def lower_aggregate(aggregate: plan.Aggregate, position: int, scope: Scope) -> Aggregated:
    """One aggregate; its hidden columns bear its position."""
    arguments = [column(f"_x{position}_{i}") for i in range(len(aggregate.arguments))]
    inputs = [
        named(lower(a, scope), f"_x{position}_{i}") for i, a in enumerate(aggregate.arguments)
    ]
    kept = [not_null(a) for a in arguments]
    if aggregate.where is not None:
        inputs.append(named(lower(aggregate.where, scope), f"_if{position}"))
        kept.append(column(f"_if{position}"))
    condition = conjunction(kept)
    raw = column(f"_agg{position}")

    def made(function: exp.Expr, value: exp.Expr, cut: exp.Expr | None = None) -> Aggregated:
        over_frame = {f"_agg{position}": filtered(function, condition)}
        return Aggregated(aggregate.name, inputs, over_frame, value, cut)

    moment = record({"ts": column("ts"), "tie": column("tie")})
    match aggregate.function:
        case "count":
            return made(exp.Count(this=exp.Star()), raw)
        case "count_distinct":
            what = arguments[0]
            if len(arguments) > 1:
                what = record({f"v{i}": a for i, a in enumerate(arguments)})
            return made(exp.Count(this=exp.Distinct(expressions=[what])), raw)
        case "set":
            return made(*_set(aggregate, arguments[0], raw))
        case "p95":
            return made(call("quantile_cont", arguments[0], exp.Literal.number("0.95")), raw)
        case "percentile":
            return made(call("quantile_cont", arguments[0], _share(aggregate.arguments[1])), raw)
        case "first":
            return made(call("arg_min", arguments[0], moment), raw)
        case "last":
            return made(call("arg_max", arguments[0], moment), raw)
        case "gap_cv":
            return made(call("list", arguments[0]), _gap_cv(raw))
        case function:
            return made(call(_PLAIN[function], arguments[0]), raw)


def _share(percentage: plan.Expr) -> exp.Expr:
    if not isinstance(percentage, plan.Lit) or not isinstance(percentage.value, int | float):
        raise Unsupported("a percentile that is not constant")
    return exp.Literal.number(repr(percentage.value / 100))


def _set(
    aggregate: plan.Aggregate, value: exp.Expr, raw: exp.Expr
) -> tuple[exp.Expr, exp.Expr, exp.Expr]:
    """The aggregate of a set, its sorted values as far as they are kept, whether it was cut."""
    if aggregate.arguments[0].type.many:
        function = call("list", value)
        found = call("list_sort", call("list_distinct", call("flatten", raw)))
    else:
        function = call("histogram", value)
        found = call("map_keys", raw)
    none = array([], storage(aggregate.type).removesuffix("[]"))
    whole = call("coalesce", found, none)
    cut = binary(exp.GT, call("len", whole.copy()), number(MOST))
    return function, call("list_slice", whole, number(1), number(MOST)), cut


def _gap_cv(times: exp.Expr) -> exp.Expr:
    """Standard deviation of the gaps between sorted times over their mean."""
    ordered = call("list_sort", times)
    size = call("len", ordered.copy())
    later = call("list_slice", ordered, number(2), size)
    zipped = call("list_zip", later, ordered.copy(), exp.true())
    gap = minus(
        call("struct_extract", element("g"), number(1)),
        call("struct_extract", element("g"), number(2)),
    )
    gaps = call("list_transform", zipped, each("g", gap))
    mean = call("nullif", call("list_avg", gaps), number(0))
    return binary(exp.Div, call("list_stddev_samp", gaps.copy()), mean)
