"""For each row of one relation the neighbour in another: the nearest before or after in order.

One window function over the rows of both; no pairs are made, so bursts cost only the sorting.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from sqlglot import exp

from engine.backends.duckdb.terms import (
    cast,
    column,
    descending,
    named,
    not_null,
    null,
    number,
    over,
    read,
    rows_before,
    select,
    star,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.backends.duckdb.nodes import Lowering

ROW = "_row"
NEAR = "_near"


def numbered(
    lowering: Lowering, relation: str, keys: Sequence[str], wanted: str, where: exp.Expr | None
) -> str:
    """Rows with no null key, as `_k0`, `_k1`, ..., numbered as `_row`."""
    query = select(
        star(),
        *(named(column(k), f"_k{i}") for i, k in enumerate(keys)),
        named(over(exp.RowNumber(), []), ROW),
        source=read(relation),
    ).where(*(not_null(column(k)) for k in keys))
    return lowering.add(wanted, query if where is None else query.where(where))


def neighbours(left: str, right: str, keys: int, side: Literal["before", "after"]) -> exp.Select:
    """`_row` of each left row with `_near`, the `_row` of the latest right row strictly before it
    (or the earliest strictly after it); left rows without one are left out.
    """

    def rows(relation: str, rank: int, near: exp.Expr, row: exp.Expr) -> exp.Select:
        return select(
            *(column(f"_k{i}") for i in range(keys)),
            column("ts"),
            column("tie"),
            # at the same moment left rows come first, so that right ones are not before them
            named(number(rank), "_side"),
            named(cast(near, "BIGINT"), NEAR),
            named(cast(row, "BIGINT"), ROW),
            source=read(relation),
        )

    both = rows(left, 0, null(), column(ROW)).union(
        rows(right, 1, column(ROW), null()), distinct=False
    )
    moment: list[exp.Expr] = [column("ts"), column("tie")]
    if side == "after":
        moment = [descending(m) for m in moment]
    newest = over(
        exp.IgnoreNulls(this=exp.LastValue(this=column(NEAR))),
        [column(f"_k{i}") for i in range(keys)],
        [*moment, column("_side"), column(NEAR)],
        rows_before(),
    )
    found = select(column(ROW), named(newest, NEAR)).from_(_inner(both))
    return (
        select(exp.Star()).from_(_inner(found)).where(not_null(column(ROW)), not_null(column(NEAR)))
    )


def _inner(query: exp.Query) -> exp.Expr:
    alias = exp.TableAlias(this=exp.to_identifier("r", quoted=True))
    return exp.Subquery(this=query, alias=alias)
