"""Where each row's session begins: at the last row that came more than `over` after the one before.

That a session is no longer than its cap is the frame's matter (`window.py`): it reaches back no
further from its row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlglot import exp

from engine.backends.duckdb.terms import (
    binary,
    call,
    column,
    disjunction,
    is_null,
    minus,
    named,
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
_FRESH: Final = "_fresh"


def longest(gap: int) -> int:
    """Length in microseconds that a session never exceeds."""
    return min(24 * gap, _DAY)


def with_begins(lowering: Lowering, rows: str, node: plan.Window, begin: str) -> exp.Select:
    """The rows with the begin of their session as a further column."""
    keys = [column(k) for k in node.keys]
    before = over(call("lag", column("ts")), keys, [column("ts"), column("tie")])
    fresh = disjunction(
        is_null(before),
        binary(exp.GT, minus(column("ts"), before.copy()), number(node.over)),
    )
    marked = lowering.add(
        f"{rows}.gaps",
        select(star(), named(when(fresh, column("ts")), _FRESH), source=read(rows)),
    )
    run = over(call("max", column(_FRESH)), keys, [column("ts")], range_frame(None))
    return select(star(without=[_FRESH]), named(run, begin), source=read(marked))
