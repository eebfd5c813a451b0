"""Functions that read the directory, the network's names and lists as of a row's `ts`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlglot import exp

from dsl import plan
from engine.backends.duckdb import directory
from engine.backends.duckdb.coverage import covered
from engine.backends.duckdb.directory import unless_null
from engine.backends.duckdb.lists import holds_address
from engine.backends.duckdb.names import account_of, host_named
from engine.backends.duckdb.scope import plain
from engine.backends.duckdb.terms import (
    array,
    binary,
    both,
    call,
    column,
    disjunction,
    each,
    element,
    equal,
    exists,
    extracted,
    minus,
    named,
    negation,
    not_null,
    number,
    record,
    select,
    smallest,
    stored,
    subquery,
    text,
    valid,
    when,
)
from engine.backends.unsupported import Unsupported

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.backends.duckdb.scope import Scope

    Lowering = Callable[[plan.Call, list[exp.Expr], Scope], exp.Expr]

_PROTECTED_LIFETIME: Final = 4 * 3_600_000_000
"""TGT lifetime of Protected Users (MS-KILE §3.3.5.1)."""


def _is(holds: Callable[[str], exp.Expr]) -> Lowering:
    """`is_*`: a fact of the entity's object; of a list, of any element."""

    def lower(call_: plan.Call, a: list[exp.Expr], scope: Scope) -> exp.Expr:
        kind = call_.arguments[0].type
        if kind.many:
            return directory.any_holds(kind.kind, a[0], holds("d"), scope.time)
        return directory.fact(kind.kind, a[0], holds, scope)

    return lower


_known_computer: Final = _is(lambda alias: directory.flag("computer", alias))


def _is_computer(call_: plan.Call, a: list[exp.Expr], scope: Scope) -> exp.Expr:
    """By the directory, or by the name: that of a computer account ends in `$` (MS-SAMR §3.1.1.6)."""
    names = a[0].copy()
    if call_.arguments[0].type.many:
        names = call("array_to_string", names, text("\n"))
    dollar = call("regexp_matches", names, text(r"\$(@|\n|$)"))
    return disjunction(_known_computer(call_, a, scope), call("coalesce", dollar, exp.false()))


def _tag(*tags: str) -> Lowering:
    """A tag; ingest gives those of a host to its computer account too."""
    return _is(lambda alias: directory.tagged(tags, alias))


def _member_of(call_: plan.Call, a: list[exp.Expr], scope: Scope) -> exp.Expr:
    """A group that is written may be its key or its name; one from a column is a key."""
    group = call_.arguments[1]
    column_ = group.type.kind == "group" and not isinstance(group, plan.Lit)
    ask = directory.member if column_ else directory.member_by_name
    return ask(a[0], a[1], scope.time)


def _honeytokens(_: plan.Call, a: list[exp.Expr], scope: Scope) -> exp.Expr:
    """All honeytokens are few: they are joined as one list with their intervals."""
    fields = {"key": "key", "since": "valid_from", "until": "valid_to"}
    known = call("list", record({k: column(c, "d") for k, c in fields.items()}))
    query = select(named(known, "known"), source=stored("dir_object", "d")).where(
        equal(column("kind", "d"), text("account")), directory.tagged(["honeytoken"])
    )

    def source(alias: str) -> exp.Expr:
        as_ = exp.TableAlias(this=exp.to_identifier(alias, quoted=True))
        return exp.Subquery(this=query, alias=as_)

    every = column("known", scope.join("honeytokens", source, lambda _: None))
    none = array([], "STRUCT(key VARCHAR, since BIGINT, until BIGINT)")
    then = both(
        binary(exp.LTE, extracted(element("h"), "since"), scope.time),
        binary(exp.LT, scope.time, extracted(element("h"), "until")),
    )
    now = call("list_filter", call("coalesce", every, none), each("h", then))
    keys = call("list_transform", now, each("h", extracted(element("h"), "key")))
    return call("list_filter", a[0], each("e", call("list_contains", keys, element("e"))))


def _no_text() -> exp.Expr:
    return exp.cast(exp.Array(expressions=[]), exp.DataType.build("VARCHAR[]", dialect="duckdb"))


def _exists(call_: plan.Call, a: list[exp.Expr], scope: Scope) -> exp.Expr:
    key = a[0]
    if call_.arguments[0].type.kind == "text":
        return unless_null([key], not_null(account_of(key.copy(), scope.time)))

    def living(alias: str) -> exp.Expr:
        return both(not_null(column("key", alias)), directory.alive(scope.time, alias))

    return unless_null([key], directory.fact("account", key.copy(), living, scope))


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
    if plain(a[0]):
        return column("host", scope.entity("account", a[0]))
    return directory.of_object("account", a[0], column("host", "d"), scope.time)


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


def _known_domains(*names: str) -> exp.Expr:
    """Names of the domains that are known, as one list in lower case."""
    every = [call("list", call("lower", column(n, "n"))) for n in names]
    whole = every[0] if len(every) == 1 else call("list_concat", *every)
    return call("coalesce", subquery(select(whole, source=stored("dir_domain", "n"))), _no_text())


def _is_foreign(_: plan.Call, a: list[exp.Expr], __: Scope) -> exp.Expr:
    known = call("list_contains", _known_domains("name", "netbios"), call("lower", a[0]))
    return both(not_null(a[0].copy()), negation(known))


def _is_internal_zone(_: plan.Call, a: list[exp.Expr], __: Scope) -> exp.Expr:
    """A domain's zone, a zone below it, or the registered domain above it."""
    low = call("lower", a[0])

    def ends(long: exp.Expr, short: exp.Expr) -> exp.Expr:
        return call("suffix", long, binary(exp.DPipe, text("."), short))

    name = element("n")
    near = disjunction(
        equal(name, low), ends(low.copy(), name.copy()), ends(name.copy(), low.copy())
    )
    found = call("len", call("list_filter", _known_domains("name"), each("n", near)))
    return call("coalesce", binary(exp.GT, found, number(0)), exp.false())


def _ticket_lifetime(_: plan.Call, a: list[exp.Expr], scope: Scope) -> exp.Expr:
    """Policies of silos are not known, so domain and Protected Users decide."""
    if not plain(a[0]):
        raise Unsupported("`ticket_lifetime` of an account that is itself looked up")
    account = scope.entity("account", a[0])
    policy = scope.join(
        f"domain of {account}",
        lambda alias: stored("dir_domain", alias),
        lambda alias: equal(column("name", alias), column("domain", account)),
    )
    guarded = directory.in_rid_group(a[0].copy(), directory.PROTECTED_USERS, scope.time)
    return smallest(column("ticket_lifetime", policy), when(guarded, number(_PROTECTED_LIFETIME)))


def _cannot_delegate(_: plan.Call, a: list[exp.Expr], scope: Scope) -> exp.Expr:
    if not plain(a[0]):
        raise Unsupported("`cannot_delegate` of an account that is itself looked up")
    account = scope.entity("account", a[0])
    marked = call("list_contains", column("uac", account), text("not_delegated"))
    guarded = directory.in_rid_group(a[0].copy(), directory.PROTECTED_USERS, scope.time)
    known = not_null(column("key", account))
    return when(known, disjunction(call("coalesce", marked, exp.false()), guarded))


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
    "is_admin": _is(lambda alias: directory.flag("admin", alias)),
    "is_sensitive": _is(directory.sensitive),
    "is_honeytoken": _tag("honeytoken"),
    "is_computer": _is_computer,
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
