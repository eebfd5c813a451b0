"""The catalogue of scalar functions and aggregates: what each takes, gives and means.

It is the contract between the checker, the backends and the documentation; it computes nothing and
knows no directory, no SQL. References: RFC 4511/4515 (filters), MS-KILE (etypes), MS-ADTS
(accounts), events.md §3 of the design.

Meaning common to all: an argument that is null gives null, unless `total`. A function marked
`lifts` takes a list as its first argument too and is then true if it is for *any element*.
Functions marked `as_of` read the directory (or lists) as of the row's `ts`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from dsl.signatures import Signature, signature


@dataclass(frozen=True, slots=True)
class Function:
    """One scalar function.

    `total`: never null (`is_*` are false on null and on what cannot be resolved). `trend`: what an
    `as_of` answer does while the directory catches up with `ts`: `up` = false becomes true, numbers
    and lists grow; `known` = null becomes a value; `down` = true becomes false, so that it is a
    negative fact as `not exists(x)` is. `at_watermark`: its answer is known only when everything up
    to `ts` has arrived. `grows` has a sign per argument: `+` = the result can only grow (lists gain
    elements, false becomes true) when the argument grows, `-` = when it shrinks, empty = nothing is
    known; the last sign counts for repeated arguments. `never_negative`: a number >= 0.
    """

    name: str
    signatures: tuple[Signature, ...]
    doc: str
    as_of: bool = False
    total: bool = False
    trend: Literal["up", "known", "down"] = "up"
    at_watermark: bool = False
    lifts: bool = False
    grows: str = ""
    never_negative: bool = False

    @property
    def negative(self) -> bool:
        """Whether being true needs a directory that is complete."""
        return self.as_of and self.trend == "down"


AggregateName = Literal[
    "count", "count_distinct", "set", "sum", "avg", "min", "max", "std", "p95", "percentile",
    "first", "last", "gap_cv",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class AggregateFunction:
    """One aggregate of `window … compute`. `trend`: what more rows do to it."""

    name: AggregateName
    signatures: tuple[Signature, ...]
    doc: str
    trend: Literal["up", "down", "up if not negative", "any"]


def _function(
    name: str,
    signatures: str,
    doc: str,
    *,
    as_of: bool = False,
    total: bool = False,
    trend: Literal["up", "known", "down"] | None = None,
    at_watermark: bool = False,
    lifts: bool = False,
    grows: str = "",
    never_negative: bool = False,
) -> Function:
    parsed = tuple(signature(s) for s in signatures.split("; "))
    result = parsed[0].result
    gains = result is not None and (result.many or result.kind == "bool")
    return Function(
        name,
        parsed,
        doc,
        as_of,
        total,
        trend or ("up" if gains else "known"),
        at_watermark,
        lifts,
        grows,
        never_negative,
    )


def _is(name: str, takes: str, doc: str) -> Function:
    return _function(name, f"{takes} -> bool", doc, as_of=True, total=True, lifts=True)


_IDENTITY: Final = (
    _is("is_dc", "host|account", "a domain controller, or its computer account"),
    _is("is_rodc", "host|account", "a read-only domain controller, or its account"),
    _is("is_dns_server", "host|account", "serves DNS for the domain"),
    _is("is_admin", "entity", "administrator: directly, through groups, or by tag"),
    _is("is_sensitive", "entity", "tagged sensitive, or in a sensitive group"),
    _is("is_honeytoken", "entity", "tagged honeytoken"),
    _is(
        "is_computer",
        "account",
        "a computer account: by the directory, or by a name that ends in `$`",
    ),
    _is("is_delegate", "host|account", "may forward tickets of others (tag delegate)"),
    _function(
        "member_of",
        "entity, group -> bool; entity, text -> bool",
        "in the group, directly or through groups; a group may be named by its sAMAccountName",
        as_of=True,
        total=True,
    ),
    _function(
        "honeytokens",
        "list account -> list account",
        "those elements that are tagged honeytoken",
        as_of=True,
        grows="+",
    ),
)
_EXISTENCE: Final = (
    _function(
        "exists",
        "account -> bool; text -> bool",
        "an account of this name exists; deleted ones do not",
        as_of=True,
    ),
    _function("exists_host", "text -> bool", "a computer of this name exists", as_of=True),
    _function(
        "deleted_within",
        "account, duration -> bool",
        "the account was deleted no longer than this before the row's ts",
        as_of=True,
    ),
    _function(
        "renamed_within",
        "account, duration -> bool",
        "the sAMAccountName was changed no longer than this before the row's ts",
        as_of=True,
    ),
    _function(
        "changed_within",
        "entity, 'text, duration -> bool",
        "the attribute (lDAPDisplayName) was changed no longer than this before the row's ts",
        as_of=True,
    ),
)
_RESOLVE: Final = (
    _function("account_of", "text -> account", "the account of this name, UPN or SID", as_of=True),
    _function("host_named", "text -> host", "the computer of this name", as_of=True),
    _function("host_of_account", "account -> host", "the host of a computer account", as_of=True),
    _function("host_of", "ip -> host", "the host that held the address", as_of=True),
    _function(
        "rid_group",
        "entity, int -> group; entity, text -> group",
        "the group with this relative id in the domain of the entity",
        as_of=True,
    ),
    _function("address_of", "text -> ip", "the address that is written so, else null"),
    _function("sid_domain", "sid -> sid; text -> sid", "a SID without its last part"),
    _function("coalesce", "T, ... -> T", "the first that is not null"),
)
_NETWORK: Final = (
    _function(
        "is_nat",
        "ip -> bool",
        "several hosts share the address (learnt, or tag nat)",
        as_of=True,
        total=True,
    ),
    _function(
        "in_vpn_pool",
        "ip -> bool",
        "an address of a VPN pool (tag vpn_pool)",
        as_of=True,
        total=True,
    ),
    _function(
        "same_machine",
        "ip, ip -> bool",
        "equal addresses, or both held by one host then",
        as_of=True,
    ),
    _function(
        "is_foreign",
        "text -> bool",
        "no domain that is known here has this realm or domain name",
        as_of=True,
        total=True,
        trend="down",
    ),
    _function(
        "distance_km",
        "text, text -> float",
        "kilometres on the great circle between two `lat,lon`",
        never_negative=True,
    ),
)
_KERBEROS: Final = (
    _function(
        "weaker",
        "etype, etype -> bool",
        "the first encryption type is weaker than the second (des < rc4 < aes128 < aes256)",
    ),
    _function(
        "strongest", "list etype -> etype", "the strongest encryption type; of an empty list null"
    ),
    _function(
        "ticket_lifetime",
        "account -> duration",
        "longest life of its TGT: least of domain policy, silo, 4 h for Protected Users",
        as_of=True,
        never_negative=True,
    ),
    _function(
        "cannot_delegate",
        "account -> bool",
        "marked `not_delegated`, or a member of Protected Users",
        as_of=True,
    ),
    _function(
        "silo_hosts",
        "text -> list host",
        "hosts in the authentication policy silo",
        as_of=True,
        grows="+",
    ),
    _function("tool_of", "text -> text", "the known tool with this fingerprint, else null"),
)
_LDAP: Final = (
    _function("ldap_selects", "text, 'text -> bool", "the filter can match objects of this class"),
    _function("is_spn_filter", "text -> bool", "the filter selects accounts by their SPN"),
    _function(
        "filter_value", "text, 'text -> text", "the value an equality asks of this attribute"
    ),
    _function("names_one", "text -> bool", "the filter names a single object"),
    _function("uac_bits", "text -> list uac", "account flags the filter tests by a bit rule"),
    _function("under", "text, text -> bool", "the first DN is the second, or lies below it"),
    _function("parent_rdn", "text -> text", "value of the RDN of a DN's parent"),
    _function(
        "sd_diff", "text, text -> list text", "entries (ACE) that differ between two descriptors"
    ),
)
_LISTS_TEXT_NUMBERS: Final = (
    _function(
        "len",
        "list any -> int; text -> int",
        "number of elements, of a null list 0; characters of a text",
        grows="+",
        never_negative=True,
    ),
    _function(
        "minus", "list T, list T -> list T", "elements of the first not in the second", grows="+-"
    ),
    _function("overlap", "list T, list T -> list T", "elements of both", grows="++"),
    _function("compact", "list T -> list T", "the elements that are not null", grows="+"),
    _function("entropy", "text -> float", "Shannon entropy, bits a character", never_negative=True),
    _function("registered_domain", "text -> text", "the registrable part of a DNS name"),
    _function("subdomain", "text -> text", "what stands before the registrable part"),
    _function("is_internal_zone", "text -> bool", "a zone of our DNS", as_of=True, total=True),
    _function(
        "abs",
        "int -> int; float -> float; duration -> duration",
        "absolute value",
        never_negative=True,
    ),
    _function(
        "least",
        "int, int, ... -> int; number, number, ... -> float; duration, duration, ... -> duration; "
        "time, time, ... -> time",
        "the smallest; null if any is",
        grows="++",
    ),
    _function(
        "greatest",
        "int, int, ... -> int; number, number, ... -> float; duration, duration, ... -> duration; "
        "time, time, ... -> time",
        "the greatest; null if any is",
        grows="++",
    ),
    _function("text", "any -> text; list any -> text", "as text; elements joined by a comma"),
    _function("lower", "text -> text; list text -> list text", "in small letters"),
    _function(
        "number",
        "text -> float",
        "a text of digits, or of `0x` and hexadecimal digits, as a number",
    ),
    _function("item", "map, 'text -> text", 'the value of this name: `data["x"]`'),
    _function(
        "texts",
        "value, ... -> list text",
        "all of them as texts, of values by name each; nulls left out",
        total=True,
    ),
    _function("is_zero", "bytes -> bool", "all bytes are zero", total=True),
)
_TIME: Final = (
    _function("hours", "duration -> float", "a duration in hours", grows="+"),
    _function(
        "hour",
        "time -> int; time, 'text -> int",
        "hour of the day 0..23, UTC or in the named zone",
        never_negative=True,
    ),
    _function(
        "weekday",
        "time -> int; time, 'text -> int",
        "day of the week, Monday = 1 .. Sunday = 7, UTC or in the named zone",
        never_negative=True,
    ),
)
_CALENDAR: Final = (
    _function(
        "time_of", "text -> time", "a time written as in ISO 8601, in UTC unless it says otherwise"
    ),
    *(
        _function(
            name, "time -> int; time, 'text -> int", f"{doc}, UTC or in the named zone",
            never_negative=True,
        )
        for name, doc in (
            ("minute", "minute of the hour 0..59"),
            ("day", "day of the month 1..31"),
            ("week", "week of the year 1..53 (ISO 8601)"),
            ("month", "month of the year 1..12"),
            ("year", "year"),
        )
    ),
)  # fmt: skip
_POPULATION_COVERAGE: Final = (
    _function(
        "population",
        "'text, text, time -> int",
        'living objects of a kind ("account", "host", "group") in the domain at that time',
        as_of=True,
        trend="up",
        never_negative=True,
    ),
    _function(
        "has_coverage",
        "'text, duration -> bool",
        "every DC had a live source of this event type for so long before the row's ts",
        total=True,
        at_watermark=True,
    ),
)

FUNCTIONS: Final[dict[str, Function]] = {
    f.name: f
    for f in (
        *_IDENTITY, *_EXISTENCE, *_RESOLVE, *_NETWORK, *_KERBEROS, *_LDAP, *_LISTS_TEXT_NUMBERS,
        *_TIME, *_CALENDAR, *_POPULATION_COVERAGE,
    )
}  # fmt: skip
"""Every scalar function by name."""


def _aggregate(
    name: AggregateName,
    signatures: str,
    doc: str,
    trend: Literal["up", "down", "up if not negative", "any"],
) -> AggregateFunction:
    parsed = tuple(signature(s) for s in signatures.split("; "))
    return AggregateFunction(name, parsed, doc, trend)


AGGREGATES: Final[dict[str, AggregateFunction]] = {
    a.name: a
    for a in (
        _aggregate("count", " -> int", "rows", "up"),
        _aggregate("count_distinct", "any, ... -> int", "distinct tuples with no null part", "up"),
        _aggregate(
            "set", "T -> list T; list T -> list T", "distinct values, at most 1,000, sorted", "up"
        ),
        _aggregate(
            "sum", "int -> int; float -> float; duration -> duration", "sum", "up if not negative"
        ),
        _aggregate("avg", "number -> float; duration -> duration", "mean", "any"),
        _aggregate(
            "min", "int -> int; float -> float; duration -> duration; time -> time", "least", "down"
        ),
        _aggregate(
            "max",
            "int -> int; float -> float; duration -> duration; time -> time",
            "greatest",
            "up",
        ),
        _aggregate("std", "number -> float; duration -> duration", "standard deviation", "any"),
        _aggregate("p95", "number -> float; duration -> duration", "95th percentile", "any"),
        _aggregate(
            "percentile", "number, 'number -> float", "the percentile 0..100 that is named", "any"
        ),
        _aggregate("first", "T -> T", "value of the earliest row", "any"),
        _aggregate("last", "T -> T", "value of the latest row", "any"),
        _aggregate(
            "gap_cv",
            "time -> float",
            "regularity of arrivals: standard deviation of the gaps over their mean",
            "any",
        ),
    )
}
"""Every aggregate by name."""
