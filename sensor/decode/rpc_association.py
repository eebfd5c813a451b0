"""One DCE/RPC connection: which answer belongs to which call, of which interface and by whom.

Fed with PDUs, gives events. Knows neither TCP nor pipes; stubs are read by the modules of
`sensor.decode.rpc`. Of a stub only the head is kept. References: C706 chapters 9 and 12,
MS-RPCE 3.3.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from sensor.contract import Malformed
from sensor.decode import dcerpc_pdu as pdus
from sensor.decode import rpc_interfaces, rpc_status
from sensor.decode.dcerpc_pdu import Pdu
from sensor.decode.rpc import stub_readers
from sensor.decode.rpc_binds import Binds
from sensor.decode.rpc_call import Call, Handles
from sensor.decode.rpc_methods import VOID
from sensor.decode.rpc_security import PRIVACY, Securities, Security

if TYPE_CHECKING:
    from sensor.contract import Context, Flow

REQUEST_LIMIT: Final = 8_192
LONG_REQUEST_LIMIT: Final = 32_768
_LONG_REQUESTS: Final = frozenset({"itask", "icpr", "wbem_services"})
"""Interfaces whose requests hold documents: task definitions, certificate requests, objects."""
RESPONSE_LIMIT: Final = 2_048
_TAIL: Final = 16
_CALL_LIMIT: Final = 32
_STUBS: Final = stub_readers()


class Pending:
    """A call under way, with the kept heads of its stubs."""

    __slots__ = ("call", "request", "response", "security", "tail", "torn_request", "torn_response")

    def __init__(self, call: Call) -> None:
        self.call = call
        self.security: Security | None = None
        self.request = b""
        self.response = b""
        self.tail = b""
        self.torn_request = False
        self.torn_response = False


class Association:
    """`pipe` is what the events call it: the name of a pipe, or the TCP port as text."""

    __slots__ = (
        "_binds", "_calls", "_context", "_flow", "_guess", "_handles",
        "_pipe", "securities",
    )  # fmt: skip

    def __init__(self, flow: Flow, context: Context, pipe: str, guess: str) -> None:
        """`guess`: interface of calls whose bind was not seen."""
        self._flow = flow
        self._context = context
        self._pipe = pipe
        self._guess = guess
        self._calls: dict[int, Pending] = {}
        self._handles = Handles()
        self.securities = Securities(flow, context)
        self._binds = Binds(flow, context, pipe, self.securities)

    def message(self, ts: int, to_server: bool, b: bytes, o: int, e: int) -> None:
        """Read one PDU (or its kept head)."""
        p = Pdu(b, o, e)
        security: Security | None = None
        if p.verifier is not None:
            security = self.securities.of(p.verifier)
        kind = p.kind
        if (kind in pdus.TO_SERVER) != to_server:
            raise Malformed(f"PDU of type {kind} in the wrong direction")
        if kind == pdus.REQUEST:
            self._request(ts, p, security)
        elif kind == pdus.RESPONSE:
            self._response(ts, p)
        elif kind == pdus.FAULT:
            self._fault(ts, p)
        else:
            if security is not None and p.verifier is not None:
                security.token(ts, to_server, b, p.verifier)
            if kind in (pdus.BIND, pdus.ALTER_CONTEXT):
                self._binds.offer(p, security)
            elif kind in (pdus.BIND_ACK, pdus.ALTER_CONTEXT_RESP):
                self._binds.answer(ts, p)
            elif kind == pdus.BIND_NAK:
                self._binds.refuse(ts, p)
            elif kind == pdus.AUTH3:
                self._binds.tell()

    # binds

    def _request(self, ts: int, p: Pdu, security: Security | None) -> None:
        self._binds.tell()
        pending = self._calls.get(p.call)
        if p.flags & pdus.FIRST or pending is None:
            if pending is not None:
                self._finish(p.call)
            elif len(self._calls) >= _CALL_LIMIT:
                self._finish(next(iter(self._calls)))
            pending = self._begin(ts, p, security)
            self._calls[p.call] = pending
            # its head was lost: the arguments begin nowhere
            pending.torn_request = not p.flags & pdus.FIRST
        long = pending.call.interface in _LONG_REQUESTS
        room = (LONG_REQUEST_LIMIT if long else REQUEST_LIMIT) - len(pending.request)
        if room > 0 and not pending.torn_request and not pending.call.sealed:
            pending.request += p.b[p.stub : min(p.end, p.stub + room)]

    def _begin(self, ts: int, p: Pdu, security: Security | None) -> Pending:
        call = Call(ts, self._flow, self._context, self._handles)
        bound = self._binds.get(p.context)
        call.interface = bound.interface if bound is not None else self._guess
        call.wide = bound is not None and bound.wide
        call.opnum = p.opnum
        call.method = rpc_interfaces.method_of(call.interface, p.opnum)
        call.pipe = self._pipe
        call.big = bool(p.big)
        security = security or self.securities.last
        if p.verifier is not None:
            call.auth_level = p.verifier.level
        elif security is not None:
            call.auth_level = security.level
        call.sealed = p.auth_size > 0 and call.auth_level in (PRIVACY, None)
        pending = Pending(call)
        pending.security = security
        return pending

    def _response(self, ts: int, p: Pdu) -> None:
        pending = self._calls.get(p.call)
        if pending is None:
            return
        if not pending.call.sealed:
            room = RESPONSE_LIMIT - len(pending.response)
            if room > 0 and not pending.torn_response:
                pending.response += p.b[p.stub : min(p.end, p.stub + room)]
            if p.whole:
                pending.tail = (pending.tail + p.b[max(p.stub, p.end - _TAIL) : p.end])[-_TAIL:]
            else:
                pending.tail = b""
        if p.flags & pdus.LAST:
            if pending.security is not None:
                pending.security.settle(ts, None)
            call = pending.call
            call.answered = not call.sealed
            if call.answered and len(pending.tail) >= 4 and call.method not in VOID | {None}:
                call.status = int.from_bytes(pending.tail[-4:], "big" if call.big else "little")
                call.outcome = rpc_status.outcome_of(call.status)
            self._finish(p.call)

    def _fault(self, ts: int, p: Pdu) -> None:
        pending = self._calls.get(p.call)
        if pending is None:
            return
        pending.call.status = p.status
        pending.call.outcome = rpc_status.outcome_of(p.status)
        if pending.call.outcome == "success":
            pending.call.outcome = "error"
        if pending.security is not None:
            pending.security.settle(ts, p.status)
        self._finish(p.call)

    def _finish(self, ident: int) -> None:
        """Emit what stands for this call and forget it."""
        pending = self._calls.pop(ident)
        call = pending.call
        if pending.security is not None and pending.security.account is not None:
            call.account = pending.security.account
        call.tail = pending.tail
        call.clear = bool(pending.request)
        call.sealed = call.sealed or self._flow.encrypted
        call.fill(pending.request, pending.response)
        reader = _STUBS.get(call.interface)
        if reader is None:
            self._context.emit(call.rpc_call())
            return
        try:
            events = reader(call)
        except (IndexError, ValueError, struct.error):
            self._context.count("rpc.stub_malformed")
            call.clear = False
            call.answered = False
            events = reader(call)
        for event in events:
            self._context.emit(event)

    def gap(self, to_server: bool) -> None:
        """Bytes are missing: fragments of a call under way no longer join."""
        for pending in self._calls.values():
            if to_server:
                pending.request = b""
                pending.torn_request = True
            else:
                pending.response = b""
                pending.tail = b""
                pending.torn_response = True

    def close(self, ts: int) -> None:
        self._binds.tell()
        for ident in list(self._calls):
            self._finish(ident)
        self.securities.abandon(ts, "unknown", None)
