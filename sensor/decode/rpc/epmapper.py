"""The endpoint mapper (C706 appendix O): which TCP port an interface listens on.

Towers of an ept_map answer are read wherever they stand: each floor names a protocol, so their
shape needs no count of the pointers before them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sensor.decode.rpc_interfaces import interface_of

if TYPE_CHECKING:
    from dsl.schema.base import Event
    from sensor.decode.ndr import Ndr
    from sensor.decode.rpc_call import Call

INTERFACE: Final = "epmapper"

_MAP: Final = 3
_TOWER_LIMIT: Final = 16
_UUID: Final = 0x0D
_TCP: Final = 0x07
_FLOORS: Final = 8


def events(call: Call) -> list[Event]:
    name: str | None = None
    if call.answered and call.outcome == "success" and call.opnum == _MAP:
        for interface, port in _endpoints(call.response()):
            name = interface
            call.context.learn_rpc_port(call.flow.server, port, interface)
    return [call.rpc_call(name)]


def _endpoints(stub: Ndr) -> list[tuple[str, int]]:
    stub.handle()
    stub.u32()  # num_towers
    stub.size()
    stub.size()
    count = min(stub.size(), _TOWER_LIMIT)
    present = sum(stub.pointer() for _ in range(count))
    found = []
    for _ in range(present):
        stub.size()
        length = stub.u32()
        endpoint = _endpoint(stub.raw(length))
        if endpoint is not None:
            found.append(endpoint)
    return found


def _endpoint(tower: bytes) -> tuple[str, int] | None:
    """Interface and TCP port of one tower; None for other transports. Towers are little-endian,
    ports are in network order.
    """
    o = 2
    interface: str | None = None
    for _ in range(min(int.from_bytes(tower[:2], "little"), _FLOORS)):
        left = int.from_bytes(tower[o : o + 2], "little")
        lhs = tower[o + 2 : o + 2 + left]
        o += 2 + left
        right = int.from_bytes(tower[o : o + 2], "little")
        rhs = tower[o + 2 : o + 2 + right]
        o += 2 + right
        if not lhs or o > len(tower):
            return None
        if lhs[0] == _UUID and interface is None and left >= 19:
            interface = interface_of(lhs[1:17], big=False)[0]
        elif lhs[0] == _TCP and right == 2 and interface is not None:
            port = int.from_bytes(rhs, "big")
            return (interface, port) if port else None
    return None
