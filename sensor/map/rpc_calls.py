"""A call of DCE/RPC of which nothing but its interface and method is known -> the event that the decoder
tells of it: `replication`, `samr_query`, `netlogon_secure` or `rpc_call`. Knows no record and no row.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from dsl.schema.rpc import NetlogonSecure, Replication, RpcCall, SamrQuery
from sensor.decode.rpc import drsuapi, netlogon, samr
from sensor.decode.rpc_interfaces import method_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dsl.schema.base import Event
    from sensor.map.zeek_row import Common


def call_event(
    common: Common, interface: str, method: str | None, client: str | None, pipe: str | None
) -> Event:
    """The event; `client` is the raw host that called."""
    if interface == drsuapi.INTERFACE and method in _directions():
        direction = _directions()[method]
        return Replication(**common, method=method, direction=direction, partner=client)
    if interface == samr.INTERFACE and method in _names(interface, samr.READS):
        lists = method in _names(interface, samr.LISTS)
        return SamrQuery(**common, method=method, enumerates=lists)
    if interface == netlogon.INTERFACE and method in _names(interface, netlogon.SECURE):
        return NetlogonSecure(**common, method=method)
    return RpcCall(**common, interface=interface, method=method, pipe=pipe)


@cache
def _directions() -> dict[str, str | None]:
    """DRSUAPI's methods that replicate -> which way."""
    named = {method_of(drsuapi.INTERFACE, n): way for n, way in drsuapi.DIRECTIONS.items()}
    return {name: way for name, way in named.items() if name}


@cache
def _names(interface: str, opnums: Iterable[int]) -> frozenset[str]:
    return frozenset(name for n in opnums if (name := method_of(interface, n)))
