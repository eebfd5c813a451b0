"""Rows to be learnt, their sums by bucket, and what the closed buckets before a row say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from engine.backends.duckdb.profiles import functions
from engine.backends.duckdb.profiles.names import (
    BUCKET,
    HOUR,
    bucket_of,
    hour_of,
    keys,
    same,
    whole,
)
from engine.backends.duckdb.scope import Scope
from engine.backends.duckdb.terms import (
    array,
    binary,
    call,
    cast,
    column,
    filtered,
    minus,
    named,
    not_null,
    number,
    read,
    select,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dsl import plan
    from engine.backends.duckdb.nodes import Lowering
    from engine.backends.duckdb.relation import Relation

COUNT: Final = "_n"
FIRST: Final = "_first"
LAST: Final = "_last"
HOURS: Final = "_hours"
CLOSED: Final = "_closed"
"""How many closed buckets the statistics of a key rest on."""


@dataclass(frozen=True)
class Learnt:
    """The rows of a profile: relation `rows` with the keys, `ts`, `tie`, `_b`, `_hour` and an input
    `_x0`, `_x1`, … for each learn.
    """

    profile: plan.Profile
    source: Relation
    rows: str

    @property
    def keys(self) -> list[str]:
        return keys(len(self.profile.keys))

    def position(self, name: str) -> int:
        """The position of a learn by its name."""
        return next(i for i, learn in enumerate(self.profile.learns) if learn.name == name)


def lower_learnt(lowering: Lowering, profile: plan.Profile, wanted: str) -> Learnt:
    """The rows of a profile with non-null keys and what they bring to each learn."""
    source = lowering.node(profile.source, f"{wanted}.source")
    scope = Scope(domain=source.domain)
    inputs = [
        named(functions.input_of(learn, scope), f"_x{i}") for i, learn in enumerate(profile.learns)
    ]
    query = select(
        *(named(column(k), n) for k, n in zip(profile.keys, keys(len(profile.keys)), strict=True)),
        column("ts"),
        column("tie"),
        named(bucket_of(column("ts"), profile.bucket), BUCKET),
        named(hour_of(column("ts")), HOUR),
        *inputs,
        source=read(source.name),
    ).where(*(not_null(column(k)) for k in profile.keys))
    rows = lowering.add(f"{wanted}.learnt", scope.attach(query))
    return Learnt(profile, source, rows)


def sum_up(lowering: Lowering, learnt: Learnt, learns: Iterable[int], wanted: str) -> str:
    """A relation of parts: one row for each key and bucket."""
    own = [column(k) for k in (*learnt.keys, BUCKET)]
    parts = [
        named(functions.part(learnt.profile.learns[i], f"_x{i}"), f"_p{i}")
        for i in learns
        if learnt.profile.learns[i].function != "set"
    ]
    query = select(
        *own,
        named(exp.Count(this=exp.Star()), COUNT),
        named(call("min", column("ts")), FIRST),
        named(call("max", column("ts")), LAST),
        named(call("histogram", column(HOUR)), HOURS),
        *parts,
        source=read(learnt.rows),
    ).group_by(*(c.copy() for c in own))
    return lowering.add(f"{wanted}.parts", query)


def close(lowering: Lowering, learnt: Learnt, asked: str, learns: list[int], wanted: str) -> str:
    """What the closed buckets of the window say to each key and bucket of `asked`: counts, times,
    merged parts `_p…`, and for statistics the values of the buckets, `_v…`.
    """
    profile = learnt.profile
    plain = [i for i in learns if profile.learns[i].function != "set"]
    parts = sum_up(lowering, learnt, plain, wanted)
    bucket = column(BUCKET, "a")
    on = same(learnt.keys, "a", "r")
    inside = [
        binary(exp.LT, column(BUCKET), bucket),
        binary(exp.GTE, column(BUCKET), minus(bucket.copy(), number(profile.over))),
    ]
    buckets = lowering.add(
        f"{wanted}.buckets",
        select(
            *(column(k, "a") for k in learnt.keys),
            named(bucket.copy(), BUCKET),
            named(column(BUCKET), "_of"),
            *(column(c) for c in (COUNT, FIRST, LAST, HOURS, *(f"_p{i}" for i in plain))),
            source=read(asked, "a"),
        )
        .join(read(parts), on=on)
        .where(*inside),
    )
    own = [column(k) for k in (*learnt.keys, BUCKET)]
    first = call("min", column(FIRST))
    count = whole(
        exp.Paren(this=minus(column(BUCKET), bucket_of(first, profile.bucket))), profile.bucket
    )
    hours = call("list", call("map_entries", column(HOURS)))
    return lowering.add(
        f"{wanted}.closed",
        select(
            *own,
            named(call("sum", column(COUNT)), COUNT),
            named(first.copy(), FIRST),
            named(call("max", column(LAST)), LAST),
            named(count, CLOSED),
            named(call("flatten", hours), HOURS),
            *(named(functions.merged(profile.learns[i], f"_p{i}"), f"_p{i}") for i in plain),
            *(named(_values(profile.learns[i], i, count), f"_v{i}") for i in plain),
            source=read(buckets),
        ).group_by(*(c.copy() for c in own)),
    )


def _values(learn: plan.Learn, position: int, count: exp.Expr) -> exp.Expr:
    """The values that the statistics of a learn rest on, as a list of DOUBLE or of their type."""
    merged = column(f"_p{position}")
    if learn.function == "values":
        return functions.merged(learn, f"_p{position}")
    value = functions.bucket_value(learn, merged)
    element = functions.value_type(learn)
    values = call(
        "coalesce",
        filtered(call("list", cast(value, element)), not_null(value.copy())),
        array([], element),
    )
    if learn.function not in functions.ZERO_FILLED:
        return values
    missing = exp.Paren(this=minus(count.copy(), call("len", values.copy())))
    zeros = call("list_resize", array([], element), missing, number(0))
    return call("list_concat", values, zeros)
