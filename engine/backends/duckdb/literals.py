"""Constants of a plan as SQL, and how each kind compares.

Accounts, hosts, groups, services and domains ignore case: ingest stores them in lower case, so the
constants beside them are lowered here. Addresses are 16 bytes, IPv4 inside ::ffff:0:0/96.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Final

from dsl import plan
from dsl.schema.derive import ip_bytes
from engine.backends.duckdb.terms import (
    blob,
    false,
    null,
    number,
    real,
    text,
    true,
)

if TYPE_CHECKING:
    from sqlglot import exp

    from dsl.types import TypeName

CASELESS: Final[frozenset[TypeName]] = frozenset({"account", "host", "group", "service"})
WHOLE: Final[frozenset[TypeName]] = frozenset({"int", "time", "duration"})
_MAPPED: Final = ipaddress.ip_network("::ffff:0:0/96")


def literal(value: plan.Value, kind: TypeName, *, fold: bool = False) -> exp.Expr:
    """A constant of a kind; `fold` where it stands beside something that ignores case."""
    match value:
        case None:
            return null()
        case bool():
            return true() if value else false()
        case int():
            return real(float(value)) if kind == "float" else number(value)
        case float():
            return real(value)
        case bytes():
            return blob(value)
    if kind == "ip":
        packed = ip_bytes(value)
        return null() if packed is None else blob(packed)
    if kind == "bytes":
        return blob(bytes.fromhex(value))
    return text(value.lower() if fold or kind in CASELESS else value)


def ignores_case(expr: plan.Expr) -> bool:
    """Whether a value compares without case: by its kind, or because it is a domain."""
    if expr.type.kind in CASELESS:
        return True
    match expr:
        case plan.Col(name) | plan.Attr(_, name):
            return name.rpartition(".")[2] == "domain"
        case _:
            return False


def network_bounds(written: str) -> tuple[bytes, bytes] | None:
    """First and last stored address of a network such as `10.0.0.0/8`; None where it is none."""
    try:
        network = ipaddress.ip_network(written.strip(), strict=False)
    except ValueError:
        return None
    low, high = network.network_address, network.broadcast_address
    if isinstance(network, ipaddress.IPv4Network):
        prefix = _MAPPED.network_address.packed[:12]
        return prefix + low.packed, prefix + high.packed
    return low.packed, high.packed


def holds_mapped(low: bytes, high: bytes) -> bool:
    """Whether an IPv6 network reaches over all stored IPv4 addresses without meaning them."""
    return (
        low <= _MAPPED.network_address.packed
        and _MAPPED.broadcast_address.packed <= high
        and (low, high) != (_MAPPED.network_address.packed, _MAPPED.broadcast_address.packed)
    )


MAPPED_LOW: Final = _MAPPED.network_address.packed
MAPPED_HIGH: Final = _MAPPED.broadcast_address.packed
