"""Lists as of a row's `ts`: table `list_entry`, whose texts are stored in lower case.

An entry may be listed several times, with other intervals; so entries are first gathered by value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from engine.backends.duckdb.terms import (
    array,
    between,
    binary,
    both,
    call,
    cast,
    column,
    each,
    element,
    equal,
    extracted,
    named,
    not_null,
    number,
    record,
    select,
    stored,
    text,
    when,
)
from engine.backends.unsupported import Unsupported

if TYPE_CHECKING:
    from collections.abc import Callable

    from dsl.types import Type
    from engine.backends.duckdb.scope import Scope

_INTERVAL = {"since": "valid_from", "until": "valid_to"}


def entries(name: str, scope: Scope) -> exp.Expr:
    """The texts of a list that are valid at the row's time, in lower case."""
    every = _gathered(name, {"value": "value"}, scope)
    at_time = call("list_filter", every, each("e", _holds(element("e"), scope)))
    return call("list_transform", at_time, each("e", extracted(element("e"), "value")))


def contains(name: str, value: exp.Expr, kind: Type, scope: Scope) -> exp.Expr:
    """Whether a value is in a list; of a list of values, any."""
    if kind.many:
        return has_entries("has any", value, kind, name, scope)
    if kind.kind == "ip":
        return holds_address(name, value, scope)
    if value.find(exp.Select):
        found = call("list_contains", entries(name, scope), _plain(value, kind))
        return when(not_null(value.copy()), found)
    spans = call("list", record({k: column(c, "l") for k, c in _INTERVAL.items()}))
    by_value = (
        select(column("value", "l"), named(spans, "spans"), source=stored("list_entry", "l"))
        .where(equal(column("list", "l"), text(name)))
        .group_by(column("value", "l"))
    )
    written = _plain(value, kind)

    def source(alias: str) -> exp.Expr:
        as_ = exp.TableAlias(this=exp.to_identifier(alias, quoted=True))
        return exp.Subquery(this=by_value, alias=as_)

    alias = scope.join(
        f"list {name} {written.sql()}", source, lambda a: equal(column("value", a), written)
    )
    valid_now = each("e", _holds(element("e"), scope))
    spans_now = call("list_filter", column("spans", alias), valid_now)
    found = binary(exp.GT, call("coalesce", call("len", spans_now), number(0)), number(0))
    return when(not_null(value.copy()), found)


def holds_address(name: str, value: exp.Expr, scope: Scope) -> exp.Expr:
    """Whether an address lies in one of the list's networks."""
    every = _gathered(name, {"low": "cidr_low", "high": "cidr_high"}, scope)
    low, high = extracted(element("e"), "low"), extracted(element("e"), "high")
    fits = both(between(value, low, high), _holds(element("e"), scope))
    found = binary(exp.GT, call("len", call("list_filter", every, each("e", fits))), number(0))
    return when(not_null(value.copy()), found)


def has_entries(operator: str, value: exp.Expr, kind: Type, name: str, scope: Scope) -> exp.Expr:
    """`has any` and `has all` of a list column against a named list."""
    if kind.kind in ("ip", "bytes"):
        raise Unsupported(f"`{operator}` of a list of {kind.kind} with a named list")
    function = "list_has_any" if operator == "has any" else "list_has_all"
    lowered = call("list_transform", value, each("v", call("lower", cast(element("v"), "VARCHAR"))))
    return call(function, lowered, entries(name, scope))


def any_entry(name: str, function: str, scope: Scope) -> Callable[[exp.Expr], exp.Expr]:
    """Whether some entry of a list passes `function(text, entry)`, as a function of the text."""
    every = entries(name, scope)

    def test(value: exp.Expr) -> exp.Expr:
        passes = call(function, value, element("p"))
        found = call("list_filter", every.copy(), each("p", passes))
        return when(not_null(value.copy()), binary(exp.GT, call("len", found), number(0)))

    return test


def _gathered(name: str, fields: dict[str, str], scope: Scope) -> exp.Expr:
    """All entries of a list as one list of records."""
    entry = record({k: column(c, "l") for k, c in (fields | _INTERVAL).items()})
    query = select(named(call("list", entry), "entries"), source=stored("list_entry", "l"))
    query = query.where(equal(column("list", "l"), text(name)))

    def source(alias: str) -> exp.Expr:
        as_ = exp.TableAlias(this=exp.to_identifier(alias, quoted=True))
        return exp.Subquery(this=query, alias=as_)

    what = f"entries {name} {' '.join(fields)}"
    found = column("entries", scope.join(what, source, lambda _: None))
    kinds = {
        "value": "VARCHAR",
        "low": "BLOB",
        "high": "BLOB",
        "since": "BIGINT",
        "until": "BIGINT",
    }
    shape = ", ".join(f"{k} {kinds[k]}" for k in fields | _INTERVAL)
    return call("coalesce", found, array([], f"STRUCT({shape})"))


def _holds(entry: exp.Expr, scope: Scope) -> exp.Expr:
    begun = binary(exp.LTE, extracted(entry.copy(), "since"), scope.time)
    return both(begun, binary(exp.LT, scope.time, extracted(entry.copy(), "until")))


def _plain(value: exp.Expr, kind: Type) -> exp.Expr:
    written = call("hex", value) if kind.kind == "bytes" else cast(value, "VARCHAR")
    return call("lower", written)
