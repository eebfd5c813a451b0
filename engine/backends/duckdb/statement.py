"""A detection as SQL that can be run: one statement per alert, computed over a slice of time.

A slice is asked little at a time, and mostly once: has it the events that any row needs (`gates`);
has it any row, where DuckDB prunes evidence, roles and all sets that decide nothing (not asked after a
slice that had some); and what are its rows with all they carry.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final

from engine.alerts import AlertRow
from engine.backends.duckdb import routines
from engine.backends.duckdb.exclusions import Excepted, stored_exclusions
from engine.backends.duckdb.novelty.learned import DAY
from engine.backends.duckdb.profiles.remembered import Bounds, chosen, remembering
from engine.backends.duckdb.results import Reader, reader
from engine.backends.duckdb.trained.model import TrainedModel
from engine.models.at_hand import AsNeeded
from engine.store import withheld
from engine.store.parsed import run

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb

    from dsl.types import Type
    from engine.backends.duckdb.gates import Need
    from engine.backends.duckdb.novelty.model import NoveltyModel
    from engine.backends.duckdb.profiles.compile import Protection
    from engine.backends.duckdb.profiles.learning import CompiledLearning
    from engine.backends.duckdb.profiles.remembered import (
        CompiledKeys,
        CompiledProfile,
        CompiledRecall,
        Memory,
    )
    from engine.models.at_hand import Models

_FAR: Final = 2**62
"""Times beyond this (in microseconds: 146,000 years) are not read, so that no sum overflows."""


@dataclass
class Lately:
    """Whether the last slice that was asked for rows had any: then the next one mostly has some, and is not
    asked first whether it has.
    """

    any: bool = False


@dataclass(frozen=True)
class CompiledAlert:
    """One alert statement as text with `$low` and `$high` for the slice. `needs`: of each group an
    event must have come for there to be a row; `gates` ask the same of the slice exactly.
    `types` are those of roles, dedup values and excepted values. `look_back` does not count what
    `profiles` learnt; `parameters` are those of `probe` and of `full`. With `models` a slice is
    computed day by day: `events` are the types that may make a row, up to `reach` before it. `owner`: the
    detection whose alerts withhold events from the profiles, "" where none are asked.
    """

    needs: tuple[tuple[Need, ...], ...]
    gates: tuple[str, ...]
    probe: str
    types: tuple[Type, ...]
    roles: tuple[str, ...]
    dedup: int
    exceptions: tuple[Excepted, ...]
    routines: frozenset[str]
    profiles: tuple[CompiledProfile, ...]
    first: tuple[CompiledRecall | CompiledKeys, ...]
    look_back: int
    parameters: tuple[tuple[str, ...], tuple[str, ...]]
    full: str = field(repr=False)
    models: tuple[NoveltyModel | TrainedModel, ...] = ()
    events: tuple[str, ...] = ()
    reach: int = 0
    owner: str = ""
    lately: Lately = field(default_factory=Lately, repr=False, compare=False)

    @property
    def sql(self) -> str:
        """The statement laid out for reading."""
        from sqlglot import parse_one  # noqa: PLC0415 - rows are computed without it

        return parse_one(self.full, dialect="duckdb").sql(dialect="duckdb", pretty=True)

    @property
    def trained(self) -> tuple[TrainedModel, ...]:
        """The models that are trained beside the engine."""
        return tuple(m for m in self.models if isinstance(m, TrainedModel))

    @cached_property
    def readers(self) -> tuple[Reader, ...]:
        """How to read the values of a row."""
        return tuple(map(reader, self.types))

    def rows(
        self,
        connection: duckdb.DuckDBPyConnection,
        lo: int,
        hi: int,
        memory: Memory | None = None,
        learnt: int = _FAR,
        models: Models | None = None,
    ) -> list[AlertRow]:
        """All rows with ts in [lo, hi] (microseconds), in order. What profiles say comes from
        `memory` and the events since, without it from the events of their whole windows; those
        that withhold what is behind alerts learnt nothing from `learnt` on. Trained models come
        from `models`, without it they are trained from the events.
        """
        if lo > hi:
            return []
        routines.install(connection, self.routines)
        if not self.models:
            return self._cut(connection, lo, hi, memory, learnt)
        rows: list[AlertRow] = []
        for low, high in self._days(connection, lo, hi, models or AsNeeded()):
            found = self._cut(connection, low, high, memory, learnt)
            for model in self.models:
                model.withhold(connection, low // DAY, (i for r in found for i in r.evidence))
            rows += found
        return rows

    def _days(
        self, connection: duckdb.DuckDBPyConnection, lo: int, hi: int, models: Models
    ) -> Iterator[tuple[int, int]]:
        """The slice by days that have events, each with the models at that day."""
        # a row may be true later than its last event: a window's, a join's end
        asked = " UNION ".join(
            f'SELECT DISTINCT ts // {DAY} AS day FROM "{e}" WHERE ts >= $low AND ts <= $high'  # noqa: S608  # names of the schema
            for e in self.events
        )
        found = connection.execute(
            asked, {"low": max(lo, -_FAR) - self.reach, "high": min(hi, _FAR)}
        ).fetchall()
        days = sorted({int(d) + later for (d,) in found for later in range(self.reach // DAY + 2)})
        for day in days:
            low, high = max(lo, day * DAY), min(hi, (day + 1) * DAY - 1)
            if low > high or not self._may(connection, low, high):
                continue
            for model in self.models:
                if isinstance(model, TrainedModel):
                    first = (low - self.look_back) // DAY
                    model.read_at(connection, range(first, day + 1), models)
                else:
                    # it counts a day into the reach: the one that a row lies in
                    first = (low - self.reach) // DAY + 1
                    model.read_at(connection, range(first, day + 1))
            yield low, high

    def _cut(
        self,
        connection: duckdb.DuckDBPyConnection,
        lo: int,
        hi: int,
        memory: Memory | None,
        learnt: int,
    ) -> list[AlertRow]:
        """The rows of a slice, cut where profiles learn more or less from then on."""
        if not self.owner:
            return self._slice(connection, lo, hi, memory, learnt)
        cuts = withheld.boundaries(connection, self.owner, max(lo, -_FAR), min(hi, _FAR))
        begins, ends = [lo, *cuts], [*(c - 1 for c in cuts), hi]
        slices = zip(begins, ends, strict=True)
        found = (self._slice(connection, low, high, memory, learnt) for low, high in slices)
        return [row for rows in found for row in rows]

    def _may(self, connection: duckdb.DuckDBPyConnection, low: int, high: int) -> bool:
        """Whether the slice has the events that a row needs."""
        bounds = {"low": low, "high": high}
        return all(run(connection, gate, bounds) for gate in self.gates)

    def _slice(
        self,
        connection: duckdb.DuckDBPyConnection,
        lo: int,
        hi: int,
        memory: Memory | None,
        learnt: int,
    ) -> list[AlertRow]:
        """The rows of a slice; where there are models, those of its day are at hand."""
        low, high = max(lo, -_FAR), min(hi, _FAR)
        if not self._may(connection, low, high):
            return []
        begin = low - self.look_back
        bounds: Bounds = {"low": low, "high": high, "begin": begin, "learnt": learnt}
        since = {p.number: min(low - p.far, learnt) for p in self.profiles if p.far is not None}
        probe, full = self.parameters
        with remembering(connection, self.first, self.profiles, since, bounds, memory) as known:
            if known is None:
                return []
            if not self.lately.any and not run(connection, self.probe, chosen(known, probe)):
                return []
            found = run(connection, self.full, chosen(known, full))
        self.lately.any = bool(found)
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
    """A detection lowered to DuckDB; `alerts` in the order of the plan. `protection`: what its
    alerts withhold from its profiles.
    """

    id: str
    alerts: tuple[CompiledAlert, ...]
    learnings: tuple[CompiledLearning, ...] = ()
    protection: Protection | None = None

    def prepare(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Make what its conditions call known to a database."""
        routines.install(connection, frozenset().union(*(a.routines for a in self.alerts)))
