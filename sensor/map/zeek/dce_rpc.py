"""dce_rpc.log -> `replication`, `samr_query`, `netlogon_secure` or `rpc_call`, as the decoder tells them.

The log has no arguments. Reference: base/protocols/dce-rpc.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Final

from dsl.schema.rpc import NetlogonSecure, Replication, RpcCall, SamrQuery
from sensor.decode.rpc import drsuapi, netlogon, samr
from sensor.decode.rpc_interfaces import method_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dsl.schema.base import Event
    from sensor.map.zeek_row import Row

PATH: Final = "dce_rpc"
MARKS: Final = (frozenset({"endpoint", "operation"}),)
_INTERFACES: Final[dict[str, str]] = {
    "itaskschedulerservice": "itask", "iwbemservices": "wbem_services",
    "iwbemlevel1login": "wbem_login", "iwbemloginclientid": "wbem_login",
    "iremoteactivation": "dcom_activation", "isystemactivator": "dcom_activation",
    "ioxidresolver": "oxid_resolver", "iobjectexporter": "oxid_resolver",
    "iremunknown": "remunknown", "iremunknown2": "remunknown", "efs": "efsrpc",
    "winspool": "spoolss", "icertpassage": "icpr", "backupkey": "bkrp",
}  # fmt: skip
_NAME_LIMIT: Final = 64
_PREFIX: Final = re.compile(r"^\\pipe\\", re.IGNORECASE)


def events(row: Row) -> list[Event]:
    """The event of a row."""
    endpoint, method = (row.text("endpoint") or "").lower()[:_NAME_LIMIT], row.text("operation")
    if not endpoint or not method:
        return []
    interface = _INTERFACES.get(endpoint, endpoint)
    common = row.common("rpc")
    source = common["src_ip"]
    if interface == drsuapi.INTERFACE and method in _directions():
        partner = f"ip:{source}" if source else None
        direction = _directions()[method]
        return [Replication(**common, method=method, direction=direction, partner=partner)]
    if interface == samr.INTERFACE and method in _names(interface, samr.READS):
        lists = method in _names(interface, samr.LISTS)
        return [SamrQuery(**common, method=method, enumerates=lists)]
    if interface == netlogon.INTERFACE and method in _names(interface, netlogon.SECURE):
        return [NetlogonSecure(**common, method=method)]
    return [RpcCall(**common, interface=interface, method=method, pipe=_pipe(row))]


def _pipe(row: Row) -> str | None:
    r"""`\PIPE\samr` as `samr`, or the port."""
    name = row.text("named_pipe")
    return name and _PREFIX.sub("", name)


@cache
def _directions() -> dict[str, str | None]:
    """DRSUAPI's methods that replicate -> which way."""
    named = {method_of(drsuapi.INTERFACE, n): way for n, way in drsuapi.DIRECTIONS.items()}
    return {name: way for name, way in named.items() if name}


@cache
def _names(interface: str, opnums: Iterable[int]) -> frozenset[str]:
    return frozenset(name for n in opnums if (name := method_of(interface, n)))
