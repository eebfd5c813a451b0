"""DHCP leases as `host_binding` (RFC 2131, 2132; RFC 4702 client FQDN).

The server's DHCPACK says which address is whose until when; the name is the client's own word, in
the acknowledgement or in a request before it, remembered by hardware address: request and answer
are seldom one conversation. Knows no directory; gives no event of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sensor.contract import DatagramReader, Malformed

if TYPE_CHECKING:
    from sensor.contract import Context, Flow, Reader

PORTS_TCP: Final = ()
PORTS_UDP: Final = (67,)

METHOD: Final = "dhcp"
_REPLY: Final = 2
_OPTIONS: Final = 240
_COOKIE: Final = bytes.fromhex("63825363")
_KEY: Final = b"dhcp/"
_NOBODY: Final = "0.0.0.0"  # noqa: S104 - the unspecified address of the protocol, nothing is bound
_FOR_EVER: Final = 0xFFFFFFFF
_SECOND: Final = 1_000_000

_PAD: Final = 0
_HOST_NAME: Final = 12
_LEASE: Final = 51
_OVERLOAD: Final = 52
_MESSAGE_TYPE: Final = 53
_CLIENT_FQDN: Final = 81
_END: Final = 255
_ASKS: Final = frozenset({1, 3, 8})
"""DHCPDISCOVER, DHCPREQUEST, DHCPINFORM."""
_ACK: Final = 5
_RELEASE: Final = 7
_FQDN_ENCODED: Final = 4
_LONGEST: Final = 253


class Options:
    """What the options say: message type (0: none), lease in seconds, names."""

    __slots__ = ("fqdn", "host_name", "kind", "lease", "overload")

    def __init__(self) -> None:
        self.kind = 0
        self.lease: int | None = None
        self.overload = 0
        self.host_name = ""
        self.fqdn = ""

    @property
    def host(self) -> str | None:
        """The client's name as a raw host: its FQDN where that has a domain."""
        if "." in self.fqdn:
            return self.fqdn
        text = self.host_name or self.fqdn
        if not text:
            return None
        return text if "." in text else f"name:{text}"


def reader(flow: Flow, context: Context) -> Reader:
    """A reader of one conversation with a DHCP server, relay or broadcast address."""
    return Leases(flow, context)


class Leases(DatagramReader):
    """Messages of one conversation."""

    __slots__ = ()

    def message(self, ts: int, to_server: bool, b: bytes, o: int, e: int) -> None:
        """Read one message; plain BOOTP says nothing about names.

        Servers and relays send from their own port (RFC 2131 §4.1), which takes privilege: what
        any user may send from another port is no answer.
        """
        sender = self._flow.client_port if to_server else self._flow.server_port
        if e - o < _OPTIONS or not 1 <= b[o + 2] <= 16:
            raise Malformed(f"no BOOTP message at {o}")
        if b[o + 236 : o + 240] != _COOKIE:
            return
        told = options(b, o, e)
        key = _KEY + b[o + 28 : o + 28 + b[o + 2]]
        host = told.host
        if b[o] == _REPLY:
            if sender not in PORTS_UDP:
                self._context.count("dhcp.no_server")
            elif told.kind == _ACK:
                self._leased(ts, key, host, told, b, o)
        elif told.kind in _ASKS:
            if host is not None:
                self._context.keep(key, host)
        elif told.kind == _RELEASE:
            host = host or self._context.kept(key)
            ip = _address(b, o + 12)
            if host is not None and ip != _NOBODY:
                self._context.host_seen(ts, self._flow, METHOD, ip, host, METHOD, ts)

    def _leased(
        self, ts: int, key: bytes, host: str | None, told: Options, b: bytes, o: int
    ) -> None:
        """An acknowledged lease; without yiaddr it answers DHCPINFORM of a fixed address."""
        host = host or self._context.kept(key)
        ip = _address(b, o + 16)
        if ip == _NOBODY:
            ip = _address(b, o + 12)
        if host is None or ip == _NOBODY:
            return
        self._context.keep(key, host)
        until: int | None = None
        if told.lease is not None and told.lease != _FOR_EVER:
            until = ts + max(told.lease, 1) * _SECOND
        self._context.host_seen(ts, self._flow, METHOD, ip, host, METHOD, until)


def options(b: bytes, o: int, e: int) -> Options:
    """The options of the message at `o`, those in `file` and `sname` too (RFC 2132 §9.3)."""
    told = Options()
    _read(told, b, o + _OPTIONS, e)
    if told.overload & 1:
        _read(told, b, o + 108, o + 236)
    if told.overload & 2:
        _read(told, b, o + 44, o + 108)
    return told


def _read(told: Options, b: bytes, o: int, e: int) -> None:
    while o < e:
        kind = b[o]
        if kind == _PAD:
            o += 1
            continue
        if kind == _END:
            return
        if o + 2 > e or o + 2 + b[o + 1] > e:
            raise Malformed(f"option cut at {o}")
        start = o + 2
        o = start + b[o + 1]
        if kind == _MESSAGE_TYPE and o > start:
            told.kind = b[start]
        elif kind == _LEASE and o - start == 4:
            told.lease = b[start] << 24 | b[start + 1] << 16 | b[start + 2] << 8 | b[start + 3]
        elif kind == _OVERLOAD and o > start:
            told.overload = b[start]
        elif kind == _HOST_NAME:
            told.host_name = _name(b[start:o].decode("latin-1"))
        elif kind == _CLIENT_FQDN and o - start > 3:
            told.fqdn = _fqdn(b, start, o)


def _fqdn(b: bytes, o: int, e: int) -> str:
    """The domain name behind flags and two result codes: labels, or text of older clients."""
    if not b[o] & _FQDN_ENCODED:
        return _name(b[o + 3 : e].decode("latin-1"))
    labels: list[str] = []
    o += 3
    while o < e and b[o]:
        start = o + 1
        o = start + b[o]
        if o > e:
            raise Malformed(f"label cut at {start}")
        labels.append(b[start:o].decode("latin-1"))
    return _name(".".join(labels))


def _name(text: str) -> str:
    """A host name without the dot or zero at its end; empty where no host is called so."""
    text = text.rstrip("\0.")
    plain = text.replace("-", "").replace("_", "").replace(".", "")
    return text if len(text) <= _LONGEST and plain.isascii() and plain.isalnum() else ""


def _address(b: bytes, o: int) -> str:
    return f"{b[o]}.{b[o + 1]}.{b[o + 2]}.{b[o + 3]}"
