"""A DCE/RPC call under way: the kept heads of its stubs, and the events it ends in.

Shared by the connection-oriented and the connectionless protocol. Knows no PDU and no transport.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from sensor.decode import rpc_status
from sensor.decode.rpc import stub_readers
from sensor.decode.rpc_methods import VOID

if TYPE_CHECKING:
    from sensor.contract import Context
    from sensor.decode.rpc_call import Call
    from sensor.decode.rpc_security import Security

REQUEST_LIMIT: Final = 8_192
LONG_REQUEST_LIMIT: Final = 32_768
_LONG_REQUESTS: Final = frozenset({"itask", "icpr", "wbem_services"})
"""Interfaces whose requests hold documents: task definitions, certificate requests, objects."""
RESPONSE_LIMIT: Final = 2_048
_TAIL: Final = 16
_STUBS: Final = stub_readers()


class Pending:
    """A call, `torn_*` where the head of a stub was lost, and the last bytes of the answer."""

    __slots__ = (
        "call", "request", "response", "roomy", "security", "tail", "torn_request", "torn_response",
    )  # fmt: skip

    def __init__(self, call: Call) -> None:
        self.call = call
        self.security: Security | None = None
        self.request = b""
        self.response = b""
        self.tail = b""
        self.torn_request = False
        self.torn_response = False
        self.roomy = False
        """whether few calls are under way, so that a long request may be kept"""

    def asked(self, b: bytes, o: int, e: int) -> None:
        """The next piece of the request's stub."""
        call = self.call
        if self.torn_request or call.sealed:
            return
        long = self.roomy and call.interface in _LONG_REQUESTS
        limit = LONG_REQUEST_LIMIT if long else REQUEST_LIMIT
        room = limit - len(self.request)
        if room > 0:
            self.request += b[o : min(e, o + room)]

    def answered(self, b: bytes, o: int, e: int, *, whole: bool) -> None:
        """The next piece of the response's stub; not `whole`: its end was not kept."""
        if self.call.sealed:
            return
        room = RESPONSE_LIMIT - len(self.response)
        if room > 0 and not self.torn_response:
            self.response += b[o : min(e, o + room)]
        self.tail = (self.tail + b[max(o, e - _TAIL) : e])[-_TAIL:] if whole else b""

    def returned(self) -> None:
        """The last piece of the answer came: its end is the return value."""
        call = self.call
        call.answered = not call.sealed
        if call.answered and len(self.tail) >= 4 and call.method is not None:
            if call.method in VOID:
                return
            call.status = int.from_bytes(self.tail[-4:], "big" if call.big else "little")
            call.outcome = rpc_status.outcome_of(call.status)

    def failed(self, status: int) -> None:
        """The server answered with a fault."""
        self.call.status = status
        self.call.outcome = rpc_status.outcome_of(status)
        if self.call.outcome == "success":
            self.call.outcome = "error"

    def tell(self, context: Context) -> None:
        """Emit what stands for the call."""
        call = self.call
        if self.security is not None and self.security.account is not None:
            call.account = self.security.account
        call.tail = self.tail
        call.clear = bool(self.request)
        call.sealed = call.sealed or call.flow.encrypted
        call.fill(self.request, self.response)
        reader = _STUBS.get(call.interface)
        if reader is None:
            context.emit(call.rpc_call())
            return
        try:
            events = reader(call)
        except (IndexError, ValueError, struct.error):
            context.count("rpc.stub_malformed")
            call.clear = False
            call.answered = False
            events = reader(call)
        for event in events:
            context.emit(event)
