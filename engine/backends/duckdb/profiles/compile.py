"""Profiles of a detection compiled: what statements recall of them, and how they learn."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from sqlglot import exp

from dsl import plan
from dsl.check.look_back import look_back
from engine.backends.duckdb.keyed import AskedFirst
from engine.backends.duckdb.nodes import BEGIN, HIGH, LOW, Lowering
from engine.backends.duckdb.profiles.learning import CompiledLearning, CompiledQuery
from engine.backends.duckdb.profiles.learnt import summed
from engine.backends.duckdb.profiles.names import BUCKET
from engine.backends.duckdb.profiles.remembered import CompiledKeys, CompiledProfile, CompiledRecall
from engine.backends.duckdb.profiles.sets import SINCE, VALUE, each_of
from engine.backends.duckdb.reading import Definitions
from engine.backends.duckdb.routines import NAMES
from engine.backends.duckdb.terms import (
    DIALECT,
    binary,
    call,
    column,
    minus,
    named,
    not_null,
    read,
    select,
    storage,
)

if TYPE_CHECKING:
    from engine.backends.duckdb.profiles.learnt import Learnt


def own_look_back(definitions: Definitions, node: plan.Node) -> int:
    """How far before a row events lie that change it, not counting those that profiles learnt."""
    relations = dict(definitions.shared) | dict(definitions.local)
    plain = {n: _unlearnt(below) for n, below in relations.items()}
    return look_back(_unlearnt(node), plain)


def _unlearnt(node: plan.Node) -> plan.Node:
    return replace(node, bucket=0, over=0) if isinstance(node, plan.Profile) else node


def begin_of(definitions: Definitions, alert: plan.AlertPlan) -> exp.Expr:
    """From when on an alert's statement reads events."""
    if recalls(definitions, alert.source):
        return BEGIN
    return minus(LOW.copy(), exp.Literal.number(alert.look_back)) if alert.look_back else LOW


def recalls(definitions: Definitions, node: plan.Node) -> bool:
    """Whether a node rests on a profile."""
    walked = definitions.walked(node)
    return any(_asked(definitions, n, shared=inside) is not None for inside, n in walked)


def _asked(definitions: Definitions, node: plan.Node, *, shared: bool) -> plan.Ref | None:
    """The profile that a node recalls, if it does; a model is none."""
    if not isinstance(node, plan.Recall):
        return None
    _, below = definitions.find(node.profile.name, shared=shared)
    return node.profile if isinstance(below, plan.Profile) else None


def query_of(query: exp.Query) -> CompiledQuery:
    """A statement as text, with the names of its parameters."""
    found = {p.name for p in query.find_all(exp.Parameter)}
    return CompiledQuery(query.sql(dialect=DIALECT, copy=False), tuple(sorted(found)))


def compile_first(
    lowering: Lowering,
) -> tuple[tuple[CompiledProfile, ...], tuple[CompiledRecall | CompiledKeys, ...]]:
    """The profiles of a lowered statement by number, and what is asked before it, in order."""
    compiled = {
        id(learnt): _profile(lowering, learnt)
        for learnt in sorted(lowering.profiles.values(), key=lambda p: p.number)
    }
    made: list[CompiledRecall | CompiledKeys] = []
    for recalled in lowering.first:
        if isinstance(recalled, AskedFirst):
            columns = (column(f"_k{i}") for i in range(len(recalled.kinds)))
            keys = select(*columns, source=read(recalled.rows))
            asked = query_of(lowering.statement.finish(keys))
            made.append(
                CompiledKeys(
                    asked.text, asked.parameters, recalled.kinds, recalled.keys, recalled.needed
                )
            )
            continue
        keys = select(*map(column, recalled.learnt.keys), source=read(recalled.asked)).distinct()
        asked = query_of(lowering.statement.finish(keys))
        made.append(
            CompiledRecall(
                compiled[id(recalled.learnt)],
                recalled.learns,
                asked.text,
                asked.parameters,
                recalled.remembered,
                recalled.every,
            )
        )
    return tuple(compiled.values()), tuple(made)


