"""What decoders and the wire driver owe each other.

A decoder (`sensor.decode.<protocol>`) is pure: bytes and offsets in, events out through the
`Context` it was given. It knows no socket, file, clock, other decoder or flow table. The driver
(`sensor.wire.drive`) owns flows, reassembly and nesting: a decoder that meets a foreign payload
(an authentication token, a named pipe) asks its `Context` for the reader of it.

Rules for everything that reads the wire (hostile input): `b` is one bytes object, positions are
absolute offsets with an explicit end; every length is checked against the end; integers are at
most 8 bytes; loops and maps are bounded; a message that cannot be read raises `Malformed`,
IndexError, ValueError or struct.error, which the driver catches per message, counts and survives.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict, TypeVar

from mypy_extensions import mypyc_attr

if TYPE_CHECKING:
    from dsl.schema.base import Event


class Malformed(ValueError):  # noqa: N818 - the word the standards use
    """The peer's bytes are not what the protocol allows, at this offset."""


class Flow:
    """One conversation, client to server; addresses as text, ports as numbers.

    `account` is who the connection is bound as (raw, as sent), once a bind or session set-up
    succeeded; readers above (RPC in a pipe) put it on their events.
    """

    __slots__ = ("account", "client", "client_port", "encrypted", "server", "server_port", "udp")

    def __init__(
        self, client: str, client_port: int, server: str, server_port: int, *, udp: bool
    ) -> None:
        self.client = client
        self.client_port = client_port
        self.server = server
        self.server_port = server_port
        self.udp = udp
        self.account: str | None = None
        self.encrypted = False


@mypyc_attr(allow_interpreted_subclasses=True)
class Auth:
    """One authentication exchange carried by another protocol: NTLMSSP or Kerberos, bare or in
    SPNEGO. Made by `Context.auth`; the carrier feeds tokens and says how it ended.
    """

    __slots__ = ("account", "fingerprint", "mechanism", "workstation")

    def __init__(self) -> None:
        self.mechanism: str | None = None
        """A word of enums.AUTH_MECHANISM, once known."""
        self.account: str | None = None
        """`DOMAIN\\user` of an NTLM AUTHENTICATE; for Kerberos the owner of the ticket where its
        issue was seen (`Context.ticket_owner`), else None: the ticket itself is sealed."""
        self.workstation: str | None = None
        self.fingerprint: str | None = None

    def token(self, ts: int, to_server: bool, b: bytes, o: int, e: int) -> None:
        """Read one token (SPNEGO, raw NTLMSSP, GSS-API Kerberos); never raises."""
        raise NotImplementedError

    def finish(self, ts: int, outcome: str, status: int | None) -> None:
        """The carrier's answer: emits `ntlm_auth` or `kerberos_ap` once per exchange."""
        raise NotImplementedError


@mypyc_attr(allow_interpreted_subclasses=True)
class Reader:
    """Messages of one connection (or UDP conversation), both directions."""

    __slots__ = ()

    def frame(self, to_server: bool, b: bytes, o: int, e: int) -> tuple[int, int]:
        """Head of a message at `o` -> (want, total).

        total: length of the whole message, 0 if more bytes are needed to know, -1 if this is no
        message of the protocol (the driver searches on with `resync`). want <= total: how many
        bytes `message` needs (0: it is not called); the driver skips the rest without copying.
        UDP: not called.
        """
        raise NotImplementedError

    def resync(self, to_server: bool, b: bytes, o: int, e: int) -> int:
        """Offset in [o, e) where a message plausibly begins, or -1; used after loss and at a
        mid-stream start. Where too few bytes are left to tell, do not guess: the driver keeps the
        last 63 and asks again when more have come.
        """
        raise NotImplementedError

    def message(self, ts: int, to_server: bool, b: bytes, o: int, e: int) -> None:
        """Read one message (its first `want` bytes are b[o:e]) and emit events."""
        raise NotImplementedError

    def gap(self, ts: int, to_server: bool) -> None:
        """Bytes were lost in this direction before the next message."""
        raise NotImplementedError

    def close(self, ts: int) -> None:
        """The conversation is over: emit what still waits for an answer."""
        raise NotImplementedError


@mypyc_attr(allow_interpreted_subclasses=True)
class DatagramReader(Reader):
    """A reader of a protocol that is UDP only: `message` is all it has to add, and `close` where
    something waits. There is no stream to frame, and none to lose bytes of.
    """

    __slots__ = ("_context", "_flow")

    def __init__(self, flow: Flow, context: Context) -> None:
        self._flow = flow
        self._context = context

    def frame(self, to_server: bool, b: bytes, o: int, e: int) -> tuple[int, int]:
        """Never a message of a stream."""
        del to_server, b, o, e
        return 0, -1

    def resync(self, to_server: bool, b: bytes, o: int, e: int) -> int:
        """As above."""
        del to_server, b, o, e
        return -1

    def gap(self, ts: int, to_server: bool) -> None:
        """No stream, no gap."""

    def close(self, ts: int) -> None:
        """Nothing waits."""


