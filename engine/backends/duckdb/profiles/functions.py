"""The functions of `learn`: what of a row is learnt, how rows and buckets are summed up.

Each learn goes through four stages: its *input* of a row (null where the row does not count), its
*part* of any rows of a bucket, parts merged, and what comes of the merged part: the value of the
bucket (for statistics), or the total of several buckets. Parts merge in any order and grouping.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlglot import exp

from engine.backends.duckdb.expression import lower
from engine.backends.duckdb.terms import (
    call,
    column,
    conjunction,
    extracted,
    filtered,
    largest,
    not_null,
    number,
    record,
    smallest,
    storage,
    true,
    when,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dsl import plan
    from engine.backends.duckdb.scope import Scope

ZERO_FILLED: Final = frozenset({"count", "count_distinct", "sum"})
"""Learns whose value in an empty bucket is 0."""
STATISTICAL: Final = frozenset({"count_distinct", "values"})
"""Learns without a total: only their statistics can be read."""


def input_of(learn: plan.Learn, scope: Scope) -> exp.Expr:
    """What a row brings to a learn; a tuple of several arguments by its hash."""
    values = [lower(a, scope) for a in learn.arguments]
    value: exp.Expr = true()
    conditions = []
    if learn.where is not None:
        conditions.append(lower(learn.where, scope))
    if learn.function == "count_distinct":
        conditions += [not_null(v) for v in values]
        parts = record({f"v{i}": v for i, v in enumerate(values)}) if len(values) > 1 else values[0]
        value = call("hash", parts.copy())
    elif values:
        value = values[0]
    condition = conjunction(c.copy() for c in conditions)
    return value if condition is None else when(condition, value)


def part(learn: plan.Learn, name: str) -> exp.Expr:
    """The part of rows whose input is the column `name`."""
    value = column(name)
    match learn.function:
        case "count":
            return call("count", value)
        case "sum" | "min" | "max":
            return call(learn.function, value)
        case "first" | "last":
            moment = record({"ts": column("ts"), "tie": column("tie"), "v": value})
            function = call("min" if learn.function == "first" else "max", moment)
            return filtered(function, not_null(value.copy()))
        case "values":
            return filtered(call("list", value), not_null(value.copy()))
        case _:
            distinct = exp.Anonymous(this="list", expressions=[exp.Distinct(expressions=[value])])
            return filtered(distinct, not_null(value.copy()))


def merged(learn: plan.Learn, name: str) -> exp.Expr:
    """Parts in the column `name` as one."""
    value = column(name)
    match learn.function:
        case "count" | "sum":
            return call("sum", value)
        case "min" | "first":
            return call("min", value)
        case "max" | "last":
            return call("max", value)
        case _:
            whole = call("flatten", filtered(call("list", value), not_null(value.copy())))
            return call("list_distinct", whole) if learn.function == "count_distinct" else whole


def bucket_value(learn: plan.Learn, merged_part: exp.Expr) -> exp.Expr:
    """The value of a learn in a bucket, from its merged part there."""
    if learn.function == "count_distinct":
        return call("len", merged_part)
    return merged_part


def total(learn: plan.Learn, parts: Sequence[exp.Expr]) -> exp.Expr:
    """The value of a learn over several spans of time, from the part of each, earliest first."""
    match learn.function:
        case "count":
            none = exp.Array(expressions=[number(0), *parts])
            return call("list_sum", none)
        case "sum":
            return call("list_sum", exp.Array(expressions=list(parts)))
        case "min":
            return smallest(*parts)
        case "max":
            return largest(*parts)
        case "first":
            return extracted(call("coalesce", *parts), "v")
        case _:
            return extracted(call("coalesce", *reversed(parts)), "v")


def value_type(learn: plan.Learn) -> str:
    """The DuckDB type of a bucket's value in statistics."""
    if learn.function in ("count", "count_distinct"):
        return "BIGINT"
    kind = storage(learn.type)
    # a sum of hostile numbers may need more bits than each of them
    return "HUGEINT" if learn.function == "sum" and kind == "BIGINT" else kind
