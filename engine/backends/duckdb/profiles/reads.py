"""What a statement reads of a profile, from what is known of the key: `plan.Read` as SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlglot import exp

from engine.backends.duckdb.expression import lower
from engine.backends.duckdb.profiles import sets
from engine.backends.duckdb.profiles.names import (
    CLOSED,
    COUNT,
    FIRST,
    HOURS,
    LAST,
    hour_of,
)
from engine.backends.duckdb.profiles.peers import SIZE
from engine.backends.duckdb.terms import (
    array,
    binary,
    both,
    call,
    cast,
    column,
    each,
    element,
    equal,
    extracted,
    false,
    largest,
    minus,
    not_null,
    number,
    real,
    record,
    select,
    smallest,
    storage,
    stored,
    subquery,
    text,
    when,
)
from engine.backends.duckdb.terms import read as relation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dsl import plan
    from engine.backends.duckdb.profiles.learnt import Learnt
    from engine.backends.duckdb.scope import Scope

OWN: Final = "k"
GROUP: Final = "p"
"""Aliases of what is known of the row's key and of its peers."""

_PLAIN: Final = {"mean": "list_avg", "std": "list_stddev_samp", "median": "list_median"}


def lower_read(read: plan.Read, learnt: Learnt, scope: Scope, age: exp.Expr) -> exp.Expr:
    """The value of a read, but for `ready`, beside the row that recalls; null for a null key."""
    table = GROUP if read.peers else OWN
    match read.what:
        case "total":
            position = learnt.position(read.learn)
            if learnt.profile.learns[position].function == "set":
                values = column(f"_s{position}", table)
                return _known(_set(values, learnt.profile.learns[position], peers=read.peers))
            return column(f"_t{position}", table)
        case "statistic":
            return _statistic(read, learnt.position(read.learn), table)
        case "first_seen":
            return column(FIRST, table)
        case "last_seen":
            return column(LAST, table)
        case "buckets":
            return column(CLOSED, table)
        case "cold":
            return equal(column(COUNT, table), number(0))
        case "size":
            return _known(call("coalesce", column(SIZE, table), number(0)))
        case "age":
            return _known(age)
        case "hour_share":
            return _hour_share(read, scope)
        case "ready":
            raise ValueError("`ready` reads the others")
        case _:
            raise ValueError(f"a profile does not tell `{read.name}`")


def age(learnt: Learnt, events: Sequence[str], scope: Scope) -> exp.Expr:
    """How long the sources of a profile have been observed, at most its window."""
    domains: list[exp.Expr] = [text("")]
    if scope.domain is not None:
        domains.append(call("coalesce", scope.column(scope.domain), text("")))
    begin = {"domain": column("domain", "c"), "since": column("valid_from", "c")}
    spans = select(call("list", record(begin)), source=stored("coverage", "c")).where(
        exp.In(this=column("type", "c"), expressions=[text(e) for e in events])
    )
    own = exp.In(this=extracted(element("c"), "domain"), expressions=domains)
    here = call("list_filter", subquery(spans), each("c", own))
    alive = call(
        "list_min", call("list_transform", here, each("c", extracted(element("c"), "since")))
    )
    earliest = subquery(
        select(call("min", column("ts", "f")), source=relation(learnt.source.name, "f"))
    )
    begun = call("coalesce", alive, smallest(earliest, learnt.earliest))
    so_far = minus(scope.time, exp.Paren(this=begun))
    profile = learnt.profile
    return largest(number(0), smallest(number(profile.over), so_far))


def ready(read: plan.Read, scope: Scope, asked: exp.Expr) -> exp.Expr:
    """Whether the profile is ready; `asked` says whether the row has a key."""
    if read.argument is None:
        return asked
    return call("coalesce", both(asked, lower(read.argument, scope)), false())


def _known(value: exp.Expr) -> exp.Expr:
    """Null for a row without a key."""
    return when(not_null(column(COUNT, OWN)), value)


def _set(values: exp.Expr, learn: plan.Learn, *, peers: bool) -> exp.Expr:
    if peers:
        values = call("list_sort", call("list_distinct", values))
        values = call("coalesce", values, array([], storage(learn.type).removesuffix("[]")))
    return sets.shown(values)


def _statistic(read: plan.Read, position: int, table: str) -> exp.Expr:
    values = column(f"_v{position}", table)
    if read.statistic == "max":
        return call("list_max", values)
    values = cast(values, "DOUBLE[]")
    match read.statistic:
        case "p95":
            return call("list_aggregate", values, text("quantile_cont"), real(0.95))
        case "p99":
            return call("list_aggregate", values, text("quantile_cont"), real(0.99))
        case "mad":
            return call("list_aggregate", values, text("mad"))
        case name:
            # sums of fractions depend on the order, to the last bit
            return call(_PLAIN[name or "mean"], call("list_sort", values))


def _hour_share(read: plan.Read, scope: Scope) -> exp.Expr:
    if read.argument is None:
        raise ValueError("`hour_share` of no time")
    hour = exp.Paren(this=hour_of(lower(read.argument, scope)))
    fits = equal(extracted(element("h"), "key"), hour)
    found = call("list_filter", column(HOURS, OWN), each("h", fits))
    counts = call("list_transform", found, each("h", extracted(element("h"), "value")))
    count = call("coalesce", call("list_sum", counts), number(0))
    every = call("nullif", column(COUNT, OWN), number(0))
    return when(not_null(hour.copy()), binary(exp.Div, count, every))
