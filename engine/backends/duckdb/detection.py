"""A detection as SQL that can be run: one statement per alert, computed over a slice of time.

A slice is asked twice at most. The first question is only whether it has any row: there DuckDB
prunes evidence, roles and all sets that decide nothing, and mostly the answer is no.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from dsl import plan
from dsl.types import Type
from engine.alerts import AlertRow
from engine.backends.duckdb import routines
from engine.backends.duckdb.evidence import HIT, lower_evidence, size_of
from engine.backends.duckdb.exclusions import excluded
from engine.backends.duckdb.expression import lower
from engine.backends.duckdb.lineage import countable
from engine.backends.duckdb.nodes import HIGH, LOW, Lowering
from engine.backends.duckdb.reading import Definitions
from engine.backends.duckdb.relation import LINEAGE, OVERFLOW, Relation
from engine.backends.duckdb.results import Reader, reader
from engine.backends.duckdb.scope import Scope
from engine.backends.duckdb.terms import (
    DIALECT,
    binary,
    column,
    equal,
    named,
    negation,
    null,
    number,
    over,
    read,
    select,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

_FAR: Final = 2**62
"""Times beyond this (in microseconds: 146,000 years) are not read, so that no sum overflows."""


@dataclass(frozen=True)
class CompiledAlert:
    """One alert statement. `sql` is for people: `$low` and `$high` are the slice."""

    probe: str
    full: str
    readers: tuple[Reader, ...]
    roles: tuple[str, ...]
    routines: frozenset[str]
    pretty: exp.Expr = field(repr=False, compare=False)

    @property
    def sql(self) -> str:
        """The statement as text, laid out for reading."""
        return self.pretty.sql(dialect=DIALECT, pretty=True)

    def rows(self, connection: duckdb.DuckDBPyConnection, lo: int, hi: int) -> list[AlertRow]:
        """All rows with ts in [lo, hi] (microseconds), in order."""
        if lo > hi:
            return []
        routines.install(connection, self.routines)
        bounds = {"low": max(lo, -_FAR), "high": min(hi, _FAR)}
        if connection.execute(self.probe, bounds).fetchone() is None:
            return []
        return [self._row(r) for r in connection.execute(self.full, bounds).fetchall()]

    def _row(self, values: Sequence[object]) -> AlertRow:
        ts, tie, start, overflow, ids, size, severity, confidence, *rest = values
        read_ = [r(v) for r, v in zip(self.readers, rest, strict=True)]
        count = len(self.roles)
        return AlertRow(
            ts=int(ts),  # type: ignore[call-overload]
            tie=int(tie),  # type: ignore[call-overload]
            start=int(start),  # type: ignore[call-overload]
            roles=dict(zip(self.roles, read_[:count], strict=True)),
            severity=None if severity is None else str(severity),
            confidence=None if confidence is None else float(confidence),  # type: ignore[arg-type]
            dedup=tuple(read_[count:]),
            evidence=tuple(ids or ()),  # type: ignore[arg-type]
            evidence_count=int(size or 0),  # type: ignore[call-overload]
            overflow=bool(overflow),
        )


@dataclass(frozen=True)
class CompiledDetection:
    """A detection lowered to DuckDB; `alerts` in the order of the plan."""

    id: str
    alerts: tuple[CompiledAlert, ...]


def compile_detection(detection: plan.DetectionPlan) -> CompiledDetection:
    """Lower a detection. Raises `Unsupported` for what DuckDB has no exact form of."""
    return CompiledDetection(
        detection.id, tuple(_compile(detection, alert) for alert in detection.alerts)
    )


def _compile(detection: plan.DetectionPlan, alert: plan.AlertPlan) -> CompiledAlert:
    definitions = Definitions(dict(detection.relations), dict(detection.shared))
    reach = None if definitions.unbounded(alert.source) else alert.look_back
    lowering = Lowering(definitions, reach, definitions.columns(alert))
    source = lowering.node(alert.source, "rows")
    scope = Scope(domain=source.domain)

    deciding = _conditions(detection, alert, scope, whole=False)
    probe = select(number(1), source=read(source.name)).where(*deciding).limit(1)
    full = _full(lowering, detection, alert, source)
    values = (*alert.roles, *alert.dedup_by)
    return CompiledAlert(
        probe=lowering.statement.finish(probe).sql(dialect=DIALECT),
        full=full.sql(dialect=DIALECT),
        readers=tuple(reader(e.type) for _, e in values),
        roles=tuple(n for n, _ in alert.roles),
        routines=routines.used(full),
        pretty=full,
    )


def _full(
    lowering: Lowering, detection: plan.DetectionPlan, alert: plan.AlertPlan, source: Relation
) -> exp.Select:
    """The rows with the values of the alert and their evidence, in order."""
    scope = Scope(domain=source.domain)

    def value(expr: plan.Expr | None) -> exp.Expr:
        return null() if expr is None else lower(expr, scope)

    values = {f"role.{n}": e for n, e in alert.roles}
    values |= {f"dedup.{n}": e for n, e in alert.dedup_by}
    hits = lowering.add(
        "hits",
        select(
            *map(column, ("ts", "tie", "start", LINEAGE, OVERFLOW)),
            named(over(exp.RowNumber(), []), HIT),
            named(value(alert.severity), "severity"),
            named(value(alert.confidence), "confidence"),
            *(named(lower(e, scope), n) for n, e in values.items()),
            source=read(source.name),
        ).where(*_conditions(detection, alert, scope, whole=True)),
    )
    evidence = lower_evidence(lowering.statement, hits, source.lineage)
    known = countable(source.lineage)
    size = size_of(source.lineage, column(LINEAGE)) if known else column("size", "e")
    query = select(
        *map(column, ("ts", "tie", "start", OVERFLOW)),
        column("ids", "e"),
        named(size, "size"),
        *map(column, ("severity", "confidence", *values)),
        source=read(hits),
    )
    query = query.join(
        read(evidence, "e"), on=equal(column(HIT), column(HIT, "e")), join_type="left"
    )
    return lowering.statement.finish(query.order_by(column("ts"), column("tie"), column(HIT)))


def _conditions(
    detection: plan.DetectionPlan, alert: plan.AlertPlan, scope: Scope, *, whole: bool
) -> list[exp.Expr]:
    """The slice, `when`, and what is excepted. Unless `whole` without exceptions of sets: to make
    a set is most of the work, and more rows than there are do no harm to the first question.
    """
    conditions = [
        binary(exp.GTE, column("ts"), LOW.copy()),
        binary(exp.LTE, column("ts"), HIGH.copy()),
    ]
    if alert.when is not None:
        conditions.append(lower(alert.when, scope))
    for role, listed in alert.excepts:
        if whole or not role.type.many:
            inside = plan.In(role, listed, Type("bool"))
            conditions.append(negation(lower(inside, scope)))
    for name, role in alert.roles:
        if whole or not role.type.many:
            conditions.append(negation(excluded(detection.id, name, role, scope)))
    return conditions
