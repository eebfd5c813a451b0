"""The rows of a profile: what each brings, and their sums (parts) by key and bucket.

Where the engine remembers sums of earlier rows, only the rows from `$since_…` on are read from the
events, and the sums are read beside them: a relation of parts, registered when the statement runs.
Rows that are withheld are left out, but where a profile learns: there they are summed up by the times
between which they do not count.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import exp

from engine.backends.duckdb.profiles import functions, withheld
from engine.backends.duckdb.profiles.names import (
    BUCKET,
    COUNT,
    FIRST,
    FROM,
    HOUR,
    HOURS,
    LAST,
    TO,
    bucket_of,
    hour_of,
    keys,
)
from engine.backends.duckdb.relation import LINEAGE
from engine.backends.duckdb.scope import Scope
from engine.backends.duckdb.terms import (
    binary,
    call,
    cast,
    column,
    named,
    not_null,
    number,
    read,
    select,
    star,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dsl import plan
    from engine.backends.duckdb.nodes import Lowering
    from engine.backends.duckdb.relation import Relation


@dataclass(frozen=True)
class Learnt:
    """The rows of a profile: relation `rows` with the keys, `ts`, `tie`, `_b`, `_hour` and an
    input `_x0`, `_x1`, … for each learn; where the profile learns, also the bounds of what is
    withheld, `bounded`. `number` tells profiles of one statement apart: one that is asked by rows of
    several spans of time is several. `far`: how long before the slice it may be asked; None: as far
    as a profile that rests on it reads.
    """

    profile: plan.Profile
    name: str
    shared: bool
    source: Relation
    rows: str
    number: int
    far: int | None
    bounded: bool = False

    @property
    def keys(self) -> list[str]:
        return keys(len(self.profile.keys))

    @property
    def earliest(self) -> exp.Expr:
        """The `ts` of the earliest row that is only remembered, or null."""
        return cast(exp.Parameter(this=exp.Var(this=f"earliest_{self.number}")), "BIGINT")

    def position(self, name: str) -> int:
        """The position of a learn by its name."""
        return next(i for i, learn in enumerate(self.profile.learns) if learn.name == name)


def since(profile: int) -> exp.Expr:
    """From when on the rows of a profile are read from the events, by its number: bound when a
    statement runs.
    """
    return exp.Parameter(this=exp.Var(this=f"since_{profile}"))


def begin_of(number: int) -> exp.Expr:
    """From when on the events are read that the rows of a profile rest on: bound likewise."""
    return exp.Parameter(this=exp.Var(this=f"begin_{number}"))


def lower_learnt(
    lowering: Lowering,
    profile: plan.Profile,
    name: str,
    at: int,
    far: int | None,
    *,
    shared: bool,
    owner: str,
) -> Learnt:
    """The rows of a profile with non-null keys and what they bring to each learn; `at` is its
    number. What is behind alerts of the detection `owner` is withheld; "": nothing is.
    """
    source = lowering.node(profile.source, f"{name}.source")
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
    ).where(*(not_null(column(k)) for k in profile.keys), binary(exp.GTE, column("ts"), since(at)))
    if profile.frozen is not None and not lowering.learning:
        query = query.where(binary(exp.LT, column("ts"), number(profile.frozen)))
    ids = withheld.events_of(source.lineage, column(LINEAGE)) if owner else []
    bounded = bool(ids) and lowering.learning
    if ids:
        query = withheld.joined(query, ids, owner)
        begin, end = withheld.bounds(len(ids))
        if bounded:
            query = query.select(named(begin, FROM), named(end, TO), copy=False)
        else:
            learnt = binary(exp.LT, column("ts"), withheld.LEARNT)
            query = query.where(learnt, withheld.counts(begin, end))
    rows = lowering.add(f"{name}.learnt", scope.attach(query))
    return Learnt(profile, name, shared, source, rows, at, far, bounded)


def spanned(learnt: Learnt, span: exp.Expr) -> list[tuple[exp.Expr, str]]:
    """By what rows are summed up beside the keys: their span of time, and where the profile learns
    the bounds of what is withheld.
    """
    groups = [(span, BUCKET)]
    if learnt.bounded:
        groups += [(call("coalesce", column(name), number(0)), name) for name in (FROM, TO)]
    return groups


def summed(learnt: Learnt, learns: Sequence[int], bucket: exp.Expr) -> exp.Select:
    """Parts of the rows by key and span of time; `bucket` is the begin of a row's span."""
    spans = spanned(learnt, bucket)
    groups = [*map(column, learnt.keys), *(named(value, name) for value, name in spans)]
    parts = [named(functions.part(learnt.profile.learns[i], f"_x{i}"), f"_p{i}") for i in learns]
    query = select(
        *groups,
        named(exp.Count(this=exp.Star()), COUNT),
        named(call("min", column("ts")), FIRST),
        named(call("max", column("ts")), LAST),
        named(call("map_entries", call("histogram", column(HOUR))), HOURS),
        *parts,
        source=read(learnt.rows),
    )
    return query.group_by(*map(column, learnt.keys), *(value.copy() for value, _ in spans))


def with_remembered(learnt: Learnt, learns: Sequence[int], remembered: str) -> exp.Query:
    """Parts by key and bucket, also those that are only remembered: several of one bucket."""
    computed = select(star(), source=exp.Subquery(
        this=summed(learnt, learns, column(BUCKET)),
        alias=exp.TableAlias(this=exp.to_identifier("r", quoted=True)),
    ))  # fmt: skip
    columns = [*learnt.keys, BUCKET]
    kept = select(
        *map(column, columns),
        *map(column, (COUNT, FIRST, LAST, HOURS)),
        *(column(f"_p{i}") for i in learns),
        source=read(remembered),
    )
    return computed.union(kept, distinct=False, copy=False)


def merged(learnt: Learnt, learns: Sequence[int]) -> list[exp.Expr]:
    """Parts of a group as one."""
    return [
        named(call("sum", column(COUNT)), COUNT),
        named(call("min", column(FIRST)), FIRST),
        named(call("max", column(LAST)), LAST),
        named(call("flatten", call("list", column(HOURS))), HOURS),
        *(named(functions.merged(learnt.profile.learns[i], f"_p{i}"), f"_p{i}") for i in learns),
    ]
