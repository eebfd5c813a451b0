"""Functions that read the directory, the network's names and lists as of a row's `ts`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlglot import exp

from engine.backends.duckdb import directory
from engine.backends.duckdb.coverage import covered
from engine.backends.duckdb.directory import unless_null
from engine.backends.duckdb.lists import holds_address, valid
from engine.backends.duckdb.names import account_of, host_named
from engine.backends.duckdb.terms import (
    binary,
    both,
    call,
    column,
    disjunction,
    each,
    element,
    equal,
    exists,
    minus,
    not_null,
    number,
    select,
    smallest,
    stored,
    subquery,
    text,
    when,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from dsl import plan
    from engine.backends.duckdb.scope import Scope

    Lowering = Callable[[plan.Call, list[exp.Expr], Scope], exp.Expr]

_PROTECTED_LIFETIME: Final = 4 * 3_600_000_000
"""TGT lifetime of Protected Users (MS-KILE §3.3.5.1)."""


def _is(fact: Callable[[str, exp.Expr], exp.Expr]) -> Lowering:
    """`is_*`: a fact of the entity's object; of a list, of any element."""

    def lower(call_: plan.Call, a: list[exp.Expr], scope: Scope) -> exp.Expr:
        kind = call_.arguments[0].type
        ask = directory.any_holds if kind.many else directory.holds
        return ask(kind.kind, a[0], fact(kind.kind, scope.time), scope.time)

    return lower


def _tag(*tags: str) -> Lowering:
    return _is(lambda kind, time: directory.host_tagged(kind, tags, time))


def _flag(name: str) -> exp.Expr:
    return call("coalesce", column(name, "d"), exp.false())


def _member_of(call_: plan.Call, a: list[exp.Expr], scope: Scope) -> exp.Expr:
    by_key = call_.arguments[1].type.kind == "group"
    ask = directory.member if by_key else directory.member_by_name
    return ask(a[0], a[1], scope.time)


def _honeytokens(_: plan.Call, a: list[exp.Expr], scope: Scope) -> exp.Expr:
    known = directory.objects("account", scope.time, call("list", column("key", "d")))
    keys = call("coalesce", subquery(known.where(directory.tagged(["honeytoken"]))), _no_text())
    return call("list_filter", a[0], each("e", call("list_contains", keys, element("e"))))


def _no_text() -> exp.Expr:
    return exp.cast(exp.Array(expressions=[]), exp.DataType.build("VARCHAR[]", dialect="duckdb"))


def _exists(call_: plan.Call, a: list[exp.Expr], scope: Scope) -> exp.Expr:
    key = a[0]
    if call_.arguments[0].type.kind == "text":
        return unless_null([key], not_null(account_of(key.copy(), scope.time)))
    alive = directory.alive(scope.time)
    return unless_null([key], directory.holds("account", key.copy(), alive, scope.time))


def _exists_host(_: plan.Call, a: list[exp.Expr], scope: Scope) -> exp.Expr:
    return unless_null([a[0]], not_null(host_named(a[0].copy(), scope.time)))


def _deleted_within(_: plan.Call, a: list[exp.Expr], scope: Scope) -> exp.Expr:
    deleted = column("deleted", "d")
    since = minus(scope.time, a[1])
    query = select(number(1), source=stored("dir_object", "d")).where(
        equal(column("kind", "d"), text("account")),
        directory.same_key(a[0]),
        binary(exp.LTE, deleted, scope.time),
        binary(exp.GTE, deleted.copy(), since),
    )
    return unless_null(a, exists(query))


def _renamed_within(_: plan.Call, a: list[exp.Expr], scope: Scope) -> exp.Expr:
    return directory.changed(a[0], text("sAMAccountName"), a[1], scope.time)


def _changed_within(_: plan.Call, a: list[exp.Expr], scope: Scope) -> exp.Expr:
    return directory.changed(a[0], a[1], a[2], scope.time)


def _account_of(_: plan.Call, a: list[exp.Expr], scope: Scope) -> exp.Expr:
    return account_of(a[0], scope.time)


