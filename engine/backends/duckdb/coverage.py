"""Whether the sources of event types were alive throughout a span: table `coverage`.

Intervals of one domain and type are disjoint and do not touch; those of the domain '' are true for
every domain.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from engine.backends.duckdb.terms import (
    array,
    binary,
    call,
    column,
    conjunction,
    each,
    element,
    equal,
    extracted,
    number,
    record,
    select,
    stored,
    subquery,
    text,
    true,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.backends.duckdb.scope import Scope


def covered(events: Sequence[str], scope: Scope, low: exp.Expr, high: exp.Expr) -> exp.Expr:
    """Whether every one of the event types was covered in all of [low, high)."""
    domains: list[exp.Expr] = [text("")]
    if scope.domain is not None:
        domains.append(call("coalesce", scope.column(scope.domain), text("")))
    span = {"domain": "domain", "since": "valid_from", "until": "valid_to"}
    everywhere = []
    for event in events:
        row = record({k: column(c, "c") for k, c in span.items()})
        query = select(call("list", row), source=stored("coverage", "c"))
        known = subquery(query.where(equal(column("type", "c"), text(event))))
        none = array([], "STRUCT(domain VARCHAR, since BIGINT, until BIGINT)")
        fits = conjunction(
            [
                exp.In(
                    this=extracted(element("c"), "domain"), expressions=[d.copy() for d in domains]
                ),
                binary(exp.LTE, extracted(element("c"), "since"), low.copy()),
                binary(exp.GTE, extracted(element("c"), "until"), high.copy()),
            ]
        )
        found = call("list_filter", call("coalesce", known, none), each("c", fits or true()))
        everywhere.append(binary(exp.GT, call("len", found), number(0)))
    return conjunction(everywhere) or true()
