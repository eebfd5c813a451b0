"""What closed days teach: a table a day, and those of a window put together for a trainer.

A lesson of `access_anomaly` is the pairs of (actor, resource) that were met that day, in the order
in which they were first met; a resource is written `<position of its column> <value>`. A lesson of
`outlier` is a sample for each key (x0, x1, …), the greatest of each number. Knows no SQL.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Mapping

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]

GROWTH: Final = 20
"""A day teaches an actor at most so many values of a column that no earlier day of the window has."""
MOST_NAMES: Final = 200_000
"""Actors, and resources, of a model: those met on most days. Bounds memory and files."""
MOST_ROWS: Final = 2_000_000
"""Rows of a lesson: the earliest pairs, or the samples of the first keys by name."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Who met what: names in order; by pair the numbers of its names and the days of the window."""

    actors: tuple[str, ...]
    resources: tuple[str, ...]
    actor: Numbers
    resource: Numbers
    days: Floats


def pairs_of(lessons: Mapping[int, pa.Table]) -> Pairs:
    """The pairs that the days of a window taught, with the growth of each actor held down."""
    tables = [lessons[day] for day in sorted(lessons)]
    actors, actor = _numbered([t.column("actor") for t in tables])
    resources, resource = _numbered([t.column("resource") for t in tables])
    column_of = np.array([int(r.partition(" ")[0]) for r in resources], dtype=np.int64)
    ends = np.cumsum([0, *(len(t) for t in tables)])
    known = np.empty(0, dtype=np.int64)
    learned = []
    for begin, end in pairwise(ends):
        keys = actor[begin:end] * len(resources) + resource[begin:end]
        fresh = ~np.isin(keys, known)
        columns = column_of[resource[begin:end]]
        keys = keys[~fresh | (fresh & (_rank(actor[begin:end], columns, fresh) < GROWTH))]
        known = np.union1d(known, keys)
        learned.append(keys)
    keys, days = np.unique(np.concatenate([known[:0], *learned]), return_counts=True)
    size = max(1, len(resources))
    return _bounded(Pairs(actors, resources, keys // size, keys % size, days.astype(np.float64)))


def samples_of(lessons: Mapping[int, pa.Table], columns: int) -> Floats:
    """The samples of all days of a window, one below the other."""
    names = [f"x{i}" for i in range(columns)]
    parts = [
        np.stack([lessons[day].column(n).to_numpy() for n in names], axis=1)
        for day in sorted(lessons)
    ]
    return np.concatenate([np.empty((0, columns)), *parts]).astype(np.float64)


def _numbered(columns: list[pa.ChunkedArray]) -> tuple[tuple[str, ...], Numbers]:
    """The names in order, and the number of each."""
    chunks = [c.cast(pa.large_string()) for column in columns for c in column.chunks]
    coded = pa.concat_arrays([pa.array([], pa.large_string()), *chunks]).dictionary_encode()
    order = pc.sort_indices(coded.dictionary).to_numpy()
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    names = tuple(str(n) for n in coded.dictionary.take(order).to_pylist())
    return names, rank[coded.indices.to_numpy()]


def _rank(actor: Numbers, column: Numbers, among: NDArray[np.bool_]) -> Numbers:
    """Of the rows `among` the place within their actor and column, in the order of the rows."""
    places = np.flatnonzero(among)
    order = places[np.lexsort((places, column[places], actor[places]))]
    starts = np.flatnonzero(
        np.r_[True, (np.diff(actor[order]) != 0) | (np.diff(column[order]) != 0)][: len(order)]
    )
    sizes = np.diff(np.r_[starts, len(order)])
    rank = np.zeros(len(actor), dtype=np.int64)
    rank[order] = np.arange(len(order)) - np.repeat(starts, sizes)
    return rank


def _bounded(pairs: Pairs) -> Pairs:
    """Without the names beyond the most that a model holds."""
    actors, actor = _most(pairs.actors, pairs.actor, pairs.days)
    resources, resource = _most(pairs.resources, pairs.resource, pairs.days)
    kept = (actor >= 0) & (resource >= 0)
    return Pairs(actors, resources, actor[kept], resource[kept], pairs.days[kept])


def _most(
    names: tuple[str, ...], numbers: Numbers, days: Floats
) -> tuple[tuple[str, ...], Numbers]:
    """The names met on most days, and by pair their new numbers, -1 for those that are left out."""
    total = np.bincount(numbers, weights=days, minlength=len(names))
    chosen = np.sort(np.lexsort((np.arange(len(names)), -total))[:MOST_NAMES])
    chosen = chosen[total[chosen] > 0]
    again = np.full(len(names), -1, dtype=np.int64)
    again[chosen] = np.arange(len(chosen))
    return tuple(names[i] for i in chosen), again[numbers]
