"""One record of RADIUS accounting: the attributes of an Accounting-Request -> `vpn_session`.

Begin, course and end of a session, and of the NAS itself (Accounting-On, Accounting-Off: no
session outlives them). Sessions of switches and access points (NAS-Port-Type Ethernet,
Wireless-802.11) are no VPN. Knows no account, host or place: names and addresses are told as sent.
References: RFC 2865 §5, 2866, 2868, 2869, 3162, 6911.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Final

from sensor.contract import Malformed

if TYPE_CHECKING:
    from dsl.schema.radius import VpnSession

ACCOUNTING_REQUEST: Final = 4
ACCOUNTING_RESPONSE: Final = 5
HEAD: Final = 20
"""Bytes before the attributes: code, identifier, length, authenticator."""
LARGEST: Final = 4096
SAME: Final = 60_000_000
"""Microseconds within which the same record of the same session is the same, sent again."""

_PHASE: Final[dict[int, str]] = {
    1: "start", 2: "stop", 3: "interim", 7: "accounting_on", 8: "accounting_off",
}  # fmt: skip
"""Acct-Status-Type; the others speak of the NAS's tunnels, not of a session."""
_NO_VPN: Final = frozenset({15, 19})
_SECOND: Final = 1_000_000

_USER_NAME: Final = 1
_NAS_IP: Final = 4
_FRAMED_IP: Final = 8
_CALLING_STATION: Final = 31
_NAS_IDENTIFIER: Final = 32
_STATUS_TYPE: Final = 40
DELAY_TIME: Final = 41
_SESSION_ID: Final = 44
_SESSION_TIME: Final = 46
_PORT_TYPE: Final = 61
_TUNNEL_CLIENT: Final = 66
_NAS_IPV6: Final = 95
_FRAMED_IPV6: Final = 168
_ASSIGNED_BY_NAS: Final = frozenset({b"\xff\xff\xff\xff", b"\xff\xff\xff\xfe"})


def fill(event: VpnSession, client: str, b: bytes, o: int, e: int) -> str:
    """Attributes b[o:e] of a request that `client` sent, into the event. Says what the record is
    where it is none of a VPN session (`no_session`, `no_vpn`), else "". Raises Malformed.
    """
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
        return "no_session"
    if port_type in _NO_VPN:
        return "no_vpn"
    if event.nas is None:
        event.nas = _host(identifier) if identifier else f"ip:{client}"
    event.src_ip = _public(event.calling_station or "") or event.src_ip
    return ""


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
