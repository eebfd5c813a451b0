"""One DCE/RPC connection: which answer belongs to which call, of which interface and by whom.

Fed with PDUs, gives events. Knows neither TCP nor pipes; stubs are read by the modules of
`sensor.decode.rpc`. References: C706 chapters 9 and 12,
MS-RPCE 3.3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sensor.contract import Malformed
from sensor.decode import dcerpc_pdu as pdus
from sensor.decode import rpc_interfaces
from sensor.decode.dcerpc_pdu import Pdu
from sensor.decode.rpc_binds import Binds
from sensor.decode.rpc_call import Call, Handles
from sensor.decode.rpc_pending import Pending
from sensor.decode.rpc_security import PRIVACY, Securities, Security

if TYPE_CHECKING:
    from sensor.contract import Context, Flow

_CALL_LIMIT: Final = 32
_FEW_CALLS: Final = 4
_SECURE_CHANNEL: Final = 68
_LOOK_UPS: Final = frozenset({76, 77})
"""LsarLookupSids3, LsarLookupNames4: what MS-LSAT does over a Netlogon secure channel"""


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
            pending.roomy = len(self._calls) < _FEW_CALLS
            self._calls[p.call] = pending
            # its head was lost: the arguments begin nowhere
            pending.torn_request = not p.flags & pdus.FIRST
        pending.asked(p.b, p.stub, p.end)

    def _begin(self, ts: int, p: Pdu, security: Security | None) -> Pending:
        call = Call(ts, self._flow, self._context, self._handles)
        bound = self._binds.get(p.context)
        call.interface = bound.interface if bound is not None else self._guessed(p)
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

    def _guessed(self, p: Pdu) -> str:
        """Interface of a call whose bind was not seen: a secure channel serves two only."""
        kind = p.verifier.kind if p.verifier is not None else 0
        if self._guess != "unknown" or kind != _SECURE_CHANNEL:
            return self._guess
        return "lsarpc" if p.opnum in _LOOK_UPS else "netlogon"

    def _response(self, ts: int, p: Pdu) -> None:
        pending = self._calls.get(p.call)
        if pending is None:
            return
        pending.answered(p.b, p.stub, p.end, whole=p.whole)
        if p.flags & pdus.LAST:
            if pending.security is not None:
                pending.security.settle(ts, None)
            pending.returned()
            self._finish(p.call)

    def _fault(self, ts: int, p: Pdu) -> None:
        pending = self._calls.get(p.call)
        if pending is None:
            return
        pending.failed(p.status)
        if pending.security is not None:
            pending.security.settle(ts, p.status)
        self._finish(p.call)

    def _finish(self, ident: int) -> None:
        """Emit what stands for this call and forget it."""
        self._calls.pop(ident).tell(self._context)

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
