"""The exclusion list that every detection has without writing it: `@<id>`.

An entry of a kind excludes roles of that kind; one of kind text any role. A role may also be named
in place of the kind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from engine.backends.duckdb.expression import lower
from engine.backends.duckdb.lists import valid
from engine.backends.duckdb.terms import (
    between,
    call,
    cast,
    column,
    each,
    element,
    equal,
    exists,
    number,
    select,
    stored,
    text,
)

if TYPE_CHECKING:
    from dsl import plan
    from engine.backends.duckdb.scope import Scope


def excluded(detection: str, name: str, role: plan.Expr, scope: Scope) -> exp.Expr:
    """Whether the list of the detection holds the value of a role (of a list: any of them)."""
    value = lower(role, scope)
    kinds = [text(k) for k in dict.fromkeys((role.type.kind, "text", "any", name))]
    query = select(number(1), source=stored("list_entry", "l")).where(
        equal(column("list", "l"), text(detection)),
        exp.In(this=column("kind", "l"), expressions=kinds),
        valid("l", scope.time),
        _matches(value, role),
    )
    return exists(query)


def _matches(value: exp.Expr, role: plan.Expr) -> exp.Expr:
    if role.type.kind == "ip" and not role.type.many:
        return between(value, column("cidr_low", "l"), column("cidr_high", "l"))
    written = column("value", "l")
    if role.type.many:
        plain = call("lower", cast(element("e"), "VARCHAR"))
        return call("list_contains", call("list_transform", value, each("e", plain)), written)
    return equal(written, call("lower", cast(value, "VARCHAR")))
