"""Attributes of entities as of a row's `ts`: `account.uac`. Null for what is not in the directory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dsl.attributes import ATTRIBUTES
from engine.backends.duckdb import directory
from engine.backends.duckdb.terms import (
    column,
    minus,
    not_null,
    when,
)
from engine.backends.unsupported import Unsupported

if TYPE_CHECKING:
    from sqlglot import exp

    from dsl import plan
    from engine.backends.duckdb.scope import Scope


def lower_attribute(attr: plan.Attr, entity: exp.Expr, scope: Scope) -> exp.Expr:
    """One attribute of an entity expression."""
    if attr.name not in ATTRIBUTES:
        raise Unsupported(f"attribute `{attr.name}`")
    kind = attr.entity.type.kind
    key = scope.plainly(entity)
    if key is not None:
        return _of_object(attr.name, scope.entity(kind, key), scope)
    return directory.of_object(kind, entity, _of_object(attr.name, "d", scope), scope.time)


def _of_object(name: str, alias: str, scope: Scope) -> exp.Expr:
    if name == "age":
        return minus(scope.time, column("created", alias))
    if name == "sensitive":
        return when(not_null(column("key", alias)), directory.sensitive(alias))
    return column(name, alias)
