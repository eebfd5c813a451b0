"""Functions of text: names, DNS names, SIDs, LDAP filters and distinguished names.

What needs a parser is a Python function of `engine.backends.duckdb.routines`, called by name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlglot import exp

from engine.backends.duckdb.directory import unless_null
from engine.backends.duckdb.terms import (
    binary,
    call,
    column,
    denied,
    disjunction,
    each,
    element,
    equal,
    number,
    real,
    select,
    stored,
    subquery,
    text,
    valid,
    when,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from dsl import plan
    from engine.backends.duckdb.scope import Scope

    Lowering = Callable[[plan.Call, list[exp.Expr], Scope], exp.Expr]

_PARENT_RDN: Final = r"^(?:[^,\\]|\\.)*,[^=,]*=((?:[^,\\]|\\.)*)"


def _entropy(_: plan.Call, a: list[exp.Expr], __: Scope) -> exp.Expr:
    """`string_split` by nothing gives the characters, and list_entropy bits."""
    characters = call("string_split", a[0], text(""))
    empty = equal(a[0].copy(), text(""))
    return when(empty, real(0.0), call("list_entropy", characters))


def _sid_domain(_: plan.Call, a: list[exp.Expr], __: Scope) -> exp.Expr:
    return call("regexp_replace", a[0], text(r"-[0-9]+$"), text(""))


def _under(_: plan.Call, a: list[exp.Expr], __: Scope) -> exp.Expr:
    """Distinguished names are compared without case (RFC 4514, caseIgnoreMatch)."""
    low, base = call("lower", a[0]), call("lower", a[1])
    below = call("suffix", low.copy(), binary(exp.DPipe, text(","), base.copy()))
    return disjunction(equal(low, base), below)


def _parent_rdn(_: plan.Call, a: list[exp.Expr], __: Scope) -> exp.Expr:
    found = call("regexp_extract", a[0], text(_PARENT_RDN), number(1))
    return call("nullif", found, text(""))


def _tool_of(_: plan.Call, a: list[exp.Expr], scope: Scope) -> exp.Expr:
    """Known fingerprints are lists `@<tool>_fingerprints`: the tool is the list's name."""
    listed = column("list", "l")
    query = select(call("min", call("regexp_replace", listed, text("_fingerprints$"), text(""))))
    query = query.from_(stored("list_entry", "l")).where(
        equal(column("value", "l"), call("lower", a[0])),
        call("suffix", listed.copy(), text("_fingerprints")),
        valid("l", scope.time),
    )
    return subquery(query)


_ACE: Final = r"\((?:[^()]|\([^()]*\))*\)"
"""An access control entry in SDDL (MS-DTYP §2.5.1.1); conditional ones hold parentheses."""


def _sd_diff(_: plan.Call, a: list[exp.Expr], __: Scope) -> exp.Expr:
    """Entries that went, marked `-`, then those that came, marked `+`."""
    old, new = (call("regexp_extract_all", d, text(_ACE)) for d in a)

    def only(here: exp.Expr, there: exp.Expr, mark: str) -> exp.Expr:
        absent = denied(call("list_contains", there.copy(), element("e")))
        kept = call("list_filter", here.copy(), each("e", absent))
        marked = binary(exp.DPipe, text(mark), element("e"))
        return call("list_transform", kept, each("e", marked))

    whole = call("list_concat", only(old, new, "-"), only(new, old, "+"))
    return unless_null(a, whole)


def _routine(name: str) -> Lowering:
    def lower(_: plan.Call, a: list[exp.Expr], __: Scope) -> exp.Expr:
        return call(f"atp_{name}", *a)

    return lower


LOWERED: Final[dict[str, Lowering]] = {
    "entropy": _entropy,
    "sid_domain": _sid_domain,
    "under": _under,
    "parent_rdn": _parent_rdn,
    "tool_of": _tool_of,
    "sd_diff": _sd_diff,
    **{
        name: _routine(name)
        for name in (
            "registered_domain", "subdomain", "ldap_selects", "is_spn_filter", "filter_value",
            "names_one", "uac_bits",
        )
    },
}  # fmt: skip
