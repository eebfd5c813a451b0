"""Calls of DCE/RPC as the runtime traces them: Microsoft-Windows-RPC 5 (as client), 6 (as server) ->
`replication`, `samr_query`, `netlogon_secure` or `rpc_call`, as the wire tells a sealed call.

InterfaceUuid, ProcNum, Protocol, NetworkAddress, Endpoint, AuthenticationLevel. Calls within the
machine (Protocol 3, LRPC) are no events. A server's event often leaves NetworkAddress empty, the
client's address: who called is then not known, and nothing is told, for without it a replication
partner and a thief look the same. Nor is a call told that goes to a domain controller by its alias
`<DSA GUID>._msdcs.<forest>`, which is replication, and names no host; nor any without the computer's name. Whether a call succeeded stands
in another event. Reference: manifest of the provider (valueMap ProtocolSequences: 1 TCP, 2 named
pipes, 3 LRPC, 4 HTTP); MS-RPCE; MS-DRSR §2.2.3.2.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Final, NamedTuple

from dsl.schema.rpc import RpcCall
from sensor.decode.rpc_interfaces import interface_of, method_of
from sensor.map import identity
from sensor.map.rpc_calls import call_event

if TYPE_CHECKING:
    from dsl.schema.base import Event
    from sensor.map.record import Record
    from sensor.map.zeek_row import Common

_CLIENT: Final = 5
_SERVER: Final = 6
_REMOTE: Final = frozenset({1, 2, 4})
_OPNUMS: Final = 0xFFFF
_SEALED: Final = 6


class _End(NamedTuple):
    """A machine: its raw host, its address where that is known."""

    host: str
    ip: str | None


def call_started(record: Record) -> list[Event]:
    """5 and 6."""
    raw, opnum = identity.guid(record.text("InterfaceUuid")), record.number("ProcNum")
    protocol = record.number("Protocol")
    own, other = identity.host(record.computer), _other(record.text("NetworkAddress"))
    if raw is None or opnum is None or not 0 <= opnum <= _OPNUMS or other is None:
        return []
    if protocol not in _REMOTE or own is None:
        return []
    asked = record.event_id == _CLIENT
    interface, _ = interface_of(uuid.UUID(raw).bytes_le, big=False)
    common: Common = {
        "ts": record.ts,
        "via": record.via,
        "protocol": "rpc",
        "src_ip": None if asked else other.ip,
        "src_port": None,
        "dst_ip": other.ip if asked else None,
        "dst_port": None,
    }
    pipe = _pipe(record.text("Endpoint"))
    client = own if asked else other.host
    event = call_event(common, interface, method_of(interface, opnum), client, pipe)
    event.dc, event.source = (other.host, own) if asked else (own, other.host)
    level = record.number("AuthenticationLevel")
    event.encrypted = level == _SEALED if level else None
    if isinstance(event, RpcCall):
        event.opnum, event.auth_level = opnum, level or None
    return [event]


def _other(text: str | None) -> _End | None:
    """The machine at the other end; None where it is not told, is this one, or an alias of replication."""
    name = (text or "").strip().strip("\\")
    ip = identity.address(name)
    if ip is not None:
        return None if identity.is_loopback(ip) else _End(f"ip:{ip}", ip)
    host = identity.host(name)
    if host is None or host.lower() in {"name:localhost", "name:."} or "._msdcs." in host.lower():
        return None
    return _End(host, None)


def _pipe(endpoint: str | None) -> str | None:
    r"""`\pipe\lsass` as `lsass`, or the port."""
    return (endpoint or "").rpartition("\\")[2] or None


EVENTS = {("Microsoft-Windows-RPC", number): call_started for number in (_CLIENT, _SERVER)}
