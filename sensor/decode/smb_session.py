"""Who is logged on over an SMB connection: one session, of either protocol version.

A connection carries many sessions; each has a flow of its own, so that pipes and files inside
carry the session's account. Knows no message format. References: MS-SMB2 3.3.1.8, MS-CIFS 3.3.1.5.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dsl.schema.smb import SmbSession, SmbTransform
from sensor.contract import Flow, common
from sensor.decode.ntstatus import outcome_of

if TYPE_CHECKING:
    from sensor.contract import Auth, Context


class Client:
    """What negotiation told about a connection; `shape` is its part of the fingerprint."""

    __slots__ = ("dialect", "guid", "shape", "signing")

    def __init__(self) -> None:
        self.dialect: str | None = None
        self.guid: str | None = None
        self.signing: bool | None = None
        self.shape = ""


class Session:
    """One session. `flow.account` is set once it is established."""

    __slots__ = ("_auth", "_context", "_told_encrypted", "flow", "native_lm", "native_os", "shape")

    def __init__(self, flow: Flow, context: Context) -> None:
        self.flow = Flow(flow.client, flow.client_port, flow.server, flow.server_port, udp=False)
        self._context = context
        self._auth: Auth | None = None
        self._told_encrypted = False
        self.native_os: str | None = None
        self.native_lm: str | None = None
        self.shape = ""

    def asked(self, ts: int, b: bytes, o: int, e: int) -> None:
        """The client's security blob of a round; the first of an exchange opens it."""
        if self._auth is None:
            self._auth = self._context.auth(self.flow, "smb")
        if o < e:
            self._auth.token(ts, True, b, o, e)  # noqa: FBT003 direction, by contract

    def answered(self, ts: int, b: bytes, o: int, e: int) -> None:
        """The server's security blob of a round."""
        if self._auth is not None and o < e:
            self._auth.token(ts, False, b, o, e)  # noqa: FBT003 direction, by contract

    def established(
        self, ts: int, client: Client, status: int, account: str | None, mechanism: str | None
    ) -> None:
        """The server's last word on a set-up: emits `smb_session`.

        `account`, `mechanism`: what the set-up itself named, where no blob did.
        """
        outcome = outcome_of(status)
        workstation: str | None = None
        shape = f"{client.shape}|{self.shape}"
        if self._auth is not None:
            self._auth.finish(ts, outcome, status)
            account = self._auth.account or account
            mechanism = mechanism or self._auth.mechanism
            workstation = self._auth.workstation
            shape = f"{shape}|{self._auth.fingerprint or ''}"
            self._auth = None
        if outcome == "success":
            self.flow.account = account
        event = SmbSession(
            **common(self.flow, ts, "smb"),
            dialect=client.dialect,
            mechanism=mechanism or "none",
            workstation=workstation,
            native_os=self.native_os,
            native_lm=self.native_lm,
            client_guid=client.guid,
            signing=client.signing,
            fingerprint=shape,
            status=status,
        )
        event.account = account
        event.outcome = outcome
        self._context.emit(event)

    def sealed(self, ts: int, size: int) -> None:
        """An encrypted message of this session; told once."""
        self.flow.encrypted = True
        if self._told_encrypted:
            return
        self._told_encrypted = True
        event = SmbTransform(**common(self.flow, ts, "smb"), kind="encrypted", declared_size=size)
        event.encrypted = True
        self._context.emit(event)

    def close(self, ts: int) -> None:
        """The connection is over; a set-up without its last word stays open for ever."""
        if self._auth is not None:
            self._auth.finish(ts, "unknown", None)
            self._auth = None
