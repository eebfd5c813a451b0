"""What the engine remembers of profiles, put beside a statement that recalls them.

A statement reads the rows of each profile from `$since_…` on, what lies before it comes from parts.
Where nothing is remembered the rows of the whole window are read, so the answer is the same; only
the cost differs.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final, Protocol

import pyarrow as pa

from engine.backends.duckdb.profiles.names import BUCKET, COUNT, FIRST, HOURS, LAST
from engine.store.parsed import run

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import duckdb

    from dsl.plan import LearnFunction
    from engine.profiles.part import Key, Part

Bounds = dict[str, int | None]
"""Values of the parameters of a statement."""

_ARROW: Final = {
    "VARCHAR": pa.string(), "BIGINT": pa.int64(), "BOOLEAN": pa.bool_(), "BLOB": pa.binary(),
    "DOUBLE": pa.float64(), "INTEGER": pa.int32(),
}  # fmt: skip


class Memory(Protocol):
    """What the engine remembers of profiles, by the hash of each."""

    def cut(self, profile: str, time: int, before: int) -> int | None:
        """The latest time, at most `time`, up to which all rows from `before` on are remembered in
        parts that end there or earlier; None where there is none.
        """

    def earliest(self, profile: str) -> int | None:
        """The `ts` of the earliest row that is remembered."""

    def keys(self, profile: str) -> Iterable[Key]:
        """Every key there is."""

    def parts(
        self, profile: str, keys: Iterable[Key], begin: int, end: int, at: int
    ) -> Iterator[tuple[Key, Part]]:
        """Parts of these keys that begin in [begin, end) and count for who asks at `at`."""


@dataclass(frozen=True)
class CompiledProfile:
    """A profile as a statement reads it. `number` tells it apart there; `look_back` is that of its
    source; `inner` are the numbers of profiles that its source recalls; `far`: how long before the
    slice it is asked (None: only by those that rest on it). `keys` are the DuckDB types of the key
    columns, `learns` the function of each learn with the type of one value. `owner`: the detection
    whose alerts withhold events from it, "" where none does. `frozen`: as of which time it is asked
    at the latest.
    """

    hash: str
    name: str
    owner: str
    number: int
    bucket: int
    over: int
    frozen: int | None
    events: tuple[str, ...]
    look_back: int
    keys: tuple[str, ...]
    learns: tuple[tuple[LearnFunction, str], ...]
    inner: tuple[int, ...]
    far: int | None


@dataclass(frozen=True)
class CompiledRecall:
    """A recall of a statement: `asked` gives the keys of which something must be known, which is
    registered as `remembered`; where peers are read all keys are registered as `every`. `hours`: whether
    it reads hours of the week.
    """

    profile: CompiledProfile
    learns: tuple[int, ...]
    hours: bool
    asked: str
    parameters: tuple[str, ...]
    remembered: str
    every: str | None


@dataclass(frozen=True)
class CompiledKeys:
    """Keys that are asked for before a statement and registered as `keys`, columns of the DuckDB
    types `kinds`; `needed`: without any of
    them it has no row.
    """

    asked: str
    parameters: tuple[str, ...]
    kinds: tuple[str, ...]
    keys: str
    needed: bool


@contextmanager
def remembering(
    connection: duckdb.DuckDBPyConnection,
    questions: Sequence[CompiledRecall | CompiledKeys],
    profiles: Sequence[CompiledProfile],
    first: Mapping[int, int],
    bounds: Bounds,
    memory: Memory | None,
) -> Iterator[Bounds | None]:
    """The bounds of a statement with those of its profiles, while what is remembered is registered;
    None where the questions before it say that it has no row.

    `first`: the earliest time as of which a profile may be asked, by number; `bounds` has `begin`
    for the events that are read beside profiles.
    """
    known = dict(bounds)
    since = _since(profiles, first, memory)
    for p in profiles:
        known[f"since_{p.number}"] = since[p.number]
        known[f"begin_{p.number}"] = since[p.number] - p.look_back
        known[f"earliest_{p.number}"] = memory.earliest(p.hash) if memory else None
    registered: list[str] = []
    read: dict[tuple[str, int, int], dict[Key, list[Part]]] = {}
    try:
        for recall in questions:
            if isinstance(recall, CompiledKeys):
                values = chosen(known, recall.parameters)
                rows = run(connection, recall.asked, values)
                if recall.needed and not rows:
                    yield None
                    return
                connection.register(recall.keys, _keys(recall.kinds, rows))
                registered.append(recall.keys)
                continue
            profile = recall.profile
            end = _asked_at(profile, since[profile.number])
            begin = end - end % profile.bucket - profile.over - profile.bucket
            if memory is not None and recall.every is not None:
                table = _keys(profile.keys, memory.keys(profile.hash))
            else:
                table = _keys(profile.keys, ())
            if recall.every is not None:
                connection.register(recall.every, table)
                registered.append(recall.every)
            found: Iterable[tuple[Key, Part]] = ()
            if memory is not None:
                values = chosen(known, recall.parameters)
                keys: Sequence[Key] = run(connection, recall.asked, values)
                there = read.setdefault((profile.hash, begin, end), {})
                found = _parts(memory, recall, keys, (begin, end, known["low"] or 0), there)
            connection.register(recall.remembered, _table(recall, found))
            registered.append(recall.remembered)
        yield known
    finally:
        for name in registered:
            connection.unregister(name)


def _parts(
    memory: Memory,
    recall: CompiledRecall,
    keys: Sequence[Key],
    when: tuple[int, int, int],
    read: dict[Key, list[Part]],
) -> list[tuple[Key, Part]]:
    """Parts of these keys; those that another recall of the statement has `read` are not read again."""
    missing = [k for k in keys if k not in read]
    read |= {k: [] for k in missing}
    for key, part in memory.parts(recall.profile.hash, missing, *when):
        read[key].append(part)
    return [(k, p) for k in keys for p in read[k]]


def chosen(bounds: Bounds, names: Iterable[str]) -> Bounds:
    """The values of those parameters that a statement has: DuckDB refuses others."""
    return {n: bounds[n] for n in names}


def _since(
    profiles: Sequence[CompiledProfile], first: Mapping[int, int], memory: Memory | None
) -> dict[int, int]:
    """From when on the rows of each profile are read from the events."""
    asked = dict(first)
    since: dict[int, int] = {}
    # a profile whose rows recall another one asks it as of earlier times
    for _ in profiles:
        for p in profiles:
            if p.number not in asked:
                continue
            time = _asked_at(p, asked[p.number])
            whole = time - time % p.bucket - p.over
            cut = memory.cut(p.hash, time, whole) if memory else None
            since[p.number] = whole if cut is None else max(whole, cut)
            if cut is not None and cut == p.frozen:
                # parts have it all: no event since then is asked for
                since[p.number] = asked[p.number]
            for inner in p.inner:
                earlier = since[p.number] - p.look_back
                asked[inner] = min(asked.get(inner, earlier), earlier)
    return since


def _asked_at(profile: CompiledProfile, time: int) -> int:
    return time if profile.frozen is None else min(time, profile.frozen)


def _keys(kinds: Sequence[str], keys: Iterable[Key]) -> pa.Table:
    rows = list(keys)
    names = [f"_k{i}" for i in range(len(kinds))]
    arrays = [pa.array([k[i] for k in rows], _ARROW[t]) for i, t in enumerate(kinds)]
    return pa.Table.from_arrays(arrays, names=names)


def _table(recall: CompiledRecall, found: Iterable[tuple[Key, Part]]) -> pa.Table:
    """Parts as the relation that a statement reads."""
    profile = recall.profile
    rows = list(found)
    parts = [p for _, p in rows]
    columns = _keys(profile.keys, [k for k, _ in rows])
    values = {
        BUCKET: pa.array([p.begin - p.begin % profile.bucket for p in parts], pa.int64()),
        COUNT: pa.array([p.count for p in parts], pa.int64()),
        FIRST: pa.array([p.first for p in parts], pa.int64()),
        LAST: pa.array([p.last for p in parts], pa.int64()),
        HOURS: _pairs(
            [p.hours if recall.hours else None for p in parts],
            (("key", pa.int64()), ("value", pa.uint64())),
        ),
    }
    for i in recall.learns:
        values[f"_p{i}"] = _pieces(*profile.learns[i], [p.pieces[i] for p in parts])
    for name, array in values.items():
        columns = columns.append_column(name, array)
    return columns


def _pieces(function: LearnFunction, kind: str, pieces: list[object]) -> pa.Array:
    """The pieces of one learn as a column."""
    one = _ARROW[kind]
    match function:
        case "count":
            return pa.array(pieces, pa.int64())
        case "count_distinct":
            return pa.array(pieces, pa.list_(pa.uint64()))
        case "values":
            return pa.array(pieces, pa.list_(one))
        case "first" | "last":
            kind_ = pa.struct([("ts", pa.int64()), ("tie", pa.int64()), ("v", one)])
            return pa.array([_fields(("ts", "tie", "v"), p) for p in pieces], kind_)
        case "set":
            return _pairs(
                [None if p is None else _list(p) for p in pieces],
                (("v", one), ("since", pa.int64())),
            )
        case _:
            return pa.array(pieces, one)


def _pairs(
    lists: Sequence[Sequence[Any] | None], fields: tuple[tuple[str, pa.DataType], ...]
) -> pa.Array:
    """Lists of pairs, or null, as a column. Made of flat arrays: a dictionary for each pair takes four times as long."""
    ends = [0, *accumulate(len(of or ()) for of in lists)]
    offsets = [None if of is None else begin for of, begin in zip(lists, ends, strict=False)]
    pairs = [pair for of in lists if of for pair in of]
    columns = [pa.array([pair[i] for pair in pairs], kind) for i, (_, kind) in enumerate(fields)]
    values = pa.StructArray.from_arrays(columns, names=[name for name, _ in fields])
    return pa.ListArray.from_arrays(pa.array([*offsets, ends[-1]], pa.int32()), values)


def _fields(names: Sequence[str], values: object) -> dict[str, object] | None:
    return None if values is None else dict(zip(names, _list(values), strict=True))


def _list(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else []
