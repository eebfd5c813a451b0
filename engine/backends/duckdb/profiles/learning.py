"""What a profile learns from new events: its parts of each span of time, as statements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from engine.backends.duckdb import routines
from engine.backends.duckdb.profiles.remembered import (
    Bounds,
    CompiledKeys,
    CompiledProfile,
    CompiledRecall,
    Memory,
    chosen,
    remembering,
)
from engine.profiles.part import Part, Shape
from engine.store.parsed import run

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

    from engine.profiles.part import Key

_MOST: Final = 2**63 - 1


@dataclass(frozen=True)
class CompiledQuery:
    """A statement and the names of its parameters."""

    text: str
    parameters: tuple[str, ...]


@dataclass(frozen=True)
class CompiledLearning:
    """The parts of a profile. `$low` and `$high` are the first and last `ts` learnt, `$unit` the
    span of a part. `sets` gives (key, span, value, first ts) for each learn that is a set. `reach`: how long
    before an alert's row the profile may be asked; `directory`: its rows rest on the directory.
    `bounded`: behind the span both tell between which times the rows do not count.
    """

    profile: CompiledProfile
    profiles: tuple[CompiledProfile, ...]
    first: tuple[CompiledRecall | CompiledKeys, ...]
    parts: CompiledQuery
    sets: tuple[tuple[int, CompiledQuery], ...]
    routines: frozenset[str]
    reach: int
    directory: bool
    bounded: bool = False

    def learn(
        self,
        connection: duckdb.DuckDBPyConnection,
        span: tuple[int, int],
        unit: int,
        memory: Memory | None = None,
    ) -> list[tuple[Key, Part]]:
        """The parts of the rows with ts in `span`, both ends included, each with its key."""
        routines.install(connection, self.routines)
        low, high = span
        bounds: Bounds = {"low": low, "high": high, "unit": unit}
        bounds["begin"] = low - self.profile.look_back
        since = dict.fromkeys(self.profile.inner, low - self.profile.look_back)
        own = {
            f"since_{self.profile.number}": low,
            f"begin_{self.profile.number}": bounds["begin"],
            f"earliest_{self.profile.number}": None,
        }
        inner = [p for p in self.profiles if p.number != self.profile.number]
        with remembering(connection, self.first, inner, since, bounds | own, memory) as known:
            if known is None:
                return []
            values = chosen(known, self.parts.parameters)
            rows = run(connection, self.parts.text, values)
            sets = [(i, run(connection, q.text, chosen(known, q.parameters))) for i, q in self.sets]
        return self._parts(rows, sets, unit)

    def _parts(
        self,
        rows: Sequence[tuple[Any, ...]],
        sets: Sequence[tuple[int, Sequence[tuple[Any, ...]]]],
        unit: int,
    ) -> list[tuple[Key, Part]]:
        width = len(self.profile.keys)
        spans = width + (3 if self.bounded else 1)
        plain = [i for i, (f, _) in enumerate(self.profile.learns) if f != "set"]
        found: dict[tuple[Any, ...], Part] = {}
        for row in rows:
            count, first, last, hours, *pieces = row[spans:]
            part = Part(
                begin=row[width], width=unit, count=count, first=first, last=last,
                hours=[(h["key"], h["value"]) for h in hours],
                pieces=[None] * len(self.profile.learns),
            )  # fmt: skip
            if self.bounded:
                part.since, part.until = row[width + 1 : spans]
            for i, piece in zip(plain, pieces, strict=True):
                part.pieces[i] = _piece(piece)
            found[row[:spans]] = part
        for i, members in sets:
            for row in members:
                value, since = row[spans:]
                part = found[row[:spans]]
                pairs = part.pieces[i]
                if isinstance(pairs, list):
                    pairs.append([value, since])
                else:
                    part.pieces[i] = [[value, since]]
        shape = Shape(tuple(f for f, _ in self.profile.learns))
        for part in found.values():
            shape.bounded(part)
        return [(row[:width], part) for row, part in found.items()]


def _piece(value: Any) -> Any:
    """A value of DuckDB as a piece: a row with its order is a list, a number has 64 bits."""
    if isinstance(value, dict):
        return list(value.values())
    if isinstance(value, int) and not isinstance(value, bool):
        return max(-_MOST, min(value, _MOST))
    return value