def _host_named(_: plan.Call, a: list[exp.Expr], scope: Scope) -> exp.Expr:
    return host_named(a[0], scope.time)


def _host_of_account(_: plan.Call, a: list[exp.Expr], scope: Scope) -> exp.Expr:
    return directory.attribute("account", a[0], column("host", "d"), scope.time)


def _addresses(*columns: exp.Expr, time: exp.Expr) -> exp.Select:
    return select(*columns, source=stored("dir_address", "a")).where(valid("a", time))


def _host_of(_: plan.Call, a: list[exp.Expr], scope: Scope) -> exp.Expr:
    newest = call("arg_max", column("host", "a"), column("valid_from", "a"))
    found = _addresses(newest, time=scope.time).where(equal(column("ip", "a"), a[0]))
    return subquery(found)


def _rid_group(_: plan.Call, a: list[exp.Expr], scope: Scope) -> exp.Expr:
    rid = exp.TryCast(this=a[1], to=exp.DataType.build("BIGINT", dialect="duckdb"))
    same = both(
        equal(column("domain_sid", "g"), column("domain_sid", "d")),
        equal(column("kind", "g"), text("group")),
    )
    query = (
        select(call("min", column("key", "g")), source=stored("dir_object", "d"))
        .join(stored("dir_object", "g"), on=same)
        .where(
            directory.same_key(a[0]),
            equal(column("rid", "g"), rid),
            valid("d", scope.time),
            valid("g", scope.time),
        )
    )
    return subquery(query)


def _address_tagged(tag: str, address: exp.Expr, scope: Scope) -> exp.Expr:
    """The tag stands on the host that holds the address, or on a network: list `tag:<tag>`."""
    on = equal(column("key", "h"), column("host", "a"))
    hosts = (
        _addresses(number(1), time=scope.time)
        .join(stored("dir_object", "h"), on=on)
        .where(
            equal(column("ip", "a"), address),
            equal(column("kind", "h"), text("host")),
            directory.tagged([tag], "h"),
            valid("h", scope.time),
        )
    )
    listed = call("coalesce", holds_address(f"tag:{tag}", address.copy(), scope), exp.false())
    return disjunction(exists(hosts), listed)


def _is_nat(_: plan.Call, a: list[exp.Expr], scope: Scope) -> exp.Expr:
    """Learnt: several hosts at once behind one address, each known with certainty."""
    holders = exp.Count(this=exp.Distinct(expressions=[column("host", "a")]))
    found = _addresses(holders, time=scope.time).where(
        equal(column("ip", "a"), a[0]), equal(column("certainty", "a"), text("high"))
    )
    several = binary(exp.GT, call("coalesce", subquery(found), number(0)), number(1))
    return disjunction(several, _address_tagged("nat", a[0].copy(), scope))


def _in_vpn_pool(_: plan.Call, a: list[exp.Expr], scope: Scope) -> exp.Expr:
    return _address_tagged("vpn_pool", a[0], scope)


def _same_machine(_: plan.Call, a: list[exp.Expr], scope: Scope) -> exp.Expr:
    both = (
        _addresses(number(1), time=scope.time)
        .join(stored("dir_address", "b"), on=equal(column("host", "a"), column("host", "b")))
        .where(
            equal(column("ip", "a"), a[0].copy()),
            equal(column("ip", "b"), a[1].copy()),
            valid("b", scope.time),
        )
    )
    return unless_null(a, disjunction(equal(a[0], a[1]), exists(both)))


def _domains(*facts: exp.Expr) -> exp.Expr:
    return exists(select(number(1), source=stored("dir_domain", "n")).where(disjunction(*facts)))


def _is_foreign(_: plan.Call, a: list[exp.Expr], __: Scope) -> exp.Expr:
    low = call("lower", a[0])
    known = _domains(
        equal(column("name", "n"), low), equal(call("lower", column("netbios", "n")), low.copy())
    )
    return both(not_null(a[0].copy()), exp.Not(this=known))


