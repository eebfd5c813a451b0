"""Where each row's session begins: gaps first, then cuts where a session would grow too long.

A row more than `over` after the one before begins a session. Within such a run of rows the cuts
follow from its begin: the next session begins at the first row beyond the cap, and so on; only runs
that are longer than the cap take a step of the recursion.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlglot import exp

from engine.backends.duckdb.terms import (
    binary,
    call,
    column,
    conjunction,
    disjunction,
    equal,
    is_null,
    minus,
    named,
    not_null,
    number,
    over,
    range_frame,
    read,
    select,
    star,
    when,
)

if TYPE_CHECKING:
    from dsl import plan
    from engine.backends.duckdb.nodes import Lowering

_DAY: Final = 86_400_000_000
_RUN: Final = "_run"
_NEXT: Final = "_next"


def longest(gap: int) -> int:
    """Length in microseconds that a session never exceeds."""
    return min(24 * gap, _DAY)


def with_begins(
    lowering: Lowering, rows: str, node: plan.Window, wanted: str, begin: str
) -> exp.Select:
    """The rows with the begin of their session as a further column."""
    keys = [column(k) for k in node.keys]
    before = over(call("lag", column("ts")), keys, [column("ts"), column("tie")])
    fresh = disjunction(
        is_null(before),
        binary(exp.GT, minus(column("ts"), before.copy()), number(node.over)),
    )
    marked = lowering.add(
        f"{wanted}.gaps",
        select(star(), named(when(fresh, column("ts")), _RUN), source=read(rows)),
    )
    run = over(call("max", column(_RUN)), keys, [column("ts")], range_frame(None))
    runs = lowering.add(
        f"{wanted}.runs", select(star(without=[_RUN]), named(run, _RUN), source=read(marked))
    )
    cap = longest(node.over)
    beyond = exp.WindowSpec(
        kind="RANGE", start=number(cap + 1), start_side="FOLLOWING",
        end="UNBOUNDED", end_side="FOLLOWING",
    )  # fmt: skip
    following = over(call("min", column("ts")), [*keys, column(_RUN)], [column("ts")], beyond)
    jumps = lowering.add(
        f"{wanted}.jumps",
        select(
            *keys, column(_RUN), column("ts"), named(following, _NEXT), source=read(runs)
        ).distinct(),
    )
    lowering.statement.recursive = True
    heads_name = lowering.statement.free(f"{wanted}.heads")
    same = [*node.keys, _RUN]
    first = select(*keys, column(_RUN), named(column(_RUN), begin), source=read(runs)).distinct()
    step = (
        select(
            *(column(k, "h") for k in same), named(column(_NEXT, "j"), begin),
            source=read(heads_name, "h"),
        )
        .join(
            read(jumps, "j"),
            on=conjunction(
                [
                    *(equal(column(k, "h"), column(k, "j")) for k in same),
                    equal(column(begin, "h"), column("ts", "j")),
                    not_null(column(_NEXT, "j")),
                ]
            ),
        )
    )  # fmt: skip
    heads = lowering.add(heads_name, first.union(step, distinct=False, copy=False))
    on = conjunction(
        [
            *(equal(column(k), column(k, "h")) for k in same),
            equal(column("ts"), column(begin, "h")),
        ]
    )
    headed = lowering.add(
        f"{wanted}.headed",
        select(star(), named(column(begin, "h"), "_head"), source=read(runs)).join(
            read(heads, "h"), on=on, join_type="left"
        ),
    )
    found = over(
        call("max", column("_head")), [*keys, column(_RUN)], [column("ts")], range_frame(None)
    )
    return select(star(without=["_head", _RUN]), named(found, begin), source=read(headed))
