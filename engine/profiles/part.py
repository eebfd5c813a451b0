"""Parts: what a profile keeps of one key in one span of time, and how parts become one.

A part has the count, times and hours of the rows, and for each learn what `dsl.plan` needs of them:
a number, a row's value with its order, a list. Parts merge in any order and grouping, so minutes
become hours and hours buckets without a look at the rows. Lists are bounded: a hostile key must not
fill the disk. Pure; knows no database.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dsl.plan import LearnFunction

Key = tuple[str | int | float | bool | bytes, ...]
"""Values of the key columns as the store has them: addresses as 16 bytes."""
Scalar = str | int | float | bool | bytes
Piece = Scalar | list[object] | None
"""What a part has of one learn, by its function: count, sum, min, max a value; first and last [ts,
tie, value]; count_distinct a list of hashes; values a list; set a list of [value, first ts]."""

MOST_VALUES: Final = 1_000
MOST_DISTINCT: Final = 10_000
"""Values of `set` and `values`, hashes of `count_distinct` that one part holds."""


class Part(msgspec.Struct, array_like=True, gc=False):
    """Rows of one key in [begin, begin + width): microseconds. `hours`: hour of the week -> rows.
    `cut`: values that found no room. They count for none who ask in [since, until).
    """

    begin: int
    width: int
    count: int
    first: int
    last: int
    hours: list[tuple[int, int]]
    pieces: list[Any]
    cut: int = 0
    since: int = 0
    until: int = 0

    def counts(self, at: int) -> bool:
        """Whether the rows count for who asks at that time."""
        return not self.since <= at < self.until


@dataclass(frozen=True, slots=True)
class Shape:
    """The functions of a profile's learns, in order."""

    functions: tuple[LearnFunction, ...]

    def bounded(self, part: Part) -> Part:
        """The part with its lists cut to what they may hold."""
        for i, function in enumerate(self.functions):
            piece = part.pieces[i]
            if isinstance(piece, list) and function in _KEPT:
                kept = _KEPT[function](piece)
                part.cut += len(piece) - len(kept)
                part.pieces[i] = kept
        return part

    def merged(self, parts: Sequence[Part], begin: int, width: int) -> Part:
        """Parts of one key that count alike as the part of [begin, begin + width)."""
        hours: Counter[int] = Counter()
        for part in parts:
            for hour, count in part.hours:
                hours[hour] += count
        pieces = [
            _merged(function, [p.pieces[i] for p in parts if p.pieces[i] is not None])
            for i, function in enumerate(self.functions)
        ]
        whole = Part(
            begin=begin,
            width=width,
            count=sum(p.count for p in parts),
            first=min(p.first for p in parts),
            last=max(p.last for p in parts),
            hours=sorted(hours.items()),
            pieces=pieces,
            cut=sum(p.cut for p in parts),
            since=parts[0].since,
            until=parts[0].until,
        )
        return self.bounded(whole)


def _merged(function: LearnFunction, pieces: list[Piece]) -> Piece:
    """The pieces of one learn as one; none of them is null."""
    if not pieces:
        return 0 if function == "count" else None
    return _MERGE[function](pieces)


def _total(pieces: list[Piece]) -> Piece:
    return sum(pieces)  # type: ignore[arg-type]  # numbers, by the function


def _least(pieces: list[Piece]) -> Piece:
    return min(pieces)  # type: ignore[type-var]  # of one kind, by the learn


def _greatest(pieces: list[Piece]) -> Piece:
    return max(pieces)  # type: ignore[type-var]


def _hashes(pieces: list[Piece]) -> Piece:
    return sorted({h for piece in pieces for h in _items(piece)})  # type: ignore[type-var]


def _all(pieces: list[Piece]) -> Piece:
    return [v for piece in pieces for v in _items(piece)]


def _earliest(pieces: list[Piece]) -> Piece:
    """Values of a set with the earliest time of each."""
    known: dict[object, int] = {}
    for piece in pieces:
        for pair in _items(piece):
            value, since = pair  # type: ignore[misc]  # [value, first ts]
            known[value] = min(since, known.get(value, since))  # type: ignore[has-type]
    return [[value, since] for value, since in known.items()]


def _items(piece: Piece) -> list[object]:
    return piece if isinstance(piece, list) else []


def _first_known(pairs: list[object]) -> list[object]:
    """The values that came first; of equal times in the order of values."""
    return sorted(pairs, key=lambda p: (p[1], p[0]))[:MOST_VALUES]  # type: ignore[index]


def _evenly(values: list[object]) -> list[object]:
    """As many values as fit, evenly out of the sorted ones: their quantiles stay."""
    if len(values) <= MOST_VALUES:
        return values
    rising = sorted(values)  # type: ignore[type-var]
    step = (len(rising) - 1) / (MOST_VALUES - 1)
    return [rising[round(i * step)] for i in range(MOST_VALUES)]


_MERGE: Final[dict[LearnFunction, Callable[[list[Piece]], Piece]]] = {
    "count": _total, "sum": _total, "min": _least, "max": _greatest, "first": _least,
    "last": _greatest, "count_distinct": _hashes, "values": _all, "set": _earliest,
}  # fmt: skip
_KEPT: Final[dict[LearnFunction, Callable[[list[object]], list[object]]]] = {
    "count_distinct": lambda hashes: hashes[:MOST_DISTINCT],
    "values": _evenly,
    "set": _first_known,
}
