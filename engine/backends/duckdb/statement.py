"""A detection as SQL that can be run: one statement per alert, computed over a slice of time.

A slice is asked little at a time, and mostly once: has it the events that any row needs (`gates`);
has it any row, where DuckDB prunes evidence, roles and all sets that decide nothing; and what are
its rows with all they carry.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final

from engine.alerts import AlertRow
from engine.backends.duckdb import routines
from engine.backends.duckdb.exclusions import Excepted, stored_exclusions
from engine.backends.duckdb.parsed import run
from engine.backends.duckdb.results import Reader, reader

if TYPE_CHECKING:
    import duckdb

    from dsl.types import Type

_FAR: Final = 2**62
"""Times beyond this (in microseconds: 146,000 years) are not read, so that no sum overflows."""


@dataclass(frozen=True)
class CompiledAlert:
    """One alert statement as text with `$low` and `$high` for the slice. `anchors`: types of the
    events that rows become true with, and how long before them these may lie (microseconds).
    `types` are those of roles, dedup values and excepted values.
    """

    anchors: tuple[tuple[str, int], ...]
    gates: tuple[str, ...]
    probe: str
    types: tuple[Type, ...]
    roles: tuple[str, ...]
    dedup: int
    exceptions: tuple[Excepted, ...]
    routines: frozenset[str]
    full: str = field(repr=False)

    @property
    def sql(self) -> str:
        """The statement laid out for reading."""
        from sqlglot import parse_one  # noqa: PLC0415 - rows are computed without it

        return parse_one(self.full, dialect="duckdb").sql(dialect="duckdb", pretty=True)

    @cached_property
    def readers(self) -> tuple[Reader, ...]:
        """How to read the values of a row."""
        return tuple(map(reader, self.types))

    def rows(self, connection: duckdb.DuckDBPyConnection, lo: int, hi: int) -> list[AlertRow]:
        """All rows with ts in [lo, hi] (microseconds), in order."""
        if lo > hi:
            return []
        routines.install(connection, self.routines)
        bounds = {"low": max(lo, -_FAR), "high": min(hi, _FAR)}
        if not all(run(connection, question, bounds) for question in (*self.gates, self.probe)):
            return []
        found = run(connection, self.full, bounds)
        if not found:
            return []
        exclusions = stored_exclusions(connection, self.exceptions)
        rows = []
        for ts, tie, start, overflow, ids, size, severity, confidence, *rest in found:
            values = [r(v) for r, v in zip(self.readers, rest, strict=True)]
            if not exclusions.hold(values, ts):
                row = AlertRow(
                    ts=ts,
                    tie=tie,
                    start=start,
                    roles=dict(zip(self.roles, values, strict=False)),
                    severity=severity,
                    confidence=None if confidence is None else float(confidence),
                    dedup=tuple(values[len(self.roles) : len(self.roles) + self.dedup]),
                    evidence=tuple(ids or ()),
                    evidence_count=size or 0,
                    overflow=overflow,
                )
                rows.append(row)
        return rows


@dataclass(frozen=True)
class CompiledDetection:
    """A detection lowered to DuckDB; `alerts` in the order of the plan."""

    id: str
    alerts: tuple[CompiledAlert, ...]
