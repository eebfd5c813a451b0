"""Names and small shapes that the steps of a recall share.

A key column is `_k0`, `_k1`, …; `_t` is the time of the row that asks, `_b` the begin of a bucket,
`_hour` the hour of the week; `_n`, `_first`, `_last`, `_hours` say how many rows there were, when,
and in which hours; `_x0`, … are what a row brings to each learn, `_p0`, … parts (`functions`), `_v0`,
… the values that statistics rest on, `_s0`, … the values of sets. Knows no plan.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlglot import exp

from engine.backends.duckdb.terms import (
    binary,
    column,
    conjunction,
    equal,
    guarded,
    minus,
    number,
    plus,
    true,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

TIME: Final = "_t"
BUCKET: Final = "_b"
HOUR: Final = "_hour"
COUNT: Final = "_n"
FIRST: Final = "_first"
LAST: Final = "_last"
HOURS: Final = "_hours"
FROM: Final = "_from"
TO: Final = "_to"
"""Bounds between which a row does not count (`withheld`); null or equal: it always does."""
CLOSED: Final = "_closed"
"""How many closed buckets the statistics of a key rest on."""
_HOUR_US: Final = 3_600_000_000
_WEEK_HOURS: Final = 168
_MONDAY: Final = 72
"""Hours from a Monday's midnight to the begin of 1970, a Thursday."""


def keys(count: int) -> list[str]:
    """Names of the key columns."""
    return [f"_k{i}" for i in range(count)]


def same(names: Sequence[str], left: str, right: str) -> exp.Expr:
    """Whether columns of two tables are equal, name by name."""
    return conjunction(equal(column(n, left), column(n, right)) for n in names) or true()


def bucket_of(time: exp.Expr, bucket: int) -> exp.Expr:
    """The largest multiple of `bucket` that is not after a time."""
    return minus(time, binary(exp.Mod, time.copy(), number(bucket)))


def hour_of(time: exp.Expr) -> exp.Expr:
    """The hour of the week of a time, UTC, Monday's first being 0."""
    hours = exp.Paren(this=plus(whole(time, _HOUR_US), number(_MONDAY)))
    return binary(exp.Mod, hours, number(_WEEK_HOURS))


def whole(value: exp.Expr, divisor: int) -> exp.Expr:
    """The whole number of times that `divisor` goes into a value."""
    return exp.IntDiv(this=guarded(value), expression=number(divisor))
