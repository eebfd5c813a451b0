"""MS-NRPC: the secure channel as `netlogon_secure`, clear SamLogon calls as `ntlm_auth`.

SamLogon is mostly sealed by the secure channel; then it stays an `rpc_call` of the server that
passes the logon through. In clear, its sender is that server and not the client, whose name is all
that is told of it. Nothing of a password or of a response to a challenge is kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dsl.schema.ntlm import NtlmAuth
from dsl.schema.rpc import NetlogonSecure
from sensor.decode.rpc_call import raw_host

if TYPE_CHECKING:
    from dsl.schema.base import Event
    from sensor.decode.ndr import Ndr
    from sensor.decode.rpc_call import Call

INTERFACE: Final = "netlogon"

_CHALLENGE: Final = 4
_AUTHENTICATE: Final = frozenset({5, 15, 26})
_KERBEROS: Final = 59
_WITH_FLAGS: Final = frozenset({15, 26, _KERBEROS})
_ACCOUNT_FIRST: Final = frozenset({6, 30, 31, 42, 46})
"""(PrimaryName, AccountName, type, ComputerName, …): ServerPasswordSet, …Set2, …PasswordGet,
…TrustPasswordsGet, …GetTrustInfo"""
SECURE: Final = _AUTHENTICATE | _ACCOUNT_FIRST | {_CHALLENGE, _KERBEROS}
_LOGON: Final = frozenset({2, 39, 45})
_WITH_AUTHENTICATORS: Final = frozenset({2, 45})
_CREDENTIAL_BYTES: Final = 8
_LEVELS: Final[dict[int, str]] = {
    1: "interactive",
    2: "network",
    3: "service",
    5: "interactive",
    6: "network",
    7: "service",
}
"""NETLOGON_LOGON_INFO_CLASS (MS-NRPC 2.2.1.4.16), with the transitive ones."""


def events(call: Call) -> list[Event]:
    if call.opnum in SECURE:
        return [call.finish(_secure(call))]
    if call.opnum in _LOGON and call.clear:
        logon = _logon(call)
        if logon is not None:
            return [call.finish(logon)]
    return [call.rpc_call()]


def _secure(call: Call) -> NetlogonSecure:
    event = NetlogonSecure(**call.common(), method=call.method, status=call.status)
    if not call.clear:
        return event
    stub = call.request()
    stub.unique_text()  # PrimaryName
    if call.opnum == _CHALLENGE:
        event.computer = stub.text()
        event.client_challenge = stub.raw(_CREDENTIAL_BYTES)
        return event
    event.account = stub.text()
    stub.enum()  # SecureChannelType
    event.computer = stub.text()
    if call.opnum in _AUTHENTICATE:
        event.client_credential = stub.raw(_CREDENTIAL_BYTES)
    if call.opnum in _WITH_FLAGS:
        event.flags = stub.u32()
    return event


def _logon(call: Call) -> NtlmAuth | None:
    """LogonLevel and NETLOGON_LEVEL of NetrLogonSamLogon, …Ex and …WithFlags."""
    stub = call.request()
    stub.unique_text()  # LogonServer
    server = stub.unique_text()
    if call.opnum in _WITH_AUTHENTICATORS:
        for _ in range(2):
            if stub.pointer():
                stub.align(4)
                stub.skip(12)
    level = stub.enum()
    if stub.wide:
        stub.align(8)  # NDR64 aligns a union as its widest arm (MS-RPCE 2.2.5.3)
    if level not in _LEVELS or stub.enum() != level or not stub.pointer():
        return None
    stub.align(8 if stub.wide else 4)
    has_domain = stub.counted()
    stub.u32()  # ParameterControl
    stub.u32()
    stub.u32()  # LogonId, an OLD_LARGE_INTEGER
    has_user = stub.counted()
    has_workstation = stub.counted()
    version = _responses(stub) if _LEVELS[level] == "network" else None
    if _LEVELS[level] != "network":
        stub.skip(32)  # LmOwfPassword, NtOwfPassword
    domain = stub.text() if has_domain else ""
    user = stub.text() if has_user else ""
    workstation = stub.text() if has_workstation else None
    event = NtlmAuth(
        **call.common(),
        workstation=workstation,
        status=call.status,
        ntlm_version=version,
        logon_type=_LEVELS[level],
    )
    event.account = (f"{domain}\\{user}" if domain else user) or None
    event.src_ip = None
    event.src_port = None
    event.server = raw_host(server.lstrip("\\")) if server else f"ip:{call.flow.client}"
    return event


def _responses(stub: Ndr) -> str | None:
    """Which NTLM response NETLOGON_NETWORK_INFO carries, by the length of the NT one."""
    stub.skip(8)  # LmChallenge
    nt = _response_length(stub)
    lm = _response_length(stub)
    if nt > 24:
        return "v2"
    if nt:
        return "v1"
    return "lm" if lm else None


def _response_length(stub: Ndr) -> int:
    stub.align(8 if stub.wide else 4)
    length = stub.u16()
    stub.u16()
    stub.pointer()
    return length
