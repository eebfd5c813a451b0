"""Which interface each presentation context of a DCE/RPC connection is bound to.

Reads bind, alter_context and their answers; emits one `rpc_bind` an interface and exchange, held
back until the authentication has named mechanism and account. Knows no call. References: C706
12.6.3.1, .4.3, .4.4; MS-RPCE 2.2.2, 3.3.1.5.3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dsl.schema.rpc import RpcBind
from sensor.contract import Malformed, common
from sensor.decode import dcerpc_pdu as pdus
from sensor.decode import rpc_interfaces
from sensor.decode.rpc_security import PRIVACY

if TYPE_CHECKING:
    from sensor.contract import Context, Flow
    from sensor.decode.dcerpc_pdu import Pdu
    from sensor.decode.rpc_security import Securities, Security

_CONTEXT_LIMIT: Final = 128


class Bound:
    """A presentation context: the interface, and whether stubs are NDR64."""

    __slots__ = ("interface", "security", "uuid", "wide")

    def __init__(self, interface: str, uuid: str, *, wide: bool) -> None:
        self.interface = interface
        self.uuid = uuid
        self.wide = wide
        self.security: Security | None = None
        """The security context it was bound with."""


class Binds:
    """`pipe` as in the events; the port is told to the driver where it is one of TCP."""

    __slots__ = ("_context", "_contexts", "_flow", "_offers", "_pipe", "_securities", "_waiting")

    def __init__(self, flow: Flow, context: Context, pipe: str, securities: Securities) -> None:
        self._flow = flow
        self._context = context
        self._pipe = pipe
        self._securities = securities
        self._contexts: dict[int, Bound] = {}
        self._offers: list[tuple[int, Bound]] = []
        self._waiting: list[tuple[RpcBind, Security | None]] = []

    def get(self, ident: int) -> Bound | None:
        """What this presentation context stands for."""
        return self._contexts.get(ident)

    def offer(self, p: Pdu, security: Security | None) -> None:
        self.tell()
        self._offers = []
        o = p.body + 8
        if o + 4 > p.end:
            raise Malformed("bind without contexts")
        count = p.b[o]
        o += 4
        for _ in range(count):
            ident = p.u16(o)
            syntaxes = p.b[o + 2]
            o += 4
            if o + 20 * (1 + syntaxes) > p.end:
                raise Malformed("presentation context cut")
            interface, uuid = rpc_interfaces.interface_of(p.b[o : o + 16], big=bool(p.big))
            o += 20
            transfer = p.b[o : o + 16] if syntaxes else b""
            o += 20 * syntaxes
            if transfer[:8] != rpc_interfaces.FEATURES:
                bound = Bound(interface, uuid, wide=transfer == rpc_interfaces.NDR64)
                known = self._contexts.get(ident)
                bound.security = security
                # alter_context repeats a context to carry the next token of an exchange; it is
                # told again only if it brings another exchange
                repeated = (
                    known is not None
                    and known.uuid == uuid
                    and (security is None or known.security is security)
                )
                if p.kind == pdus.BIND or not repeated:
                    self._offers.append((ident, bound))
                    self._accept(ident, bound)

    def _accept(self, ident: int, bound: Bound) -> None:
        # already with the offer: clients may send calls together with the bind
        if len(self._contexts) >= _CONTEXT_LIMIT and ident not in self._contexts:
            self._contexts.pop(next(iter(self._contexts)))
        self._contexts[ident] = bound

    def answer(self, ts: int, p: Pdu) -> None:
        o = p.body + 8
        o += 2 + p.u16(o)
        o += -(o - p.o) % 4
        if o + 4 > p.end:
            raise Malformed("bind_ack without results")
        results = [p.u16(o + 4 + 24 * i) for i in range(min(p.b[o], _CONTEXT_LIMIT))]
        told: dict[str, bool] = {}
        for i, (_ident, bound) in enumerate(self._offers):
            accepted = i < len(results) and results[i] == 0
            if accepted and o + 28 + 24 * i <= p.end:
                chosen = p.b[o + 8 + 24 * i : o + 24 + 24 * i]
                bound.wide = chosen == rpc_interfaces.NDR64
            told[bound.uuid] = told.get(bound.uuid, False) or accepted
        by_uuid = {bound.uuid: bound for _ident, bound in self._offers}
        self._offers = []
        for uuid, accepted in told.items():
            self._add_bind(ts, by_uuid[uuid], "success" if accepted else "error")
            if accepted and not self._flow.udp and self._pipe.isdigit():
                self._context.learn_rpc_port(
                    self._flow.server, self._flow.server_port, by_uuid[uuid].interface
                )
        security = self._securities.last
        if security is None or security.account is not None or p.kind == pdus.ALTER_CONTEXT_RESP:
            self.tell()

    def refuse(self, ts: int, p: Pdu) -> None:
        reason = p.u16(p.body)
        # 8: authentication type not recognized, 9: invalid checksum (MS-RPCE 2.2.2.5)
        outcome = "denied" if reason in (8, 9) else "error"
        for _ident, bound in self._offers:
            self._add_bind(ts, bound, outcome)
        self._offers = []
        self.tell()
        self._securities.abandon(ts, outcome, None)

    def _add_bind(self, ts: int, bound: Bound, outcome: str) -> None:
        security = self._securities.last
        level = security.level if security is not None else None
        event = RpcBind(
            **common(self._flow, ts, "rpc"),
            interface=bound.interface,
            uuid=bound.uuid,
            pipe=self._pipe,
            auth_level=level,
        )
        event.encrypted = level == PRIVACY or self._flow.encrypted
        event.outcome = outcome
        self._waiting.append((event, security))

    def tell(self) -> None:
        """Emit binds that waited for the exchange to name mechanism and account."""
        if not self._waiting:
            return
        for event, security in self._waiting:
            event.mechanism = security.mechanism if security is not None else "none"
            if security is not None and security.account is not None:
                event.account = security.account
            self._context.emit(event)
        self._waiting = []
