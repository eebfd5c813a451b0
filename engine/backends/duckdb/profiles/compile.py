"""Profiles of a detection compiled: what statements recall of them, and how they learn."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlglot import exp

from dsl import plan
from dsl.check.look_back import look_back
from engine.backends.duckdb.keyed import AskedFirst
from engine.backends.duckdb.nodes import BEGIN, HIGH, LOW, Lowering
from engine.backends.duckdb.profiles.learning import CompiledLearning, CompiledQuery
from engine.backends.duckdb.profiles.learnt import spanned, summed
from engine.backends.duckdb.profiles.remembered import CompiledKeys, CompiledProfile, CompiledRecall
from engine.backends.duckdb.profiles.sets import SINCE, VALUE, each_of
from engine.backends.duckdb.reading import Definitions
from engine.backends.duckdb.routines import called
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
    from collections.abc import Iterable

    from engine.backends.duckdb.profiles.learnt import Learnt

Protected = frozenset[tuple[bool, str]]


@dataclass(frozen=True)
class Protection:
    """Events of the types `events` that are behind an alert's row are withheld from the end of its
    `unit` (microseconds) on; `over`: the longest window of a profile.
    """

    unit: int
    over: int
    events: tuple[str, ...]


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


def protected(definitions: Definitions, alerts: Iterable[plan.AlertPlan]) -> Protected:
    """The profiles of a detection that learn nothing from the events behind its alerts, by whether
    they are shared and their names: all but those that the rows of another profile asked, for what
    these were told then is not told again.
    """
    asked: set[tuple[bool, str]] = set()
    inner: set[tuple[bool, str]] = set()
    for alert in alerts:
        for inside, node in definitions.walked(alert.source):
            found = _asked(definitions, node, shared=inside)
            if found is None:
                continue
            shared, profile = definitions.find(found.name, shared=inside)
            asked.add((shared, found.name))
            for deeper, below in definitions.walked(profile, shared=shared):
                other = _asked(definitions, below, shared=deeper)
                if other is not None:
                    inner.add((definitions.find(other.name, shared=deeper)[0], other.name))
    return frozenset(asked - inner)


def protection(definitions: Definitions, detection: plan.DetectionPlan) -> Protection | None:
    """What is withheld from the profiles of a detection; None where it has none."""
    known = protected(definitions, detection.alerts)
    nodes = [(shared, definitions.find(name, shared=shared)[1]) for shared, name in known]
    profiles = [(shared, node) for shared, node in nodes if isinstance(node, plan.Profile)]
    if not profiles:
        return None
    events = {e for shared, p in profiles for e in definitions.events(p.source, shared=shared)}
    return Protection(
        min(p.bucket for _, p in profiles), max(p.over for _, p in profiles), tuple(sorted(events))
    )


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
                any(r.what == "hour_share" for r in recalled.node.reads),
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
    known = protected(definitions, detection.alerts)
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
        _learning(
            definitions, ref, reach, shared=shared,
            owner=detection.id if (shared, name) in known else "",
        )
        for (shared, name), ref in found.items()
    )  # fmt: skip


def _learning(
    definitions: Definitions, ref: plan.Ref, reach: int, *, shared: bool, owner: str
) -> CompiledLearning:
    columns = definitions.columns_below(ref, shared=shared)
    lowering = Lowering(
        definitions, BEGIN, columns, inside_shared=shared, learning=True, withholding=owner,
        protected=frozenset({(shared, ref.name)} if owner else ()),
    )  # fmt: skip
    learnt = lowering.learnt(ref)
    learns = learnt.profile.learns
    unit = exp.Parameter(this=exp.Var(this="unit"))
    span = minus(column("ts"), binary(exp.Mod, column("ts"), unit))
    wanted = [binary(exp.LTE, column("ts"), HIGH.copy())]
    plain = [i for i, learn in enumerate(learns) if learn.function != "set"]
    rows = lowering.add("parts", summed(learnt, plain, span).where(*wanted))
    within = [name for _, name in spanned(learnt, span)]
    outer = select(
        *map(column, (*learnt.keys, *within, "_n", "_first", "_last", "_hours")),
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
            *(named(value.copy(), name) for value, name in spanned(learnt, span)),
            named(each_of(learnt, i), VALUE),
            named(column("ts"), SINCE),
            source=read(learnt.rows),
        ).where(*(w.copy() for w in wanted))
        values = lowering.add(f"values.{i}", each)
        groups = [column(c) for c in (*learnt.keys, *within, VALUE)]
        earliest = select(
            *groups, named(call("min", column(SINCE)), SINCE), source=read(values)
        ).where(not_null(column(VALUE)))
        final = earliest.group_by(*(g.copy() for g in groups))
        sets.append((i, query_of(lowering.statement.finish(final))))
    profiles, first = compile_first(lowering)
    own = next(p for p in profiles if p.number == learnt.number)
    texts = [parts.text, *(q.text for _, q in sets), *(f.asked for f in first)]
    return CompiledLearning(
        own, profiles, first, parts, tuple(sets), called(*texts), reach, directory, learnt.bounded
    )


def _profile(lowering: Lowering, learnt: Learnt) -> CompiledProfile:
    definitions, profile = lowering.definitions, learnt.profile
    owner = lowering.withholding if (learnt.shared, learnt.name) in lowering.protected else ""
    reached = list(definitions.reached(profile.source, shared=learnt.shared))
    inner = {n.profile.name for n in reached if isinstance(n, plan.Recall)}
    numbers = [p.number for p in lowering.profiles.values() if p.name in inner and p.far is None]
    kinds = dict(learnt.source.columns)
    return CompiledProfile(
        hash=_hash(definitions, learnt, reached, owner),
        name=learnt.name,
        owner=owner,
        number=learnt.number,
        bucket=profile.bucket,
        over=profile.over,
        frozen=profile.frozen,
        events=tuple(definitions.events(profile.source, shared=learnt.shared)),
        look_back=own_look_back(definitions, profile.source),
        keys=tuple(storage(kinds[k]) for k in profile.keys),
        learns=tuple(
            (learn.function, storage(learn.type).removesuffix("[]")) for learn in profile.learns
        ),
        inner=tuple(sorted(numbers)),
        far=learnt.far,
    )


def _hash(definitions: Definitions, learnt: Learnt, reached: list[plan.Node], owner: str) -> str:
    """What tells the profile from any other that learns something else; what is withheld is so for
    one detection.
    """
    learned = replace(learnt.profile, ready=None, peers=None, frozen=None)
    named_ = sorted({n.name for n in reached if isinstance(n, plan.Ref)})
    below = [definitions.find(n, shared=learnt.shared) for n in named_]
    told = repr((learned, list(zip(named_, below, strict=True)), owner))
    return hashlib.sha256(told.encode()).hexdigest()[:32]
