"""Questions to the directory as of a row's `ts`: the subqueries that functions and attributes use.

Objects are intervals in `dir_object`; an entity is found by its canonical key and its kind. What is
asked of one object is joined (`Scope.entity`); the rest are subqueries that give at most one row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from engine.backends.duckdb.scope import of_kind
from engine.backends.duckdb.terms import (
    binary,
    call,
    column,
    conjunction,
    disjunction,
    equal,
    exists,
    is_null,
    minus,
    named,
    not_null,
    number,
    select,
    stored,
    subquery,
    text,
    valid,
    when,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engine.backends.duckdb.scope import Scope

PROTECTED_USERS = 525
"""Relative id of the group *Protected Users* (MS-DTYP §2.4.2.4)."""


def objects(kind: str, time: exp.Expr, *columns: exp.Expr, alias: str = "d") -> exp.Select:
    """Objects of a kind that the directory knew at a time."""
    query = select(*columns, source=stored("dir_object", alias))
    return query.where(of_kind(kind, alias), valid(alias, time))


def same_key(value: exp.Expr, alias: str = "d") -> exp.Expr:
    return equal(column("key", alias), value)


def of_object(kind: str, entity: exp.Expr, wanted: exp.Expr, time: exp.Expr) -> exp.Expr:
    """A value of the object of an entity that is itself the answer of a subquery; null where there
    is none. `wanted` reads the object as `d`.
    """
    return subquery(objects(kind, time, call("any_value", wanted)).where(same_key(entity)))


def fact(kind: str, entity: exp.Expr, holds: Callable[[str], exp.Expr], scope: Scope) -> exp.Expr:
    """Whether something holds for the entity's object, read under the alias that is given; false
    where there is no object.
    """
    key = scope.plainly(entity)
    if key is not None:
        return call("coalesce", holds(scope.entity(kind, key)), exp.false())
    return exists(objects(kind, scope.time, number(1)).where(same_key(entity), holds("d")))


def any_holds(kind: str, entities: exp.Expr, fact: exp.Expr, time: exp.Expr) -> exp.Expr:
    """Whether the object of any entity of a list has a property."""
    keys = select(named(call("unnest", entities), "key"))
    member = exp.In(this=column("key", "d"), query=subquery(keys))
    return exists(objects(kind, time, number(1)).where(member, fact))


def tagged(tags: Sequence[str], alias: str = "d") -> exp.Expr:
    """Whether an object has any of these tags."""
    wanted = exp.Array(expressions=[text(t) for t in tags])
    return call("coalesce", call("list_has_any", column("tags", alias), wanted), exp.false())


def sensitive(alias: str) -> exp.Expr:
    """Whether an object is tagged sensitive, or counts as it by its groups."""
    return disjunction(flag("sensitive", alias), tagged(["sensitive"], alias))


def flag(name: str, alias: str) -> exp.Expr:
    return call("coalesce", column(name, alias), exp.false())


def alive(time: exp.Expr, alias: str = "d") -> exp.Expr:
    """Whether an object is there and not yet deleted."""
    deleted = column("deleted", alias)
    return disjunction(is_null(deleted), binary(exp.LT, time, deleted.copy()))


def member(entity: exp.Expr, group: exp.Expr, time: exp.Expr) -> exp.Expr:
    """Whether an entity is in a group (by key), directly or through groups."""
    query = select(number(1), source=stored("dir_member", "m"))
    return exists(
        query.where(
            equal(column("member_key", "m"), entity),
            equal(column("group_key", "m"), group),
            valid("m", time),
        )
    )


def member_by_name(entity: exp.Expr, group: exp.Expr, time: exp.Expr) -> exp.Expr:
    """Whether an entity is in a group of this key or sAMAccountName."""
    wanted = call("lower", group)
    on = conjunction(
        [
            equal(column("key", "g"), column("group_key", "m")),
            equal(column("kind", "g"), text("group")),
            valid("g", time),
        ]
    )
    query = (
        select(number(1), source=stored("dir_member", "m"))
        .join(stored("dir_object", "g"), on=on, join_type="left")
        .where(
            equal(column("member_key", "m"), entity),
            disjunction(
                equal(column("group_key", "m"), wanted),
                equal(call("lower", column("name", "g")), wanted.copy()),
            ),
            valid("m", time.copy()),
        )
    )
    return exists(query)


def in_rid_group(entity: exp.Expr, rid: int, time: exp.Expr) -> exp.Expr:
    """Whether an entity is in the group of this relative id."""
    query = (
        select(number(1), source=stored("dir_member", "m"))
        .join(stored("dir_object", "g"), on=equal(column("key", "g"), column("group_key", "m")))
        .where(
            equal(column("member_key", "m"), entity),
            equal(column("rid", "g"), number(rid)),
            equal(column("kind", "g"), text("group")),
            valid("m", time),
            valid("g", time.copy()),
        )
    )
    return exists(query)


def changed(entity: exp.Expr, what: exp.Expr | None, span: exp.Expr, time: exp.Expr) -> exp.Expr:
    """Whether an attribute of the entity was changed in [time - span, time]; null on null."""
    query = select(number(1), source=stored("dir_change", "c")).where(
        equal(column("key", "c"), entity),
        binary(exp.LTE, column("ts", "c"), time),
        binary(exp.GTE, column("ts", "c"), minus(time.copy(), span)),
    )
    if what is not None:
        query = query.where(equal(call("lower", column("attribute", "c")), call("lower", what)))
    return unless_null([entity, span], exists(query))


def unless_null(arguments: Sequence[exp.Expr], value: exp.Expr) -> exp.Expr:
    """The value where no argument is null, else null."""
    known = conjunction(not_null(a.copy()) for a in arguments)
    return value if known is None else when(known, value)
