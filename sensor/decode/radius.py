"""RADIUS accounting of VPN sessions: `vpn_session` (RFC 2865 §5, 2866, 2868, 2869, 3162, 6911).

One event per record, at the time it was first sent; `success` if the server acknowledged it. The
request's authenticator is keyed with the shared secret of NAS and server, which the wire does not
show: nothing here is verified, and who can send to the server can invent sessions. Sessions of
switches and access points (NAS-Port-Type Ethernet, Wireless-802.11) are no VPN and only counted.
Knows no account, host or place: names and addresses are told as sent.
"""

from __future__ import annotations

import socket
from itertools import islice
from typing import TYPE_CHECKING, Final

from dsl.schema.radius import VpnSession
from sensor.contract import DatagramReader, Datagrams, Malformed

if TYPE_CHECKING:
    from collections.abc import Callable

    from sensor.contract import Context, Flow, Reader

PORTS_TCP: Final = ()
PORTS_UDP: Final = (1813, 1646)

ACCOUNTING_REQUEST: Final = 4
ACCOUNTING_RESPONSE: Final = 5
_HEAD: Final = 20
_LARGEST: Final = 4096
_TOLD: Final = 8_192
_SAME: Final = 60_000_000
_WAITING: Final = 4_096
_IPV4: Final = 12

_PHASE: Final[dict[int, str]] = {1: "start", 2: "stop", 3: "interim"}
"""Acct-Status-Type; the others speak of the NAS or of its tunnels, not of a session."""
_NO_VPN: Final = frozenset({15, 19})
_SECOND: Final = 1_000_000

_USER_NAME: Final = 1
_NAS_IP: Final = 4
_FRAMED_IP: Final = 8
_CALLING_STATION: Final = 31
_NAS_IDENTIFIER: Final = 32
_STATUS_TYPE: Final = 40
_SESSION_ID: Final = 44
_SESSION_TIME: Final = 46
_PORT_TYPE: Final = 61
_TUNNEL_CLIENT: Final = 66
_NAS_IPV6: Final = 95
_FRAMED_IPV6: Final = 168
_ASSIGNED_BY_NAS: Final = frozenset({b"\xff\xff\xff\xff", b"\xff\xff\xff\xfe"})


def reader(flow: Flow, context: Context) -> Reader:
    """A reader of one conversation of a NAS with an accounting server."""
    return Conversation(flow, context)


def datagrams(context: Context, flow_of: Callable[[bytes], Flow]) -> Datagrams:
    """A reader of all conversations."""
    return Accounting(context, flow_of)


