"""What models of every kind do with rows: values as they are learned, what each row was made of, and
reads put beside the rows that ask.

Knows neither how a model learns nor what it says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlglot import exp, parse_one

from engine.backends.duckdb.evidence import HIT, lower_evidence
from engine.backends.duckdb.terms import (
    DIALECT,
    binary,
    call,
    cast,
    column,
    equal,
    named,
    number,
    over,
    read,
    select,
    star,
)
from engine.models.days import DAY_US

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dsl.types import Type
    from engine.backends.duckdb.nodes import Lowering
    from engine.backends.duckdb.relation import Relation

NUMBER: Final = "_number"
"""The column that numbers the rows that ask."""
_FOLDED: Final = frozenset({"account", "host", "group", "service"})


def learned_value(name: str, kind: Type) -> exp.Expr:
    """A value as it is learned: text, names without case."""
    value = cast(column(name), "VARCHAR")
    return call("lower", value) if kind.kind in _FOLDED else value


def bounds() -> list[exp.Expr]:
    """The span of time, $low to $high, whose rows are learned."""
    return [
        binary(exp.GTE, column("ts"), exp.Parameter(this=exp.Var(this="low"))),
        binary(exp.LTE, column("ts"), exp.Parameter(this=exp.Var(this="high"))),
    ]


def traced(lowering: Lowering, source: Relation, values: Iterable[exp.Expr]) -> str:
    """The statement of the rows to learn: ts, tie, `values`, and `ids`, the events of each."""
    hits = _numbered(lowering, source, "hits", HIT)
    evidence = lower_evidence(lowering.statement, hits, source.lineage)
    ids = named(call("coalesce", column("ids", "e"), exp.Array()), "ids")
    query = (
        select(column("ts"), column("tie"), *values, ids, source=read(hits))
        .join(read(evidence, "e"), on=equal(column(HIT), column(HIT, "e")), join_type="left")
        .where(*bounds())
    )
    return lowering.statement.finish(query).sql(dialect=DIALECT, copy=False)


def numbered(lowering: Lowering, source: Relation, wanted: str) -> str:
    """The relation of the rows that ask, each with its number (`NUMBER`)."""
    return _numbered(lowering, source, f"{wanted}.numbered", NUMBER)


def _numbered(lowering: Lowering, source: Relation, wanted: str, name: str) -> str:
    found = lowering.add(
        wanted, select(star(), named(over(exp.RowNumber(), []), name), source=read(source.name))
    )
    lowering.statement.computed_first.add(found)
    return found


def day() -> exp.Expr:
    """The day of a row, since 1970."""
    return named(binary(exp.IntDiv, column("ts"), number(DAY_US)), "day")


def with_reads(rows: str, scored: str, reads: Iterable[exp.Expr]) -> exp.Select:
    """Numbered rows with what `scored` (alias `s`, by `n`) says of them; null where it says nothing."""
    return select(star(without=[NUMBER]), *reads, source=read(rows)).join(
        read(scored, "s"), on=equal(column("n", "s"), column(NUMBER)), join_type="left"
    )


def parsed(query: str) -> exp.Select:
    """A statement that is written out. Raises TypeError where it is no SELECT."""
    found = parse_one(query, dialect=DIALECT)
    if not isinstance(found, exp.Select):
        raise TypeError("a select belongs here")
    return found