def compile_learnings(detection: plan.DetectionPlan) -> tuple[CompiledLearning, ...]:
    """How the profiles of a detection learn."""
    definitions = Definitions(dict(detection.relations), dict(detection.shared))
    found: dict[tuple[bool, str], plan.Ref] = {}
    for alert in detection.alerts:
        for inside, node in definitions.walked(alert.source):
            asked = _asked(definitions, node, shared=inside)
            if asked is not None:
                shared, _ = definitions.find(asked.name, shared=inside)
                found[shared, asked.name] = asked
    # a recall below another is asked as of times that lie before those of the statement
    sources = [alert.source for alert in detection.alerts] + list(found.values())
    reach = sum(own_look_back(definitions, node) for node in sources)
    return tuple(
        _learning(definitions, ref, reach, shared=shared) for (shared, _), ref in found.items()
    )


def _learning(
    definitions: Definitions, ref: plan.Ref, reach: int, *, shared: bool
) -> CompiledLearning:
    columns = definitions.columns_below(ref, shared=shared)
    lowering = Lowering(definitions, BEGIN, columns, inside_shared=shared)
    learnt = lowering.learnt(ref)
    learns = learnt.profile.learns
    unit = exp.Parameter(this=exp.Var(this="unit"))
    span = minus(column("ts"), binary(exp.Mod, column("ts"), unit))
    wanted = [binary(exp.LTE, column("ts"), HIGH.copy())]
    plain = [i for i, learn in enumerate(learns) if learn.function != "set"]
    rows = lowering.add("parts", summed(learnt, plain, span).where(*wanted))
    outer = select(
        *map(column, (*learnt.keys, BUCKET, "_n", "_first", "_last", "_hours")),
        *(column(f"_p{i}") for i in plain),
        source=read(rows),
    )
    query = lowering.statement.finish(outer)
    directory = any(table.name.startswith("dir_") for table in query.find_all(exp.Table))
    parts = query_of(query)
    sets = []
    for i, learn in enumerate(learns):
        if learn.function != "set":
            continue
        each = select(
            *map(column, learnt.keys),
            named(span.copy(), BUCKET),
            named(each_of(learnt, i), VALUE),
            named(column("ts"), SINCE),
            source=read(learnt.rows),
        ).where(*(w.copy() for w in wanted))
        values = lowering.add(f"values.{i}", each)
        groups = [column(c) for c in (*learnt.keys, BUCKET, VALUE)]
        earliest = select(
            *groups, named(call("min", column(SINCE)), SINCE), source=read(values)
        ).where(not_null(column(VALUE)))
        final = earliest.group_by(*(g.copy() for g in groups))
        sets.append((i, query_of(lowering.statement.finish(final))))
    profiles, first = compile_first(lowering)
    own = next(p for p in profiles if p.number == learnt.number)
    texts = [parts.text, *(q.text for _, q in sets), *(f.asked for f in first)]
    called = frozenset(n for n in NAMES if any(n in t.lower() for t in texts))
    return CompiledLearning(own, profiles, first, parts, tuple(sets), called, reach, directory)


def _profile(lowering: Lowering, learnt: Learnt) -> CompiledProfile:
    definitions, profile = lowering.definitions, learnt.profile
    reached = list(definitions.reached(profile.source, shared=learnt.shared))
    inner = {n.profile.name for n in reached if isinstance(n, plan.Recall)}
    numbers = [p.number for p in lowering.profiles.values() if p.name in inner]
    kinds = dict(learnt.source.columns)
    return CompiledProfile(
        hash=_hash(definitions, learnt, reached),
        name=learnt.name,
        number=learnt.number,
        bucket=profile.bucket,
        over=profile.over,
        events=tuple(definitions.events(profile.source, shared=learnt.shared)),
        look_back=own_look_back(definitions, profile.source),
        keys=tuple(storage(kinds[k]) for k in profile.keys),
        learns=tuple(
            (learn.function, storage(learn.type).removesuffix("[]")) for learn in profile.learns
        ),
        inner=tuple(sorted(numbers)),
    )


def _hash(definitions: Definitions, learnt: Learnt, reached: list[plan.Node]) -> str:
    """What tells the profile from any other that learns something else."""
    learned = replace(learnt.profile, ready=None, peers=None)
    named_ = sorted({n.name for n in reached if isinstance(n, plan.Ref)})
    below = [definitions.find(n, shared=learnt.shared) for n in named_]
    told = repr((learned, list(zip(named_, below, strict=True))))
    return hashlib.sha256(told.encode()).hexdigest()[:32]
