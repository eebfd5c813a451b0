"""Rows with what a profile knew of their keys, as of each row (`plan.Recall`).

What closed buckets say is worked out once for each key and bucket, what the open bucket says in one
pass over its rows; the rows that recall are joined to both. Only what is read is worked out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlglot import exp

from engine.backends.duckdb.keyed import own_columns
from engine.backends.duckdb.profiles import reads, sets
from engine.backends.duckdb.profiles.learnt import (
    CLOSED,
    COUNT,
    FIRST,
    HOURS,
    LAST,
    Learnt,
    close,
)
from engine.backends.duckdb.profiles.names import BUCKET, TIME, bucket_of, same
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
    plus,
    read,
    select,
    smallest,
    star,
    true,
)

if TYPE_CHECKING:
    from dsl import plan
    from engine.backends.duckdb.nodes import Lowering

_ASKED: Final = "_asked"


def lower_recall(lowering: Lowering, node: plan.Recall, wanted: str) -> Relation:
    """The relation of a recall."""
    asked = own_columns(node.source.columns, lowering.keyed)
    source = lowering.node(node.source, f"{wanted}.rows", 0, asked)
    learnt = lowering.learnt(node.profile)
    profile = learnt.profile
    pairs = [(c, f"_k{profile.keys.index(k)}") for c, k in node.keys]
    asking = lowering.add(
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
    group = None
    of_peers = [r for r in node.reads if r.peers]
    if of_peers and profile.peers is not None:
        peers = lower_peers(lowering, learnt, profile.peers, asking, wanted)
        facts = _facts(lowering, learnt, peers.asked, learns, wanted)
        lists = [_list(learnt, r) for r in of_peers if r.learn]
        group = lower_group(lowering, learnt, peers, facts, sorted(set(lists)), wanted)
    else:
        facts = _facts(lowering, learnt, asking, learns, wanted)
    return _beside(lowering, node, source, learnt, (facts, group), wanted)


def _learns(learnt: Learnt, read_: tuple[plan.Read, ...]) -> list[int]:
    """Positions of the learns that are read."""
    return sorted({learnt.position(r.learn) for r in read_ if r.learn})


def _list(learnt: Learnt, read_: plan.Read) -> str:
    """The list that a read of the peers unites."""
    return f"_{'v' if read_.what == 'statistic' else 's'}{learnt.position(read_.learn)}"


def _facts(lowering: Lowering, learnt: Learnt, asked: str, learns: list[int], wanted: str) -> str:
    """All that is known of each key and time of `asked`, from closed buckets and the open one."""
    keys, profile = learnt.keys, learnt.profile
    buckets = lowering.add(
        f"{wanted}.asked_buckets",
        select(*map(column, (*keys, BUCKET)), source=read(asked)).distinct(),
    )
    closed = close(lowering, learnt, buckets, learns, wanted)
    opened = lower_opened(lowering, learnt, asked, buckets, learns, wanted)
    values = {
        COUNT: plus(
            call("coalesce", column(COUNT, "c"), number(0)),
            call("coalesce", column(COUNT, "o"), number(0)),
        ),
        FIRST: smallest(column(FIRST, "c"), column(FIRST, "o")),
        LAST: largest(column(LAST, "c"), column(LAST, "o")),
        CLOSED: call("coalesce", column(CLOSED, "c"), number(0)),
        HOURS: call("list_concat", column(HOURS, "c"), call("map_entries", column(HOURS, "o"))),
    }
    query = select(
        *map(column, (*keys, TIME)),
        *(named(v, n) for n, v in values.items()),
        source=read(asked),
    )
    on_bucket, on_time = [*keys, BUCKET], [*keys, TIME]
    query = query.join(read(closed, "c"), on=same(on_bucket, "c", "r"), join_type="left")
    query = query.join(read(opened, "o"), on=same(on_time, "o", "r"), join_type="left")
    for i in learns:
        learn = profile.learns[i]
        if learn.function == "set":
            found = sets.lower_set(lowering, learnt, buckets, i, f"{wanted}.{learn.name}")
            alias = f"s{i}"
            query = query.join(read(found, alias), on=same(on_bucket, alias, "r"), join_type="left")
            query = query.select(
                named(sets.members(column(f"_s{i}", alias), learn.type), f"_s{i}"), copy=False
            )
        else:
            query = query.select(named(column(f"_v{i}", "c"), f"_v{i}"), copy=False)
            if learn.function not in ("values", "count_distinct"):
                query = query.select(named(reads.total(learn, i), f"_t{i}"), copy=False)
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
