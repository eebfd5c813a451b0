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
_VALUE: Final = "_value"
_SINCE: Final = "_since"


def lower_set(lowering: Lowering, learnt: Learnt, buckets: str, position: int, wanted: str) -> str:
    """For each key and bucket of `buckets` a sorted list `_s…` of {v, since}."""
    profile = learnt.profile
    value = column(f"_x{position}")
    many = profile.learns[position].type.many and profile.learns[position].arguments[0].type.many
    own = [column(c) for c in (*learnt.keys, BUCKET)]
    rows = learnt.rows
    if many:
        unnested = select(
            *(c.copy() for c in own),
            column("ts"),
            named(call("unnest", value), _VALUE),
            source=read(rows),
        )
        rows = lowering.add(f"{wanted}.each", unnested)
        value = column(_VALUE)
    firsts = lowering.add(
        f"{wanted}.firsts",
        select(
            *(c.copy() for c in own),
            named(value.copy(), _VALUE),
            named(call("min", column("ts")), _SINCE),
            source=read(rows),
        )
        .where(not_null(value.copy()))
        .group_by(*(c.copy() for c in own), value.copy()),
    )
    bucket = column(BUCKET, "a")
    inside = [
        binary(exp.LTE, column(BUCKET), bucket),
        binary(exp.GTE, column(BUCKET), minus(bucket.copy(), number(profile.over))),
    ]
    asking = [*(column(k, "a") for k in learnt.keys), bucket]
    nth = over(exp.RowNumber(), [*asking, column(_VALUE)], [column(BUCKET)])
    seen = lowering.add(
        f"{wanted}.seen",
        select(
            *(c.copy() for c in asking[:-1]),
            named(bucket.copy(), BUCKET),
            named(column(BUCKET), "_of"),
            column(_VALUE),
            column(_SINCE),
            named(nth, "_nth"),
            source=read(buckets, "a"),
        )
        .join(read(firsts), on=same(learnt.keys, "a", "r"))
        .where(*inside),
    )
    rank = over(
        exp.RowNumber(),
        [*(c.copy() for c in own), column("_of"), column("_nth")],
        [column(_SINCE), column(_VALUE)],
    )
    ranked = lowering.add(
        f"{wanted}.ranked",
        select(
            *(column(c) for c in (*learnt.keys, BUCKET, _VALUE, _SINCE, "_nth")),
            named(rank, "_rank"),
            source=read(seen),
        ),
    )
    kept = disjunction(
        both(equal(column("_nth"), number(1)), binary(exp.LTE, column("_rank"), number(GROWTH))),
        equal(column("_nth"), number(2)),
    )
    known = lowering.add(
        f"{wanted}.known",
        select(
            *(c.copy() for c in own),
            column(_VALUE),
            named(call("min", column(_SINCE)), _SINCE),
            source=read(ranked),
        )
        .where(kept)
        .group_by(*(c.copy() for c in own), column(_VALUE)),
    )
    pair = record({"v": column(_VALUE), "since": column(_SINCE)})
    ordered = exp.Order(
        this=pair, expressions=[exp.Ordered(this=column(_VALUE), nulls_first=False)]
    )
    return lowering.add(
        f"{wanted}.set",
        select(
            *(c.copy() for c in own),
            named(exp.Anonymous(this="list", expressions=[ordered]), f"_s{position}"),
            source=read(known),
        ).group_by(*(c.copy() for c in own)),
    )


def members(pairs: exp.Expr, kind: Type) -> exp.Expr:
    """The values that belong to a set before the time `_t` of the row, all of them."""
    early = binary(exp.LT, extracted(element("p"), "since"), column(TIME))
    known = call("list_filter", pairs, each("p", early))
    values = call("list_transform", known, each("p", extracted(element("p"), "v")))
    return call("coalesce", values, array([], storage(kind).removesuffix("[]")))


def shown(values: exp.Expr) -> exp.Expr:
    """As many of a set as it may hold."""
    return call("list_slice", values, number(1), number(MOST))
