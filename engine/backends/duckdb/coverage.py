"""Whether the sources of event types were alive throughout a span: table `coverage`.

Intervals of the row's domain and of all domains ('') count together; those that touch or overlap
are first united, so that a handover between sensors is no gap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from engine.backends.duckdb.terms import (
    binary,
    call,
    column,
    conjunction,
    disjunction,
    equal,
    exists,
    named,
    number,
    over,
    rows_before,
    select,
    stored,
    text,
    true,
    when,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.backends.duckdb.scope import Scope


def covered(events: Sequence[str], scope: Scope, low: exp.Expr, high: exp.Expr) -> exp.Expr:
    """Whether every one of the event types was covered in all of [low, high)."""
    domain: exp.Expr = text("")
    if scope.domain is not None:
        known = select(number(1), source=stored("coverage", "k")).where(
            equal(column("domain", "k"), scope.column(scope.domain))
        )
        domain = when(exists(known), scope.column(scope.domain), text(""))
    spans = []
    for event in events:
        begun = binary(exp.LTE, column("valid_from", "v"), low.copy())
        lasts = binary(exp.GTE, column("valid_to", "v"), high.copy())
        query = select(number(1)).from_(_united(event))
        same = equal(column("domain", "v"), domain.copy())
        spans.append(exists(query.where(same, begun, lasts)))
    return conjunction(spans) or true()


def _united(event: str) -> exp.Expr:
    """Intervals (domain, valid_from, valid_to) of one type without overlaps or joints."""
    domains = select(named(text(""), "domain")).union(
        select(column("domain", "k"), source=stored("coverage", "k"))
    )
    on = disjunction(
        equal(column("domain", "c"), column("domain", "k")), equal(column("domain", "c"), text(""))
    )
    rows = (
        select(column("domain", "k"), column("valid_from", "c"), column("valid_to", "c"))
        .from_(exp.Subquery(this=domains, alias=exp.TableAlias(this=exp.to_identifier("k"))))
        .join(stored("coverage", "c"), on=on)
        .where(equal(column("type", "c"), text(event)))
    )
    before = over(
        call("max", column("valid_to")), [column("domain")], [column("valid_from")], rows_before()
    )
    fresh = binary(exp.GT, column("valid_from"), call("coalesce", before, number(-(2**62))))
    marked = select(exp.Column(this=exp.Star()), named(fresh, "fresh")).from_(_as(rows, "r"))
    island = over(
        call("sum", when(column("fresh"), number(1), number(0))),
        [column("domain")],
        [column("valid_from"), column("valid_to")],
        exp.WindowSpec(
            kind="ROWS",
            start="UNBOUNDED",
            start_side="PRECEDING",
            end="CURRENT ROW",
            end_side=None,
        ),
    )
    numbered = select(exp.Column(this=exp.Star()), named(island, "island")).from_(_as(marked, "r"))
    united = (
        select(
            column("domain"),
            named(call("min", column("valid_from")), "valid_from"),
            named(call("max", column("valid_to")), "valid_to"),
        )
        .from_(_as(numbered, "r"))
        .group_by(column("domain"), column("island"))
    )
    return _as(united, "v")


def _as(query: exp.Query, alias: str) -> exp.Expr:
    return exp.Subquery(this=query, alias=exp.TableAlias(this=exp.to_identifier(alias)))
