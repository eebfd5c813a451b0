"""What the closed buckets of the window say to each key and bucket that asks, and how far the open
bucket is remembered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from engine.backends.duckdb.profiles import functions
from engine.backends.duckdb.profiles.learnt import merged, with_remembered
from engine.backends.duckdb.profiles.names import (
    BUCKET,
    CLOSED,
    FIRST,
    bucket_of,
    same,
    whole,
)
from engine.backends.duckdb.terms import (
    array,
    binary,
    call,
    cast,
    column,
    filtered,
    minus,
    named,
    not_null,
    number,
    read,
    select,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dsl import plan
    from engine.backends.duckdb.nodes import Lowering
    from engine.backends.duckdb.profiles.learnt import Learnt


def lower_closed(
    lowering: Lowering,
    learnt: Learnt,
    asked: str,
    learns: Sequence[int],
    remembered: str,
    wanted: str,
) -> str:
    """For each key and bucket of `asked`: counts, times, merged parts `_p…`, and the values of the
    buckets `_v…` on which statistics rest.
    """
    profile = learnt.profile
    parts = lowering.add(f"{wanted}.parts", with_remembered(learnt, learns, remembered))
    bucket = column(BUCKET, "a")
    asking = [*(column(k, "a") for k in learnt.keys), named(bucket, BUCKET)]
    buckets = lowering.add(
        f"{wanted}.buckets",
        select(*asking, *merged(learnt, learns), source=read(asked, "a"))
        .join(read(parts), on=same(learnt.keys, "a", "r"))
        .where(
            binary(exp.LT, column(BUCKET), bucket.copy()),
            binary(exp.GTE, column(BUCKET), minus(bucket.copy(), number(profile.over))),
        )
        .group_by(*(column(c, "a") for c in (*learnt.keys, BUCKET)), column(BUCKET)),
    )
    own = [column(k) for k in (*learnt.keys, BUCKET)]
    first = bucket_of(call("min", column(FIRST)), profile.bucket)
    count = whole(exp.Paren(this=minus(column(BUCKET), exp.Paren(this=first))), profile.bucket)
    return lowering.add(
        f"{wanted}.closed",
        select(
            *own,
            *merged(learnt, learns),
            named(count, CLOSED),
            *(named(_values(profile.learns[i], i, count), f"_v{i}") for i in learns),
            source=read(buckets),
        ).group_by(*(c.copy() for c in own)),
    )


def lower_begun(
    lowering: Lowering,
    learnt: Learnt,
    learns: Sequence[int],
    asked: str,
    remembered: str,
    wanted: str,
) -> str:
    """For each key and bucket of `asked` what is remembered of that bucket itself: it lies before
    every row that is read from the events.
    """
    own = [column(k) for k in (*learnt.keys, BUCKET)]
    plain = [i for i in learns if learnt.profile.learns[i].function not in functions.STATISTICAL]
    return lowering.add(
        f"{wanted}.begun",
        select(*own, *merged(learnt, plain), source=read(remembered))
        .join(read(asked, "a"), on=same([*learnt.keys, BUCKET], "a", "r"))
        .group_by(*(c.copy() for c in own)),
    )


def _values(learn: plan.Learn, position: int, count: exp.Expr) -> exp.Expr:
    """The values that the statistics of a learn rest on, as a list."""
    if learn.function == "values":
        return functions.merged(learn, f"_p{position}")
    value = functions.bucket_value(learn, column(f"_p{position}"))
    element = functions.value_type(learn)
    values = call(
        "coalesce",
        filtered(call("list", cast(value, element)), not_null(value.copy())),
        array([], element),
    )
    if learn.function not in functions.ZERO_FILLED:
        return values
    missing = exp.Paren(this=minus(count.copy(), call("len", values.copy())))
    zeros = call("list_resize", array([], element), missing, number(0))
    return call("list_concat", values, zeros)
