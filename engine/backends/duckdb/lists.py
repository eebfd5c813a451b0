"""Lists as of a row's `ts`: table `list_entry`, whose texts are stored in lower case."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from engine.backends.duckdb.terms import (
    between,
    binary,
    both,
    call,
    cast,
    column,
    each,
    element,
    equal,
    exists,
    not_null,
    number,
    select,
    stored,
    subquery,
    text,
    when,
)
from engine.backends.unsupported import Unsupported

if TYPE_CHECKING:
    from dsl.types import Type
    from engine.backends.duckdb.scope import Scope


def valid(alias: str, time: exp.Expr) -> exp.Expr:
    """Whether an interval row holds at a time."""
    begun = binary(exp.LTE, column("valid_from", alias), time)
    return both(begun, binary(exp.LT, time.copy(), column("valid_to", alias)))


def _rows(name: str, scope: Scope, *columns: exp.Expr) -> exp.Select:
    query = select(*columns, source=stored("list_entry", "l"))
    return query.where(equal(column("list", "l"), text(name)), valid("l", scope.time))


def entries(name: str, scope: Scope) -> exp.Expr:
    """The texts of a list, as a list in lower case."""
    values = _rows(name, scope, call("list", column("value", "l")))
    empty = cast(exp.Array(expressions=[]), "VARCHAR[]")
    return call("coalesce", subquery(values.where(not_null(column("value", "l")))), empty)


def contains(name: str, value: exp.Expr, kind: Type, scope: Scope) -> exp.Expr:
    """Whether a value is in a list; of a list of values, any."""
    if kind.many:
        return has_entries("has any", value, kind, name, scope)
    if kind.kind == "ip":
        return holds_address(name, value, scope)
    if kind.kind == "bytes":
        value = call("hex", value)
    query = _rows(name, scope, number(1)).where(equal(column("value", "l"), _plain(value)))
    return when(not_null(value.copy()), exists(query))


def holds_address(name: str, value: exp.Expr, scope: Scope) -> exp.Expr:
    """Whether an address lies in one of the list's networks."""
    low, high = column("cidr_low", "l"), column("cidr_high", "l")
    inside = between(value, low, high)
    return when(not_null(value.copy()), exists(_rows(name, scope, number(1)).where(inside)))


def has_entries(operator: str, value: exp.Expr, kind: Type, name: str, scope: Scope) -> exp.Expr:
    """`has any` and `has all` of a list column against a named list."""
    if kind.kind in ("ip", "bytes"):
        raise Unsupported(f"`{operator}` of a list of {kind.kind} with a named list")
    function = "list_has_any" if operator == "has any" else "list_has_all"
    plain = call("list_transform", value, each("e", _plain(element("e"))))
    return call(function, plain, entries(name, scope))


def _plain(value: exp.Expr) -> exp.Expr:
    return call("lower", cast(value, "VARCHAR"))
