r"""Written names to keys of the directory as of a time: `alice`, `CORP\alice`, a UPN, a SID.

Keys are `name@dns.domain` for accounts and DNS names for hosts. Each way to write a name is its own
subquery by equality, tried in turn.
"""

from __future__ import annotations

from sqlglot import exp

from engine.backends.duckdb.directory import alive, objects, same_key
from engine.backends.duckdb.terms import (
    binary,
    call,
    column,
    disjunction,
    equal,
    number,
    stored,
    subquery,
    text,
)


def account_of(written: exp.Expr, time: exp.Expr) -> exp.Expr:
    """Key of the living account of this name, UPN or SID; null where there is none."""
    bare = call("lower", call("list_extract", _parts(written), number(-1)))
    qualifier = call("lower", call("list_extract", _parts(written), number(1)))
    named = disjunction(
        equal(call("len", _parts(written)), number(1)),
        equal(call("lower", column("netbios", "n")), qualifier),
        equal(column("name", "n"), qualifier.copy()),
    )
    in_domain = same_key(binary(exp.DPipe, binary(exp.DPipe, bare, text("@")), _domain()))
    return call(
        "coalesce",
        _found("account", same_key(call("lower", written.copy())), time),
        _found("account", in_domain, time, named),
        _found("account", equal(column("sid", "d"), call("upper", written.copy())), time),
    )


def host_named(written: exp.Expr, time: exp.Expr) -> exp.Expr:
    """Key of the living computer of this name or DNS name; null where there is none."""
    low = call("lower", written)
    full = binary(exp.DPipe, binary(exp.DPipe, low, text(".")), _domain())
    return call(
        "coalesce",
        _found("host", same_key(low.copy()), time),
        _found("host", same_key(full), time, exp.true()),
    )


def _parts(written: exp.Expr) -> exp.Expr:
    return call("string_split", written.copy(), text("\\"))


def _domain() -> exp.Expr:
    return column("name", "n")


def _found(kind: str, fact: exp.Expr, time: exp.Expr, domain: exp.Expr | None = None) -> exp.Expr:
    """The least key among the living objects; `domain` joins the domains that are known."""
    query = objects(kind, time.copy(), call("min", column("key", "d")))
    if domain is not None:
        query = query.join(stored("dir_domain", "n"), on=domain)
    return subquery(query.where(fact, alive(time.copy())))
