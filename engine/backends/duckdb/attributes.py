"""Attributes of entities as of a row's `ts`: `account.uac`. Null for what is not in the directory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from dsl.attributes import ATTRIBUTES
from engine.backends.duckdb import directory
from engine.backends.duckdb.terms import (
    call,
    column,
    disjunction,
    minus,
)
from engine.backends.unsupported import Unsupported

if TYPE_CHECKING:
    from dsl import plan
    from engine.backends.duckdb.scope import Scope


def lower_attribute(attr: plan.Attr, entity: exp.Expr, scope: Scope) -> exp.Expr:
    """One attribute of an entity expression."""
    if attr.name not in ATTRIBUTES:
        raise Unsupported(f"attribute `{attr.name}`")
    kind = attr.entity.type.kind
    time = scope.time
    if attr.name == "age":
        wanted = minus(time.copy(), column("created", "d"))
    elif attr.name == "sensitive":
        wanted = directory.tagged(["sensitive"])
        wanted = disjunction(wanted, call("coalesce", column("sensitive", "d"), exp.false()))
    else:
        wanted = column(attr.name, "d")
    return directory.attribute(kind, entity, wanted, time)
