"""Who speaks on a DCE/RPC connection: its security contexts and their authentication exchanges.

Knows the security trailer (C706 13.2, MS-RPCE 2.2.1.1.7-8) and hands tokens on to the driver's
`Auth`; reads itself only the NL_AUTH_MESSAGE that opens a Netlogon secure channel (MS-NRPC
2.2.1.3.1), because that names the machine account in clear.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sensor.decode import rpc_status

if TYPE_CHECKING:
    from sensor.contract import Auth, Context, Flow
    from sensor.decode.dcerpc_pdu import Verifier

MECHANISM: Final[dict[int, str]] = {
    0: "none",
    9: "spnego",
    10: "ntlm",
    14: "schannel",
    16: "kerberos",
    68: "netlogon",
}
PRIVACY: Final = 6
_NETLOGON: Final = 68
_WITH_TOKENS: Final = frozenset({9, 10, 16})
_CONTEXT_LIMIT: Final = 16
_NETBIOS_DOMAIN: Final = 1
_NETBIOS_COMPUTER: Final = 2


class Security:
    """One security context: level, mechanism, and the account once it is known."""

    __slots__ = ("_account", "_auth", "_finished", "kind", "level")

    def __init__(self, flow: Flow, context: Context, kind: int, level: int) -> None:
        self.kind = kind
        self.level = level
        self._account: str | None = None
        self._finished = False
        self._auth: Auth | None = context.auth(flow, "rpc") if kind in _WITH_TOKENS else None

    @property
    def account(self) -> str | None:
        return self._auth.account if self._auth is not None else self._account

    @property
    def mechanism(self) -> str:
        if self._auth is not None and self._auth.mechanism:
            return self._auth.mechanism
        return MECHANISM.get(self.kind, "none")

    def token(self, ts: int, to_server: bool, b: bytes, v: Verifier) -> None:
        if self._auth is not None:
            self._auth.token(ts, to_server, b, v.token, v.token_end)
        elif self.kind == _NETLOGON and to_server:
            self._account = _machine_account(b[v.token : v.token_end])

    def settle(self, ts: int, fault: int | None) -> None:
        """The server answered a call of this context (`fault`: it refused it so)."""
        if self._auth is None or self._finished:
            return
        self._finished = True
        if fault is None:
            self._auth.finish(ts, "success", 0)
        else:
            # a fault that is no refusal says that the caller was let in
            outcome = rpc_status.outcome_of(fault)
            denied = outcome != "error"
            self._auth.finish(ts, outcome if denied else "success", fault if denied else 0)

    def abandon(self, ts: int, outcome: str, status: int | None) -> None:
        """No answer will tell more."""
        if self._auth is not None and not self._finished:
            self._finished = True
            self._auth.finish(ts, outcome, status)


class Securities:
    """The security contexts of a connection by their id."""

    __slots__ = ("_by_id", "_context", "_flow", "last")

    def __init__(self, flow: Flow, context: Context) -> None:
        self._flow = flow
        self._context = context
        self._by_id: dict[int, Security] = {}
        self.last: Security | None = None
        """The one spoken of last, for PDUs without a trailer (levels none and connect)."""

    def of(self, v: Verifier) -> Security:
        """The context of this trailer, made when it is new."""
        found = self._by_id.get(v.context)
        if found is None or found.kind != v.kind:
            if len(self._by_id) >= _CONTEXT_LIMIT:
                self._by_id.pop(next(iter(self._by_id)))
            found = Security(self._flow, self._context, v.kind, v.level)
            self._by_id[v.context] = found
        self.last = found
        return found

    def all_private(self) -> bool:
        """Is every context sealed, so that no stub of a PDU with a trailer can be read?"""
        return bool(self._by_id) and all(s.level == PRIVACY for s in self._by_id.values())

    def abandon(self, ts: int, outcome: str, status: int | None) -> None:
        for security in self._by_id.values():
            security.abandon(ts, outcome, status)


def _machine_account(token: bytes) -> str | None:
    r"""`DOMAIN\COMPUTER$` of an NL_AUTH_MESSAGE of type 0 (negotiate request)."""
    if len(token) < 8 or token[0:4] != b"\0\0\0\0":
        return None
    flags = int.from_bytes(token[4:8], "little")
    if flags & 3 != _NETBIOS_DOMAIN | _NETBIOS_COMPUTER:
        return None
    domain, _, rest = token[8:].partition(b"\0")
    computer = rest.partition(b"\0")[0]
    if not computer or len(domain) > 64 or len(computer) > 64:
        return None
    return f"{domain.decode('latin-1')}\\{computer.decode('latin-1')}$"
