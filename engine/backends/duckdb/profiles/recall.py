"""Rows with what a profile knew of their keys, as of each row (`plan.Recall`).

What closed buckets say is worked out once for each key and bucket, what the open bucket says in one
pass over its rows; the rows that recall are joined to both. Only what is read is worked out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from engine.backends.duckdb.keyed import own_columns
from engine.backends.duckdb.profiles import functions, reads, sets
from engine.backends.duckdb.profiles.closed import lower_begun, lower_closed
from engine.backends.duckdb.profiles.names import (
    BUCKET,
    CLOSED,
    COUNT,
    FIRST,
    HOURS,
    LAST,
    TIME,
    bucket_of,
    same,
)
from engine.backends.duckdb.profiles.opened import lower_opened
from engine.backends.duckdb.profiles.peers import lower_group, lower_peers
from engine.backends.duckdb.relation import OVERFLOW, Relation
from engine.backends.duckdb.scope import Scope
from engine.backends.duckdb.terms import (
    binary,
    call,
    column,
    conjunction,
    disjunction,
    equal,
    largest,
    named,
    not_null,
    number,
    read,
    select,
    smallest,
    star,
    true,
)

if TYPE_CHECKING:
    from dsl import plan
    from engine.backends.duckdb.nodes import Lowering
    from engine.backends.duckdb.profiles.learnt import Learnt

_ASKED: Final = "_asked"


@dataclass(frozen=True)
class Recalled:
    """A recall of a statement: `asked` is the relation of keys of which something must be known.

    What the engine remembers of these keys is registered as the relation `remembered` before the
    statement runs, and all keys that it knows as `every` where peers are read.
    """

    node: plan.Recall
    learnt: Learnt
    learns: tuple[int, ...]
    asked: str
    remembered: str
    every: str | None


def lower_recall(lowering: Lowering, node: plan.Recall, wanted: str) -> Relation:
    """The relation of a recall."""
    keyed = own_columns(node.source.columns, lowering.keyed)
    source = lowering.node(node.source, f"{wanted}.rows", 0, keyed)
    learnt = lowering.learnt(node.profile)
    profile = learnt.profile
    pairs = [(c, f"_k{profile.keys.index(k)}") for c, k in node.keys]
    asked = lowering.add(
        f"{wanted}.asked",
        select(
            *(named(column(c), k) for c, k in pairs),
            named(column("ts"), TIME),
            named(bucket_of(column("ts"), profile.bucket), BUCKET),
            source=read(source.name),
        )
        .where(*(not_null(column(c)) for c, _ in pairs))
        .distinct(),
    )
    learns = _learns(learnt, node.reads)
    remembered = f"remembered {len(lowering.first)}"
    of_peers = [r for r in node.reads if r.peers]
    peers, every = None, None
    if of_peers and profile.peers is not None:
        every = f"{remembered} keys"
        peers = lower_peers(lowering, learnt, profile.peers, asked, every, wanted)
        asked = peers.asked
    recalled = Recalled(node, learnt, learns, asked, remembered, every)
    lowering.first.append(recalled)
    facts = _facts(lowering, recalled, wanted)
    group = None
    if peers is not None:
        lists = {_list(learnt, r) for r in of_peers if r.learn}
        group = lower_group(lowering, learnt, peers, facts, sorted(lists), wanted)
    return _beside(lowering, node, source, learnt, (facts, group), wanted)


def _learns(learnt: Learnt, read_: tuple[plan.Read, ...]) -> tuple[int, ...]:
    """Positions of the learns that are read."""
    return tuple(sorted({learnt.position(r.learn) for r in read_ if r.learn}))


def _list(learnt: Learnt, read_: plan.Read) -> str:
    """The list that a read of the peers unites."""
    return f"_{'v' if read_.what == 'statistic' else 's'}{learnt.position(read_.learn)}"


def _facts(lowering: Lowering, recalled: Recalled, wanted: str) -> str:
    """All that is known of each key and time that asks: from closed buckets (`c`), from what is
    remembered of the open one (`b`), and from its rows (`o`).
    """
    learnt, asked, remembered = recalled.learnt, recalled.asked, recalled.remembered
    keys, profile = learnt.keys, learnt.profile
    buckets = lowering.add(
        f"{wanted}.asked_buckets",
        select(*map(column, (*keys, BUCKET)), source=read(asked)).distinct(),
    )
    plain = [i for i in recalled.learns if profile.learns[i].function != "set"]
    closed = lower_closed(lowering, learnt, buckets, plain, remembered, wanted)
    begun = lower_begun(lowering, learnt, plain, buckets, remembered, wanted)
    opened = lower_opened(lowering, learnt, asked, buckets, plain, wanted)

    def each(name: str) -> list[exp.Expr]:
        return [column(name, part) for part in "cbo"]

    hours = call("list_concat", column(HOURS, "c"), column(HOURS, "b"))
    values = {
        COUNT: call("list_sum", exp.Array(expressions=[number(0), *each(COUNT)])),
        FIRST: smallest(*each(FIRST)),
        LAST: largest(*each(LAST)),
        CLOSED: call("coalesce", column(CLOSED, "c"), number(0)),
        HOURS: call("list_concat", hours, call("map_entries", column(HOURS, "o"))),
    }
    query = select(
        *map(column, (*keys, TIME)), *(named(v, n) for n, v in values.items()), source=read(asked)
    )
    on_bucket, on_time = [*keys, BUCKET], [*keys, TIME]
    query = query.join(read(closed, "c"), on=same(on_bucket, "c", "r"), join_type="left")
    query = query.join(read(begun, "b"), on=same(on_bucket, "b", "r"), join_type="left")
    query = query.join(read(opened, "o"), on=same(on_time, "o", "r"), join_type="left")
    for i in recalled.learns:
        learn = profile.learns[i]
        if learn.function == "set":
            wanted_set = f"{wanted}.{learn.name}"
            found = sets.lower_set(lowering, learnt, buckets, i, remembered, wanted_set)
            alias = f"s{i}"
            query = query.join(read(found, alias), on=same(on_bucket, alias, "r"), join_type="left")
            known = sets.members(column(f"_s{i}", alias), learn.type)
            query = query.select(named(known, f"_s{i}"), copy=False)
            continue
        query = query.select(named(column(f"_v{i}", "c"), f"_v{i}"), copy=False)
        if learn.function not in functions.STATISTICAL:
            query = query.select(
                named(functions.total(learn, each(f"_p{i}")), f"_t{i}"), copy=False
            )
    return lowering.add(f"{wanted}.facts", query)


def _beside(
    lowering: Lowering,
    node: plan.Recall,
    source: Relation,
    learnt: Learnt,
    known: tuple[str, str | None],
    wanted: str,
) -> Relation:
    """The rows with their reads."""
    facts, group = known
    scope = Scope(domain=source.domain)
    events = lowering.events(node.profile)
    age = reads.age(learnt, events, scope)
    plain = [r for r in node.reads if r.what != "ready"]
    cut = [
        binary(exp.GT, call("len", column(f"_s{learnt.position(r.learn)}", "k")), number(sets.MOST))
        for r in plain
        if r.what == "total"
        and not r.peers
        and learnt.profile.learns[learnt.position(r.learn)].function == "set"
    ]
    asked = not_null(column(COUNT, reads.OWN))
    query = select(
        star(without=[OVERFLOW]),
        named(disjunction(column(OVERFLOW), *cut), OVERFLOW),
        named(asked, _ASKED),
        *(named(reads.lower_read(r, learnt, scope, age), f"{node.alias}.{r.name}") for r in plain),
        source=read(source.name),
    )
    on = [
        *((c, f"_k{learnt.profile.keys.index(k)}") for c, k in node.keys),
        ("ts", TIME),
    ]

    def joined(table: str) -> exp.Expr:
        return conjunction(equal(column(k, table), column(c)) for c, k in on) or true()

    query = query.join(read(facts, reads.OWN), on=joined(reads.OWN), join_type="left")
    if group is not None:
        query = query.join(read(group, reads.GROUP), on=joined(reads.GROUP), join_type="left")
    query = scope.attach(query)
    asks_ready = [r for r in node.reads if r.what == "ready"]
    if asks_ready:
        inner = lowering.add(f"{wanted}.reads", query)
        after = Scope(domain=source.domain)
        query = select(
            star(),
            *(
                named(reads.ready(r, after, column(_ASKED)), f"{node.alias}.{r.name}")
                for r in asks_ready
            ),
            source=read(inner),
        )
        query = after.attach(query)
    name = lowering.add(wanted, query)
    return Relation(
        name,
        (*source.columns, *((f"{node.alias}.{r.name}", r.type) for r in node.reads)),
        source.lineage,
    )