class Accounting(Datagrams):
    """Records that wait for their acknowledgement, by ends and identifier; bounded all together,
    since anybody can begin conversations. The oldest are told, or forgotten, an eighth at once.

    A NAS sends a record again, unchanged or with a longer Acct-Delay-Time and a new identifier:
    what was told of a session between the same ends is not told twice in a minute. (Interim records
    without Acct-Session-Time are all alike, and at least so far apart: RFC 2869 §5.16.)
    """

    __slots__ = ("_context", "_flow_of", "_told", "_waiting")

    def __init__(self, context: Context, flow_of: Callable[[bytes], Flow]) -> None:
        self._context = context
        self._flow_of = flow_of
        self._waiting: dict[tuple[bytes, int], tuple[int, VpnSession]] = {}
        self._told: dict[int, tuple[int, int]] = {}
        """Hash of what was told -> identifier it was last sent with, time."""

    def datagram(self, ts: int, ends: bytes, b: bytes) -> None:
        """Read one packet; what lies beyond its Length is padding (RFC 2865 §3)."""
        if len(b) < _HEAD:
            raise Malformed(f"packet of {len(b)} bytes")
        length = b[2] << 8 | b[3]
        if not _HEAD <= length <= _LARGEST or length > len(b):
            raise Malformed(f"length {length}")
        code = b[0]
        if code == ACCOUNTING_REQUEST and ends[-2] << 8 | ends[-1] in PORTS_UDP:
            self._request(ts, ends, b[1], b, _HEAD, length)
        elif code == ACCOUNTING_RESPONSE and ends[-4] << 8 | ends[-3] in PORTS_UDP:
            answered = self._waiting.pop((_reversed(ends), b[1]), None)
            if answered is not None:
                answered[1].outcome = "success"
                self._context.emit(answered[1])
        else:
            self._context.count("radius.other")

    def expire(self, limit: int) -> None:
        """Tell what was sent up to `limit` and never acknowledged."""
        overdue: list[tuple[bytes, int]] = []
        for key, (_, event) in self._waiting.items():
            if event.ts > limit:
                break
            overdue.append(key)
        self._give_up(overdue)

    def close(self, ts: int) -> None:
        """Tell what was never acknowledged, at the time it was sent."""
        del ts
        self._give_up(list(self._waiting))
        self._told.clear()

    def _give_up(self, keys: list[tuple[bytes, int]]) -> None:
        for key in keys:
            self._context.emit(self._waiting.pop(key)[1])

    def _request(self, ts: int, ends: bytes, identifier: int, b: bytes, o: int, e: int) -> None:
        flow = self._flow_of(ends)
        event = VpnSession(
            ts=ts, via="wire", protocol="radius", dst_ip=flow.server,
            dst_port=flow.server_port, outcome="unknown",
        )  # fmt: skip
        if not self._fill(event, flow.client, b, o, e):
            return
        told = hash((ends, event.nas, event.session, event.account, event.phase, event.duration))
        last = self._told.get(told)
        if last is not None and abs(ts - last[1]) < _SAME:
            self._context.count("radius.repeated")
            self._again(ends, told, last, identifier)
            return
        if len(self._told) >= _TOLD:
            for old in list(islice(self._told, _TOLD // 8)):
                del self._told[old]
        self._told[told] = (identifier, ts)
        self._wait((ends, identifier), told, event)

    def _again(self, ends: bytes, told: int, last: tuple[int, int], identifier: int) -> None:
        """The record waits for the answer to what was sent last."""
        waiting = self._waiting.get((ends, last[0]))
        if last[0] != identifier and waiting is not None and waiting[0] == told:
            del self._waiting[ends, last[0]]
            self._told[told] = (identifier, last[1])
            self._wait((ends, identifier), told, waiting[1])

    def _wait(self, key: tuple[bytes, int], told: int, event: VpnSession) -> None:
        before = self._waiting.pop(key, None)
        if before is not None:
            self._context.emit(before[1])
        elif len(self._waiting) >= _WAITING:
            self._give_up(list(islice(self._waiting, _WAITING // 8)))
        self._waiting[key] = (told, event)

    def _fill(self, event: VpnSession, client: str, b: bytes, o: int, e: int) -> bool:
        """Attributes into the event; False if this is the record of no VPN session."""
        status = port_type = -1
        identifier: str | None = None
        while o < e:
            if o + 2 > e or b[o + 1] < 2 or o + b[o + 1] > e:
                raise Malformed(f"attribute cut at {o}")
            kind = b[o]
            start, o = o + 2, o + b[o + 1]
            if kind == _USER_NAME:
                event.account = _text(b, start, o) or None
            elif kind == _STATUS_TYPE:
                status = _u32(b, start, o)
            elif kind == _PORT_TYPE:
                port_type = _u32(b, start, o)
            elif kind == _SESSION_TIME:
                event.duration = _u32(b, start, o) * _SECOND
            elif kind == _SESSION_ID:
                event.session = _text(b, start, o)
            elif kind == _CALLING_STATION:
                event.calling_station = _text(b, start, o)
            elif kind == _NAS_IDENTIFIER:
                identifier = _text(b, start, o)
            elif kind in {_NAS_IP, _NAS_IPV6}:
                event.nas = "ip:" + _address(b, start, o)
            elif kind in {_FRAMED_IP, _FRAMED_IPV6}:
                if event.framed_ip is None and b[start:o] not in _ASSIGNED_BY_NAS:
                    event.framed_ip = _address(b, start, o)
            elif kind == _TUNNEL_CLIENT:
                event.src_ip = event.src_ip or _public(_tagged(b, start, o))
        event.phase = _PHASE.get(status)
        if event.phase is None:
            self._context.count("radius.no_session")
            return False
        if port_type in _NO_VPN:
            self._context.count("radius.no_vpn")
            return False
        if event.nas is None:
            event.nas = _host(identifier) if identifier else f"ip:{client}"
        event.src_ip = _public(event.calling_station or "") or event.src_ip
        return True


class Conversation(DatagramReader):
    """The same for one conversation alone."""

    __slots__ = ("_ends", "_table")

    def __init__(self, flow: Flow, context: Context) -> None:
        super().__init__(flow, context)
        self._ends = bytes(10) + PORTS_UDP[0].to_bytes(2, "big")
        self._table = Accounting(context, self._flow_of)

    def _flow_of(self, ends: bytes) -> Flow:
        del ends
        return self._flow

    def message(self, ts: int, to_server: bool, b: bytes, o: int, e: int) -> None:
        """Read one packet."""
        self._table.datagram(ts, self._ends if to_server else _reversed(self._ends), b[o:e])

    def close(self, ts: int) -> None:
        """Tell what was never acknowledged."""
        self._table.close(ts)


def _reversed(ends: bytes) -> bytes:
    """The same ends, the other first."""
    if len(ends) == _IPV4:
        return ends[4:8] + ends[:4] + ends[10:] + ends[8:10]
    return ends[16:32] + ends[:16] + ends[34:] + ends[32:34]


def _u32(b: bytes, o: int, e: int) -> int:
    if e - o != 4:
        raise Malformed(f"integer of {e - o} bytes at {o}")
    return b[o] << 24 | b[o + 1] << 16 | b[o + 2] << 8 | b[o + 3]


def _text(b: bytes, o: int, e: int) -> str:
    """Text is UTF-8; some senders end it with zeros."""
    return b[o:e].rstrip(b"\0").decode("utf-8", "backslashreplace")


def _tagged(b: bytes, o: int, e: int) -> str:
    """A tunnel attribute's text, which a tag up to 0x1F may precede (RFC 2868 §3.3)."""
    return _text(b, o + 1 if o < e and b[o] <= 0x1F else o, e)


def _address(b: bytes, o: int, e: int) -> str:
    if e - o == 4:
        return f"{b[o]}.{b[o + 1]}.{b[o + 2]}.{b[o + 3]}"
    if e - o == 16:
        return socket.inet_ntop(socket.AF_INET6, b[o:e])
    raise Malformed(f"address of {e - o} bytes at {o}")


def _public(text: str) -> str | None:
    """The address a station is called by, if it is one: `203.0.113.7`, `203.0.113.7:4500`, `[2001:db8::1]:500`."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    return text if _is_ip(text) else None


def _is_ip(text: str) -> bool:
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, text)
        except (OSError, ValueError):
            continue
        return True
    return False


def _host(name: str) -> str:
    """NAS-Identifier as a raw host."""
    if _is_ip(name):
        return f"ip:{name}"
    return name if "." in name else f"name:{name}"
