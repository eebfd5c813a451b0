r"""Written names to keys of the directory as of a time: `alice`, `CORP\alice`, a UPN, a SID.

Keys are `name@dns.domain` for accounts and DNS names for hosts. Each way to write a name is its own
subquery by equality, tried in turn. It asks by the name alone and brings the intervals of what it
finds: were the time of the row in its condition, DuckDB would join objects to rows by time before
it looks at the name (10,000 rows, 70,000 objects: 12 s).
"""

from __future__ import annotations

from sqlglot import exp

from engine.backends.duckdb.directory import same_key
from engine.backends.duckdb.scope import of_kind
from engine.backends.duckdb.terms import (
    binary,
    both,
    call,
    column,
    disjunction,
    each,
    element,
    equal,
    extracted,
    is_null,
    number,
    record,
    select,
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
    fields = ("key", "valid_from", "valid_to", "deleted")
    every = call("list", record({f: column(f, "d") for f in fields}))
    query = select(every, source=stored("dir_object", "d")).where(of_kind(kind, "d"), fact)
    if domain is not None:
        query = query.join(stored("dir_domain", "n"), on=domain)
    living = call("list_filter", subquery(query), each("o", _living(time)))
    return call("list_min", call("list_transform", living, each("o", _field("key"))))


def _living(time: exp.Expr) -> exp.Expr:
    """Whether an object `o` was there at a time."""
    begun = binary(exp.LTE, _field("valid_from"), time.copy())
    known = both(begun, binary(exp.LT, time.copy(), _field("valid_to")))
    kept = disjunction(is_null(_field("deleted")), binary(exp.LT, time.copy(), _field("deleted")))
    return both(known, kept)


def _field(name: str) -> exp.Expr:
    return extracted(element("o"), name)
