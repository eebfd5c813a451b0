"""Which rows of a profile do not count because their events are behind alerts (`engine.store.withheld`).

A row stands for the events at which it became what it is: itself, the event that completes a window's
row, each step of a sequence, both sides of a join. It is withheld while one of them is.
"""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING

from sqlglot import exp

from engine.backends.duckdb.lineage import (
    ChoiceLineage,
    EventLineage,
    FrameLineage,
    Lineage,
    PartsLineage,
)
from engine.backends.duckdb.profiles.names import FROM, TO
from engine.backends.duckdb.terms import (
    binary,
    call,
    column,
    disjunction,
    equal,
    extracted,
    is_null,
    largest,
    named,
    select,
    smallest,
    stored,
    text,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

LOW = exp.Parameter(this=exp.Var(this="low"))
"""The first `ts` of the rows that are asked for: as of it is decided what counts."""
LEARNT = exp.Parameter(this=exp.Var(this="learnt"))
"""Rows from here on are not learnt."""


def events_of(lineage: Lineage, value: exp.Expr) -> list[exp.Expr]:
    """The ids of the events a row stands for, from its lineage; null where there is none."""
    match lineage:
        case EventLineage():
            return [extracted(value, "id")]
        case FrameLineage(source):
            return events_of(source, extracted(value, "row"))
        case ChoiceLineage(sources):
            each = [events_of(s, extracted(value.copy(), f"s{i}")) for i, s in enumerate(sources)]
            return [
                call("coalesce", *(e for e in place if e is not None))
                for place in zip_longest(*each)
            ]
        case PartsLineage(parts):
            return [
                id_
                for i, part in enumerate(parts)
                for id_ in events_of(part, extracted(value.copy(), f"s{i}"))
            ]


def joined(query: exp.Select, ids: Sequence[exp.Expr], detection: str) -> exp.Select:
    """The query with the bounds of what is withheld from `detection` beside each of the ids."""
    for i, id_ in enumerate(ids):
        known = (
            select(
                column("id"),
                named(call("min", column("since")), FROM),
                named(call("max", column("until")), TO),
                source=stored("withheld"),
            )
            .where(
                equal(column("detection"), text(detection)),
                binary(exp.LT, column("since"), column("until")),
            )
            .group_by(column("id"))
        )
        alias = exp.TableAlias(this=exp.to_identifier(_alias(i), quoted=True))
        beside = exp.Subquery(this=known, alias=alias)
        query = query.join(beside, on=equal(column("id", _alias(i)), id_), join_type="left")
    return query


def bounds(count: int) -> tuple[exp.Expr, exp.Expr]:
    """Between which times a row of so many ids does not count; null: always counts."""
    return (
        smallest(*(column(FROM, _alias(i)) for i in range(count))),
        largest(*(column(TO, _alias(i)) for i in range(count))),
    )


def counts(begin: exp.Expr, end: exp.Expr) -> exp.Expr:
    """Whether what is withheld between two times counts as of the rows that are asked for."""
    return disjunction(
        is_null(begin), binary(exp.GT, begin.copy(), LOW.copy()), binary(exp.LTE, end, LOW.copy())
    )


def _alias(position: int) -> str:
    return f"w{position}"
