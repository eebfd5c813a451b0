"""The other keys of a group as of a row: which they are, and what is known of them together.

The profile's `peers` is asked for every key there is once for each bucket in which somebody asks, and only
where a statement reads something of the peers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from engine.backends.duckdb.expression import lower
from engine.backends.duckdb.profiles.names import BUCKET, COUNT, TIME, same
from engine.backends.duckdb.scope import Scope
from engine.backends.duckdb.terms import (
    binary,
    call,
    column,
    conjunction,
    denied,
    equal,
    guarded,
    named,
    not_null,
    number,
    read,
    select,
    star,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dsl import plan
    from engine.backends.duckdb.nodes import Lowering
    from engine.backends.duckdb.profiles.learnt import Learnt

SIZE: Final = "_size"
_GROUP: Final = "_group"


@dataclass(frozen=True)
class Peers:
    """Relations: `pairs` of the asking key (`_a0`, …) at `_t` and a key of its group (`_k0`, …);
    `asked` are all keys and times that something must be known of.
    """

    pairs: str
    asked: str


def lower_peers(
    lowering: Lowering, learnt: Learnt, by: plan.Expr, asked: str, remembered: str, wanted: str
) -> Peers:
    """Find the peers of each key and time of `asked`; `remembered` are keys beside those of rows."""
    keys = learnt.keys
    grouped = lowering.add(f"{wanted}.groups", _with_group(learnt, by, read(asked), TIME))
    buckets = lowering.add(
        f"{wanted}.group_buckets",
        select(column(BUCKET), source=read(grouped)).where(not_null(column(_GROUP))).distinct(),
    )
    known = lowering.add(
        f"{wanted}.keys",
        select(*map(column, keys), source=read(learnt.rows)).union(
            select(*map(column, keys), source=read(remembered)), distinct=True, copy=False
        ),
    )
    candidates = lowering.add(
        f"{wanted}.candidates",
        select(*map(column, keys), column(BUCKET, "t"), source=read(known)).join(
            read(buckets, "t"), join_type="cross"
        ),
    )
    members = lowering.add(f"{wanted}.members", _with_group(learnt, by, read(candidates)))
    fits = conjunction(
        [
            equal(column(BUCKET, "a"), column(BUCKET)),
            equal(column(_GROUP, "a"), column(_GROUP)),
            denied(exp.Paren(this=same(keys, "a", "r"))),
        ]
    )
    pairs = lowering.add(
        f"{wanted}.pairs",
        select(
            *(named(column(k, "a"), f"_a{i}") for i, k in enumerate(keys)),
            *map(column, keys),
            column(TIME, "a"),
            column(BUCKET),
            source=read(grouped, "a"),
        ).join(read(members), on=fits),
    )
    columns = [*keys, TIME, BUCKET]
    every = select(*map(column, columns), source=read(asked)).union(
        select(*map(column, columns), source=read(pairs)), distinct=True, copy=False
    )
    return Peers(pairs, lowering.add(f"{wanted}.asked", every))


def lower_group(
    lowering: Lowering,
    learnt: Learnt,
    peers: Peers,
    facts: str,
    lists: Iterable[str],
    wanted: str,
) -> str:
    """For each asking key (`_k0`, …) and time the number of its peers that were seen, and the
    lists of `facts` in `lists` of all of them in one.
    """
    keys = learnt.keys
    asking = [column(f"_a{i}", "p") for i in range(len(keys))]
    on = same([*keys, TIME], "p", "r")
    query = (
        select(
            *(named(a, k) for a, k in zip(asking, keys, strict=True)),
            column(TIME, "p"),
            named(exp.Count(this=exp.Star()), SIZE),
            *(named(call("flatten", call("list", column(c))), c) for c in lists),
            source=read(peers.pairs, "p"),
        )
        .join(read(facts), on=on)
        .where(binary(exp.GT, column(COUNT), number(0)))
        .group_by(*(a.copy() for a in asking), column(TIME, "p"))
    )
    return lowering.add(f"{wanted}.group", query)


def _with_group(learnt: Learnt, by: plan.Expr, source: exp.Table, *kept: str) -> exp.Select:
    """Rows with keys and bucket, and the value of the profile's `peers` for each as of the bucket's begin."""
    own = zip(learnt.profile.keys, learnt.keys, strict=True)
    named_keys = select(star(), *(named(column(k), n) for n, k in own), source=source)
    scope = Scope(ts=BUCKET, domain="domain" if "domain" in learnt.profile.keys else None)
    columns = [*learnt.keys, BUCKET, *kept]
    table = exp.TableAlias(this=exp.to_identifier("r", quoted=True))
    query = select(
        *map(column, columns),
        named(guarded(lower(by, scope)), _GROUP),
        source=exp.Subquery(this=named_keys, alias=table),
    )
    return scope.attach(query)
