"""The open bucket of a key up to a row: sums over the rows strictly before it, as window functions.

The times that ask are put among the rows as rows that bring nothing, so that one pass over each
bucket answers all of them, however many there are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlglot import exp

from engine.backends.duckdb.profiles import functions
from engine.backends.duckdb.profiles.names import (
    BUCKET,
    COUNT,
    FIRST,
    HOUR,
    HOURS,
    LAST,
    TIME,
    same,
)
from engine.backends.duckdb.terms import (
    call,
    column,
    denied,
    false,
    filtered,
    named,
    null,
    over,
    range_before,
    read,
    select,
    true,
)

if TYPE_CHECKING:
    from engine.backends.duckdb.nodes import Lowering
    from engine.backends.duckdb.profiles.learnt import Learnt

_ASKS: Final = "_asks"


def lower_opened(
    lowering: Lowering, learnt: Learnt, asked: str, buckets: str, learns: list[int], wanted: str
) -> str:
    """For each key and time of `asked` the count, times, hours and parts of the rows of the same
    bucket that lie before it. `buckets` holds each key and bucket of `asked` once.
    """
    plain = [i for i in learns if learnt.profile.learns[i].function not in functions.STATISTICAL]
    inputs = [f"_x{i}" for i in plain]
    rows = select(
        *(column(c) for c in (*learnt.keys, BUCKET, "ts", "tie", HOUR, *inputs)),
        named(false(), _ASKS),
        source=read(learnt.rows),
    ).join(read(buckets, "a"), on=same([*learnt.keys, BUCKET], "a", "r"))
    times = select(
        *(column(c) for c in (*learnt.keys, BUCKET)),
        named(column(TIME), "ts"),
        *(named(null(), c) for c in ("tie", HOUR, *inputs)),
        named(true(), _ASKS),
        source=read(asked),
    )
    both = lowering.add(f"{wanted}.times", rows.union(times, distinct=False, copy=False))

    partition = [column(c) for c in (*learnt.keys, BUCKET)]
    learned = denied(column(_ASKS))

    def before(function: exp.Expr) -> exp.Expr:
        return over(function, [p.copy() for p in partition], [column("ts")], range_before())

    sums = {
        COUNT: filtered(exp.Count(this=exp.Star()), learned),
        FIRST: filtered(call("min", column("ts")), learned.copy()),
        LAST: filtered(call("max", column("ts")), learned.copy()),
        HOURS: filtered(call("histogram", column(HOUR)), learned.copy()),
    }
    sums |= {f"_p{i}": functions.part(learnt.profile.learns[i], f"_x{i}") for i in plain}
    framed = lowering.add(
        f"{wanted}.frames",
        select(
            *(column(k) for k in learnt.keys),
            named(column("ts"), TIME),
            column(_ASKS),
            *(named(before(f), n) for n, f in sums.items()),
            source=read(both),
        ),
    )
    return lowering.add(
        f"{wanted}.open",
        select(
            *(column(c) for c in (*learnt.keys, TIME, *sums)),
            source=read(framed),
        ).where(column(_ASKS)),
    )