@mypyc_attr(allow_interpreted_subclasses=True)
class Datagrams:
    """All UDP conversations of one protocol: for protocols whose conversations are too short to be
    worth a reader each. A decoder that exports `datagrams(context, flow_of)` gives one; `flow_of`
    makes the flow of raw ends, client first.
    """

    __slots__ = ()

    def datagram(self, ts: int, ends: bytes, b: bytes) -> None:
        """One datagram with payload `b`; `ends` are the raw addresses and ports of its sender and
        its receiver as they stand in the headers (4+4+2+2 bytes for IPv4, 16+16+2+2 for IPv6).
        """
        raise NotImplementedError

    def expire(self, limit: int) -> None:
        """Emit what waits for an answer since before `limit`."""
        raise NotImplementedError

    def close(self, ts: int) -> None:
        """The stream is over: emit what still waits."""
        raise NotImplementedError


@mypyc_attr(allow_interpreted_subclasses=True)
class Context:
    """What a reader may ask of the world."""

    __slots__ = ()

    def emit(self, event: Event) -> None:
        """Hand over an event; the driver adds sensor and seq."""
        raise NotImplementedError

    def count(self, what: str, amount: int = 1) -> None:
        """Add to a named counter (`kerberos.malformed`, `smb.skipped_bytes`)."""
        raise NotImplementedError

    def auth(self, flow: Flow, carrier: str) -> Auth:
        """A new authentication exchange inside `carrier` (smb, ldap, rpc, http)."""
        raise NotImplementedError

    def pipe(self, flow: Flow, name: str) -> Reader:
        """A reader for DCE/RPC inside the named pipe `name` of an SMB session. It is fed whole
        PDUs or fragments of the byte stream per direction by `message`.
        """
        raise NotImplementedError

    def learn_rpc_port(self, server: str, port: int, interface: str) -> None:
        """The endpoint mapper, or a bind, told that this TCP port speaks DCE/RPC. An empty
        interface means not known which.
        """
        raise NotImplementedError

    def ticket_issued(self, ticket: bytes, account: str) -> None:
        """A KDC gave out the ticket with this hash (`ticket_hash` of the events) to `account`."""
        raise NotImplementedError

    def ticket_owner(self, ticket: bytes) -> str | None:
        """Who got the ticket with this hash, if its issue was seen lately (bounded memory)."""
        raise NotImplementedError

    def keep(self, key: bytes, text: str) -> None:
        """Remember a text for readers of other conversations (bounded memory, oldest go first);
        keys begin with the name of the protocol.
        """
        raise NotImplementedError

    def kept(self, key: bytes) -> str | None:
        """The text kept under this key."""
        raise NotImplementedError

    def host_seen(
        self, ts: int, flow: Flow, protocol: str | None, ip: str, host: str, method: str,
        until: int | None = None,
    ) -> None:  # fmt: skip
        """`ip` belongs to `host` (raw, as `name:WS9` or a DNS name) from here on, at most until
        `until`; with `until` not after `ts`, no longer. Tells `host_binding` where that is news,
        or was told some minutes ago.
        """
        raise NotImplementedError


class Common(TypedDict):
    """What `common` gives; typed, so that `KerberosAs(**common(...), realm=...)` checks."""

    ts: int
    via: str
    src_ip: str
    src_port: int
    dst_ip: str
    dst_port: int
    protocol: str
    account: str | None


def common(flow: Flow, ts: int, protocol: str) -> Common:
    """The common fields of a wire event of this flow, for `Event(**common(...), ...)`."""
    return {
        "ts": ts,
        "via": "wire",
        "src_ip": flow.client,
        "src_port": flow.client_port,
        "dst_ip": flow.server,
        "dst_port": flow.server_port,
        "protocol": protocol,
        "account": flow.account,
    }


E = TypeVar("E", bound="Event")


def wire_event(make: type[E], flow: Flow, ts: int, protocol: str) -> E:
    """An event of this flow with the common fields."""
    return make(
        ts=ts,
        via="wire",
        src_ip=flow.client,
        src_port=flow.client_port,
        dst_ip=flow.server,
        dst_port=flow.server_port,
        protocol=protocol,
        account=flow.account,
    )
