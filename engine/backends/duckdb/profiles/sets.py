"""Sets of a profile: since when each value belongs to the set of a key, in the window of a bucket.

Growth (`plan.Recall`): of the values that are new in a bucket the first 100 are learnt there, any
other in its second bucket. What is known of a value comes before the asking row only, so one list
of (value, since) serves every row of a bucket.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlglot import exp

from engine.backends.duckdb.profiles.names import BUCKET, TIME, same
from engine.backends.duckdb.terms import (
    array,
    binary,
    both,
    call,
    column,
    disjunction,
    each,
    element,
    equal,
    extracted,
    minus,
    named,
    not_null,
    number,
    over,
    read,
    record,
    select,
    star,
    storage,
)

if TYPE_CHECKING:
    from dsl.types import Type
    from engine.backends.duckdb.nodes import Lowering
    from engine.backends.duckdb.profiles.learnt import Learnt

GROWTH: Final = 100
"""Values that one bucket may add to a set of a key."""
MOST: Final = 1000
"""Values that a set shows."""
VALUE: Final = "_value"
SINCE: Final = "_since"
_OF: Final = "_of"
_NTH: Final = "_nth"
"""The bucket that has a value, and which it is of the value's buckets in the window."""


def lower_set(
    lowering: Lowering, learnt: Learnt, buckets: str, position: int, remembered: str, wanted: str
) -> str:
    """For each key and bucket of `buckets` a sorted list `_s…` of {v, since}."""
    own = [column(c) for c in (*learnt.keys, BUCKET)]
    rows = lowering.add(f"{wanted}.values", _rows(learnt, position, remembered))
    firsts = lowering.add(
        f"{wanted}.firsts",
        select(
            *(c.copy() for c in own),
            column(VALUE),
            named(call("min", column(SINCE)), SINCE),
            source=read(rows),
        )
        .where(not_null(column(VALUE)))
        .group_by(*(c.copy() for c in own), column(VALUE)),
    )
    bucket = column(BUCKET, "a")
    inside = [
        binary(exp.LTE, column(BUCKET), bucket),
        binary(exp.GTE, column(BUCKET), minus(bucket.copy(), number(learnt.profile.over))),
    ]
    asking = [*(column(k, "a") for k in learnt.keys), bucket]
    nth = over(exp.RowNumber(), [*asking, column(VALUE)], [column(BUCKET)])
    seen = lowering.add(
        f"{wanted}.seen",
        select(
            *(c.copy() for c in asking[:-1]),
            named(bucket.copy(), BUCKET),
            named(column(BUCKET), _OF),
            column(VALUE),
            column(SINCE),
            named(nth, _NTH),
            source=read(buckets, "a"),
        )
        .join(read(firsts), on=same(learnt.keys, "a", "r"))
        .where(*inside),
    )
    rank = over(
        exp.RowNumber(),
        [*(c.copy() for c in own), column(_OF), column(_NTH)],
        [column(SINCE), column(VALUE)],
    )
    ranked = lowering.add(
        f"{wanted}.ranked",
        select(
            star(),
            named(rank, "_rank"),
            source=read(seen),
        ),
    )
    kept = disjunction(
        both(equal(column(_NTH), number(1)), binary(exp.LTE, column("_rank"), number(GROWTH))),
        equal(column(_NTH), number(2)),
    )
    known = lowering.add(
        f"{wanted}.known",
        select(
            *(c.copy() for c in own),
            column(VALUE),
            named(call("min", column(SINCE)), SINCE),
            source=read(ranked),
        )
        .where(kept)
        .group_by(*(c.copy() for c in own), column(VALUE)),
    )
    pair = record({"v": column(VALUE), "since": column(SINCE)})
    ordered = exp.Order(this=pair, expressions=[exp.Ordered(this=column(VALUE), nulls_first=False)])
    return lowering.add(
        f"{wanted}.set",
        select(
            *(c.copy() for c in own),
            named(exp.Anonymous(this="list", expressions=[ordered]), f"_s{position}"),
            source=read(known),
        ).group_by(*(c.copy() for c in own)),
    )


def _rows(learnt: Learnt, position: int, remembered: str) -> exp.Query:
    """Values of the rows, and those remembered with the time of the first row of their span."""
    own = (*learnt.keys, BUCKET)
    rows = select(
        *map(column, own),
        named(each_of(learnt, position), VALUE),
        named(column("ts"), SINCE),
        source=read(learnt.rows),
    )
    pairs = select(
        *map(column, own),
        named(call("unnest", column(f"_p{position}")), "_pair"),
        source=read(remembered),
    )
    kept = select(
        *map(column, own),
        named(extracted(column("_pair"), "v"), VALUE),
        named(extracted(column("_pair"), "since"), SINCE),
        source=exp.Subquery(
            this=pairs, alias=exp.TableAlias(this=exp.to_identifier("r", quoted=True))
        ),
    )
    return rows.union(kept, distinct=False, copy=False)


def each_of(learnt: Learnt, position: int) -> exp.Expr:
    """The value that a row brings to a set; of a list each of its items, in rows of their own."""
    value = column(f"_x{position}")
    many = learnt.profile.learns[position].arguments[0].type.many
    return call("unnest", value) if many else value


def members(pairs: exp.Expr, kind: Type) -> exp.Expr:
    """The values that belong to a set before the time `_t` of the row, all of them."""
    early = binary(exp.LT, extracted(element("p"), "since"), column(TIME))
    known = call("list_filter", pairs, each("p", early))
    values = call("list_transform", known, each("p", extracted(element("p"), "v")))
    return call("coalesce", values, array([], storage(kind).removesuffix("[]")))


def shown(values: exp.Expr) -> exp.Expr:
    """As many of a set as it may hold."""
    return call("list_slice", values, number(1), number(MOST))
