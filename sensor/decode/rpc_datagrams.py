"""Connectionless DCE/RPC: calls over UDP, each PDU of which names interface and method.

Version 4 of the protocol (C706 12.5), long out of use between Windows machines but still answered
by old ones and by devices. A call is known by its activity and sequence number; requests and
answers may come in fragments, whose order is believed as it comes. Authentication is not followed:
a PDU with a verifier counts as sealed. Knows no port.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from sensor.contract import Malformed, Reader
from sensor.decode import rpc_interfaces
from sensor.decode.rpc_call import Call, Handles
from sensor.decode.rpc_pending import Pending

if TYPE_CHECKING:
    from sensor.contract import Context, Flow

_HEAD: Final = 80
_VERSION: Final = 4
_REQUEST: Final = 0
_RESPONSE: Final = 2
_FAULT: Final = 3
_REJECT: Final = 6
_LAST_FRAGMENT: Final = 0x02
_FRAGMENT: Final = 0x04
_BODY: Final = (struct.Struct("<IIIHHHHHBB"), struct.Struct(">IIIHHHHHBB"))
_U32: Final = (struct.Struct("<I"), struct.Struct(">I"))
_CALL_LIMIT: Final = 32
_Key = tuple[bytes, int]


class DatagramReader(Reader):
    """Messages of one UDP conversation."""

    __slots__ = ("_calls", "_context", "_flow", "_handles")

    def __init__(self, flow: Flow, context: Context) -> None:
        self._flow = flow
        self._context = context
        self._handles = Handles()
        self._calls: dict[_Key, Pending] = {}

    def frame(self, to_server: bool, b: bytes, o: int, e: int) -> tuple[int, int]:  # noqa: ARG002 the contract names them
        return e - o, e - o

    def resync(self, to_server: bool, b: bytes, o: int, e: int) -> int:  # noqa: ARG002
        return o

    def message(self, ts: int, to_server: bool, b: bytes, o: int, e: int) -> None:
        if e - o < _HEAD or b[o] != _VERSION:
            raise Malformed("no connectionless DCE/RPC header")
        kind = b[o + 1]
        big = 0 if b[o + 4] & 0x10 else 1
        (
            _boot, _version, sequence, opnum, _interface_hint, _activity_hint, size, fragment,
            verifier, _serial,
        ) = _BODY[big].unpack_from(b, o + 56)  # fmt: skip
        stub = o + _HEAD
        if size > e - stub:
            raise Malformed(f"body of {size} bytes in {e - stub}")
        end = stub + size
        key = (b[o + 40 : o + 56], sequence)
        only = not b[o + 2] & _FRAGMENT
        last = only or bool(b[o + 2] & _LAST_FRAGMENT)
        if kind == _REQUEST and to_server:
            pending = self._begin(ts, b, o, key, opnum, fragment)
            pending.call.sealed |= verifier != 0
            pending.asked(b, stub, end)
            return
        found = self._calls.get(key)
        if found is None or to_server:
            return
        if kind == _RESPONSE:
            found.answered(b, stub, end, whole=True)
            if last:
                found.returned()
                self._finish(key)
        elif kind in (_FAULT, _REJECT):
            if size < 4:
                raise Malformed("fault without a status")
            found.failed(int(_U32[big].unpack_from(b, stub)[0]))
            self._finish(key)

    def _begin(self, ts: int, b: bytes, o: int, key: _Key, opnum: int, fragment: int) -> Pending:
        """The call of this request, made with its first PDU; what is sent again is not read again."""
        found = self._calls.get(key)
        if found is not None:
            found.torn_request |= fragment == 0
            return found
        if len(self._calls) >= _CALL_LIMIT:
            self._finish(next(iter(self._calls)))
        call = Call(ts, self._flow, self._context, self._handles)
        call.big = not b[o + 4] & 0x10
        call.interface = rpc_interfaces.interface_of(b[o + 24 : o + 40], big=call.big)[0]
        call.opnum = opnum
        call.method = rpc_interfaces.method_of(call.interface, opnum)
        call.pipe = str(self._flow.server_port)
        pending = Pending(call)
        pending.torn_request = fragment != 0
        self._calls[key] = pending
        return pending

    def _finish(self, key: _Key) -> None:
        self._calls.pop(key).tell(self._context)

    def gap(self, ts: int, to_server: bool) -> None:
        """DatagramReader have no gaps."""

    def close(self, ts: int) -> None:  # noqa: ARG002
        for key in list(self._calls):
            self._finish(key)