def _is_internal_zone(_: plan.Call, a: list[exp.Expr], __: Scope) -> exp.Expr:
    """A domain's zone, a zone below it, or the registered domain above it."""
    low, name = call("lower", a[0]), column("name", "n")
    dot = text(".")
    below = call("suffix", low, binary(exp.DPipe, dot, name))
    above = call("suffix", name.copy(), binary(exp.DPipe, dot.copy(), low.copy()))
    return _domains(equal(name.copy(), low.copy()), below, above)


def _ticket_lifetime(_: plan.Call, a: list[exp.Expr], scope: Scope) -> exp.Expr:
    policy = (
        select(call("any_value", column("ticket_lifetime", "n")), source=stored("dir_domain", "n"))
        .join(stored("dir_object", "d"), on=equal(column("domain", "d"), column("name", "n")))
        .where(
            directory.same_key(a[0].copy()),
            equal(column("kind", "d"), text("account")),
            valid("d", scope.time),
        )
    )
    guarded = directory.in_rid_group(a[0], directory.PROTECTED_USERS, scope.time)
    return smallest(subquery(policy), when(guarded, number(_PROTECTED_LIFETIME)))


def _cannot_delegate(_: plan.Call, a: list[exp.Expr], scope: Scope) -> exp.Expr:
    marked = call("list_contains", column("uac", "d"), text("not_delegated"))
    known = call("coalesce", marked, exp.false())
    flag = directory.attribute("account", a[0], known, scope.time)
    guarded = directory.in_rid_group(a[0].copy(), directory.PROTECTED_USERS, scope.time)
    return when(not_null(flag), disjunction(flag.copy(), guarded))


def _silo_hosts(_: plan.Call, a: list[exp.Expr], scope: Scope) -> exp.Expr:
    found = directory.objects("account", scope.time, call("list", column("host", "d"))).where(
        equal(column("silo", "d"), a[0]), not_null(column("host", "d"))
    )
    return unless_null([a[0]], call("coalesce", subquery(found), _no_text()))


def _population(_: plan.Call, a: list[exp.Expr], __: Scope) -> exp.Expr:
    time = a[2]
    query = select(exp.Count(this=exp.Star()), source=stored("dir_object", "d")).where(
        equal(column("kind", "d"), a[0]),
        equal(column("domain", "d"), call("lower", a[1])),
        valid("d", time),
        directory.alive(time.copy()),
    )
    return unless_null(a, call("coalesce", subquery(query), number(0)))


def _has_coverage(call_: plan.Call, a: list[exp.Expr], scope: Scope) -> exp.Expr:
    event = getattr(call_.arguments[0], "value", "")
    since = minus(scope.time, a[1])
    return covered([str(event)], scope, since, scope.time)


LOWERED: Final[dict[str, Lowering]] = {
    "is_dc": _tag("dc", "rodc"),
    "is_rodc": _tag("rodc"),
    "is_dns_server": _tag("dns_server"),
    "is_admin": _is(lambda _, __: _flag("admin")),
    "is_sensitive": _is(
        lambda _, __: disjunction(_flag("sensitive"), directory.tagged(["sensitive"]))
    ),
    "is_honeytoken": _is(lambda _, __: directory.tagged(["honeytoken"])),
    "is_computer": _is(lambda _, __: _flag("computer")),
    "is_delegate": _tag("delegate"),
    "member_of": _member_of,
    "honeytokens": _honeytokens,
    "exists": _exists,
    "exists_host": _exists_host,
    "deleted_within": _deleted_within,
    "renamed_within": _renamed_within,
    "changed_within": _changed_within,
    "account_of": _account_of,
    "host_named": _host_named,
    "host_of_account": _host_of_account,
    "host_of": _host_of,
    "rid_group": _rid_group,
    "is_nat": _is_nat,
    "in_vpn_pool": _in_vpn_pool,
    "same_machine": _same_machine,
    "is_foreign": _is_foreign,
    "is_internal_zone": _is_internal_zone,
    "ticket_lifetime": _ticket_lifetime,
    "cannot_delegate": _cannot_delegate,
    "silo_hosts": _silo_hosts,
    "population": _population,
    "has_coverage": _has_coverage,
}
