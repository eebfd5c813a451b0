"""A detection lowered to SQL that can be run: one statement per alert."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from dsl import plan
from engine.backends.duckdb.bounds import Needed, needed, needed_any
from engine.backends.duckdb.evidence import HIT, lower_evidence, size_of
from engine.backends.duckdb.exclusions import Excepted
from engine.backends.duckdb.expression import lower
from engine.backends.duckdb.gates import clauses_of, lower_gates, needs_of
from engine.backends.duckdb.lineage import countable
from engine.backends.duckdb.nodes import HIGH, LOW, Lowering
from engine.backends.duckdb.profiles.compile import (
    begin_of,
    compile_first,
    compile_learnings,
    own_look_back,
    protected,
    protection,
    query_of,
)
from engine.backends.duckdb.reading import Definitions
from engine.backends.duckdb.relation import LINEAGE, OVERFLOW, Relation
from engine.backends.duckdb.routines import called
from engine.backends.duckdb.scope import Scope
from engine.backends.duckdb.statement import CompiledAlert, CompiledDetection
from engine.backends.duckdb.terms import (
    DIALECT,
    binary,
    column,
    equal,
    named,
    null,
    number,
    over,
    read,
    select,
)
from engine.backends.duckdb.unlearnt import unlearnt
from engine.backends.duckdb.window import lower_needed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def compile_detection(detection: plan.DetectionPlan) -> CompiledDetection:
    """Lower a detection. Raises `Unsupported` for what DuckDB has no exact form of."""
    definitions = Definitions(dict(detection.relations), dict(detection.shared))
    return CompiledDetection(
        detection.id,
        tuple(_compile(detection, alert, i) for i, alert in enumerate(detection.alerts)),
        compile_learnings(detection),
        protection(definitions, detection),
    )


def _compile(detection: plan.DetectionPlan, alert: plan.AlertPlan, index: int) -> CompiledAlert:
    definitions = Definitions(dict(detection.relations), dict(detection.shared))
    lowering = Lowering(
        definitions,
        begin_of(definitions, alert),
        definitions.columns(alert),
        owner=f"{detection.id} {index}",
        budget=_budget(definitions, alert),
        reach=alert.look_back or 0,
        withholding=detection.id,
        protected=protected(definitions, detection.alerts),
        needed=tuple(needed(definitions, alert.source)),
    )
    source = lowering.node(alert.source, "rows", 0)
    scope = Scope(domain=source.domain)

    probe = _any(source.name).where(*_slice(alert, scope))
    excepted = [(f"except.{i}", e) for i, (e, _) in enumerate(alert.excepts)]
    dedup = [(f"dedup.{n}", e) for n, e in alert.dedup_by]
    values = [*((f"role.{n}", e) for n, e in alert.roles), *dedup, *excepted]
    full = _full(lowering, alert, source, values)
    clauses = clauses_of(definitions, alert)
    gates = (*lower_gates(clauses, LOW, HIGH), *_windows(definitions, alert))
    profiles, first = compile_first(lowering)
    gated = tuple(g.sql(dialect=DIALECT, copy=False) for g in gates)
    asked = query_of(lowering.statement.finish(scope.attach(probe)))
    whole = query_of(full)
    return CompiledAlert(
        needs=needs_of(clauses),
        gates=gated,
        probe=asked.text,
        types=tuple(e.type for _, e in values),
        roles=tuple(n for n, _ in alert.roles),
        dedup=len(dedup),
        exceptions=_exceptions(detection, alert),
        routines=called(whole.text, *gated),
        profiles=profiles,
        first=first,
        look_back=own_look_back(definitions, alert.source),
        parameters=(asked.parameters, whole.parameters),
        full=whole.text,
        models=tuple(lowering.models.values()),
        events=detection.events,
        reach=alert.look_back or 0,
        owner=detection.id if any(p.owner for p in profiles) else "",
    )


def _windows(definitions: Definitions, alert: plan.AlertPlan) -> Iterator[exp.Query]:
    """Queries that all have a row if any row is in the slice: of the windows it needs."""
    for windows in needed_any(definitions, alert.source):
        queries = [_window(definitions, alert, window) for window in windows]
        known = [query for query in queries if query is not None]
        if len(known) == len(windows):
            whole: exp.Query = known[0]
            for query in known[1:]:
                whole = exp.Union(this=_inside(whole), expression=_inside(query), distinct=False)
            yield whole


def _window(definitions: Definitions, alert: plan.AlertPlan, window: Needed) -> exp.Select | None:
    """A query with a row if a window may be there, whatever was learnt; None where that is not
    known.
    """
    found = unlearnt(definitions, window)
    if found is None:
        return None
    rests_on, node = found
    lowering = Lowering(rests_on, begin_of(definitions, alert), definitions.columns(alert))
    lowering.far, lowering.inside_shared = window.far, window.shared
    query = lower_needed(lowering, node)
    # what profiles and models have learnt is put beside the whole statement only
    if query is None or lowering.profiles or lowering.models:
        return None
    return lowering.statement.finish(_any(lowering.add("needed", query)))


def _inside(query: exp.Query) -> exp.Expr:
    return exp.Subquery(this=query)


def _any(relation: str) -> exp.Select:
    """One row if a relation has any.

    Not by a limit: that ends the pipelines that read a common table expression, and DuckDB 2.0 then
    waits forever for others that are to fill it (seen with absences below joins, with one thread
    and with two).
    """
    count = exp.Count(this=exp.Star())
    return select(number(1), source=read(relation)).having(binary(exp.GT, count, number(0)))


def _budget(definitions: Definitions, alert: plan.AlertPlan) -> bool:
    """Whether a model is asked what so many cases a day come to."""
    recalls = (n for n in definitions.reached(alert.source) if isinstance(n, plan.Recall))
    return any(r.what == "threshold" for recall in recalls for r in recall.reads)


def _exceptions(detection: plan.DetectionPlan, alert: plan.AlertPlan) -> tuple[Excepted, ...]:
    """Values by their position among roles, dedup values and excepted values."""
    first = len(alert.roles) + len(alert.dedup_by)
    written = [
        Excepted(first + i, listed.name, value.type)
        for i, (value, listed) in enumerate(alert.excepts)
    ]
    implied = [
        Excepted(i, detection.id, e.type, frozenset({e.type.kind, "text", "any", name}), name)
        for i, (name, e) in enumerate(alert.roles)
    ]
    return (*written, *implied)


def _full(
    lowering: Lowering,
    alert: plan.AlertPlan,
    source: Relation,
    values: Sequence[tuple[str, plan.Expr]],
) -> exp.Select:
    """The rows with the values of the alert and their evidence, in order."""
    scope = Scope(domain=source.domain)

    def value(expr: plan.Expr | None) -> exp.Expr:
        return null() if expr is None else lower(expr, scope)

    query = select(
        *map(column, ("ts", "tie", "start", LINEAGE, OVERFLOW)),
        named(over(exp.RowNumber(), []), HIT),
        named(value(alert.severity), "severity"),
        named(value(alert.confidence), "confidence"),
        *(named(lower(e, scope), n) for n, e in values),
        source=read(source.name),
    ).where(*_slice(alert, scope))
    hits = lowering.add("hits", scope.attach(query))
    evidence = lower_evidence(lowering.statement, hits, source.lineage)
    known = countable(source.lineage)
    size = size_of(source.lineage, column(LINEAGE)) if known else column("size", "e")
    query = select(
        *map(column, ("ts", "tie", "start", OVERFLOW)),
        column("ids", "e"),
        named(size, "size"),
        *map(column, ("severity", "confidence", *(n for n, _ in values))),
        source=read(hits),
    ).join(read(evidence, "e"), on=equal(column(HIT), column(HIT, "e")), join_type="left")
    return lowering.statement.finish(query.order_by(column("ts"), column("tie"), column(HIT)))


def _slice(alert: plan.AlertPlan, scope: Scope) -> list[exp.Expr]:
    """Rows of the slice that meet `when`."""
    conditions = [
        binary(exp.GTE, column("ts"), LOW.copy()),
        binary(exp.LTE, column("ts"), HIGH.copy()),
    ]
    if alert.when is not None:
        conditions.append(lower(alert.when, scope))
    return conditions
