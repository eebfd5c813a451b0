"""From the few rows that reach an alert back to the events that made them.

Follows `_lineage` down to the scans. Where the number of events of a row follows from its lineage,
of each frame only the ends are read: the first 20 and the last 80 of a union of sets are among
those of the sets. Where sets may have events in common, they are united whole and counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from engine.backends.duckdb.lineage import (
    ChoiceLineage,
    EventLineage,
    FrameLineage,
    Lineage,
    PartsLineage,
    countable,
)
from engine.backends.duckdb.relation import LINEAGE
from engine.backends.duckdb.terms import (
    binary,
    call,
    column,
    conjunction,
    descending,
    disjunction,
    equal,
    extracted,
    false,
    largest,
    minus,
    named,
    not_null,
    number,
    over,
    plus,
    read,
    select,
    smallest,
    star,
    true,
    when,
)

if TYPE_CHECKING:
    from engine.backends.duckdb.relation import Statement

HIT: Final = "_hit"
FIRST: Final = 20
LAST: Final = 80
_AT: Final = "_at"


def lower_evidence(statement: Statement, hits: str, lineage: Lineage) -> str:
    """A relation with, for each row `_hit` of `hits`, its events: `ids` in order and `size`."""
    tracer = _Tracer(statement, whole=not countable(lineage))
    demand = statement.add(
        "evidence.rows", select(column(HIT), named(column(LINEAGE), _AT), source=read(hits))
    )
    tracer.follow(lineage, demand, keep=False)
    every: exp.Query = tracer.found[0]
    for further in tracer.found[1:]:
        every = every.union(further, distinct=False, copy=False)
    found = statement.add("evidence.found", every)
    event = [column(c) for c in (HIT, "ts", "tie", "id")]
    unique = statement.add(
        "evidence.events",
        select(*event, named(call("bool_or", column("keep")), "keep"), source=read(found)).group_by(
            *(e.copy() for e in event)
        ),
    )
    order = [column(c) for c in ("ts", "tie", "id")]
    ranked = statement.add(
        "evidence.ranked",
        select(
            star(),
            named(over(exp.RowNumber(), [column(HIT)], order), "first"),
            named(over(exp.RowNumber(), [column(HIT)], list(map(descending, order))), "last"),
            named(over(exp.Count(this=exp.Star()), [column(HIT)]), "size"),
            source=read(unique),
        ),
    )
    kept = disjunction(
        binary(exp.LTE, column("first"), number(FIRST)),
        binary(exp.LTE, column("last"), number(LAST)),
        column("keep"),
    )
    ordered = exp.Order(
        this=column("id"),
        expressions=[exp.Ordered(this=c.copy(), nulls_first=False) for c in order],
    )
    size = call("max", column("size"))
    return statement.add(
        "evidence",
        select(
            column(HIT),
            named(exp.Anonymous(this="list", expressions=[ordered]), "ids"),
            named(size, "size"),
            source=read(ranked),
        )
        .where(kept)
        .group_by(column(HIT)),
    )


def size_of(lineage: Lineage, value: exp.Expr) -> exp.Expr:
    """How many events a row has, from its lineage alone; only where it is `countable`."""
    match lineage:
        case EventLineage():
            return when(not_null(value), number(1), number(0))
        case FrameLineage():
            return call("coalesce", extracted(value, "size"), number(0))
        case ChoiceLineage(sources) | PartsLineage(sources):
            total: exp.Expr = number(0)
            for i, source in enumerate(sources):
                part = size_of(source, extracted(value.copy(), f"s{i}"))
                total = plus(total, part)
            return total


@dataclass
class _Tracer:
    """Follows lineages; `whole`: frames are read from end to end."""

    statement: Statement
    whole: bool

    def __post_init__(self) -> None:
        self.found: list[exp.Select] = []

    def follow(self, lineage: Lineage, demand: str, *, keep: bool) -> None:
        """Events of the rows of `demand` (`_hit`, `_at`); `keep`: they are anchors."""
        match lineage:
            case EventLineage():
                columns = [named(extracted(column(_AT), c), c) for c in ("ts", "tie", "id")]
                kept = named(true() if keep else false(), "keep")
                self.found.append(select(column(HIT), *columns, kept, source=read(demand)))
            case ChoiceLineage(sources):
                for i, source in enumerate(sources):
                    self.follow(source, self._part(demand, f"s{i}"), keep=keep)
            case PartsLineage(parts, anchors):
                for i, part in enumerate(parts):
                    self.follow(part, self._part(demand, f"s{i}"), keep=keep or anchors)
            case FrameLineage(source):
                if keep:
                    self.follow(source, self._part(demand, "row"), keep=True)
                self.follow(source, self._frame(lineage, demand), keep=False)

    def _part(self, demand: str, part: str) -> str:
        value = extracted(column(_AT), part)
        query = select(column(HIT), named(value, _AT), source=read(demand))
        return self.statement.add(f"evidence.{part}", query.where(not_null(value.copy())))

    def _frame(self, lineage: FrameLineage, demand: str) -> str:
        """The rows of a frame, found by their numbers."""
        at = column(_AT)
        high = extracted(at, "high")
        end = plus(high, number(1))
        low = minus(end.copy(), extracted(at.copy(), "size"))
        numbers = call("range", low, end)
        if not self.whole:
            head = smallest(plus(low.copy(), number(FIRST)), end.copy())
            tail = largest(minus(end.copy(), number(LAST)), head.copy())
            numbers = call(
                "list_concat", call("range", low.copy(), head), call("range", tail, end.copy())
            )
        keys = [f"k{i}" for i in range(len(lineage.keys))]
        rows = self.statement.add(
            "evidence.numbers",
            select(
                column(HIT),
                *(named(extracted(extracted(at.copy(), "keys"), k), k) for k in keys),
                named(call("unnest", numbers), "number"),
                source=read(demand),
            ),
        )
        on = conjunction(
            [
                equal(column("number", "n"), column("_number")),
                *(
                    equal(column(k, "n"), column(c))
                    for k, c in zip(keys, lineage.keys, strict=True)
                ),
            ]
        )
        found = select(column(HIT, "n"), named(column(LINEAGE), _AT), source=read(rows, "n")).join(
            read(lineage.numbered), on=on
        )
        # frames within frames overlap: each row of the source once for each hit
        return self.statement.add("evidence.frame", found.distinct() if self.whole else found)
