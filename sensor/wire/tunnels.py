"""Mirrored and tunnelled traffic: where the frame inside the payload of an outer packet begins.

A sensor off the wire gets copies in GRE (RFC 2784, 2890: IPv4, IPv6, transparent Ethernet), ERSPAN
types I to III (draft-foschiano-erspan-03), VXLAN (RFC 7348), and sometimes IP in IP (RFC 2003,
4213). The inner frame takes the same road as any; its addresses are the flow's. Pure functions of
bytes and offsets; know nothing of what lies inside.
"""

from __future__ import annotations

from typing import Final

from sensor.wire.link import ETHERNET, RAW

IP_IN_IP: Final = 4
IPV6_IN_IP: Final = 41
GRE: Final = 47
CARRIERS: Final = frozenset({IP_IN_IP, IPV6_IN_IP, GRE})
"""IP protocols that may hold a frame."""
VXLAN_PORT: Final = 4789
DEEPEST: Final = 2
"""Tunnels in tunnels that are followed: a mirror of an overlay network."""

_CHECKSUM: Final = 0x80
_ROUTING: Final = 0x40
_KEY: Final = 0x20
_SEQUENCE: Final = 0x10
_VERSION: Final = 0x07
_BRIDGED: Final = 0x6558
_ERSPAN: Final = 0x88BE
_ERSPAN_3: Final = 0x22EB
_IP: Final = frozenset({0x0800, 0x86DD})
_VNI_VALID: Final = 0x08

Inner = tuple[int, int]
"""(link type of `sensor.wire.link`, offset); the offset is -1 if nothing readable is inside."""
NOTHING: Final[Inner] = (RAW, -1)


def inside_ip(protocol: int, b: bytes, o: int, e: int) -> Inner:
    """What the payload b[o:e] of an IP packet of one of `CARRIERS` holds."""
    if protocol == GRE:
        return _gre(b, o, e)
    return (RAW, o) if o < e else NOTHING


def inside_vxlan(b: bytes, o: int, e: int) -> Inner:
    """What the VXLAN datagram whose UDP payload is b[o:e] holds."""
    if o + 8 >= e or b[o] & _VNI_VALID == 0:
        return NOTHING
    return ETHERNET, o + 8


def _gre(b: bytes, o: int, e: int) -> Inner:
    if o + 4 > e:
        return NOTHING
    flags = b[o]
    if flags & _ROUTING or b[o + 1] & _VERSION:
        return NOTHING  # source routes are long gone; version 1 is PPTP
    kind = b[o + 2] << 8 | b[o + 3]
    at = o + 4
    for flag in (_CHECKSUM, _KEY, _SEQUENCE):
        if flags & flag:
            at += 4
    if kind == _ERSPAN:
        # type I has neither sequence number nor header of its own
        at = _erspan(b, at, e) if flags & _SEQUENCE else at
        link = ETHERNET
    elif kind == _ERSPAN_3:
        return _erspan_3(b, at, e)
    elif kind == _BRIDGED:
        link = ETHERNET
    elif kind in _IP:
        link = RAW
    else:
        return NOTHING
    return (link, at) if 0 <= at < e else NOTHING


def _erspan(b: bytes, o: int, e: int) -> int:
    """Type II: eight bytes, version 1."""
    return o + 8 if o + 8 < e and b[o] >> 4 == 1 else -1


def _erspan_3(b: bytes, o: int, e: int) -> Inner:
    """Type III: twelve bytes, version 2, then eight more if the O bit says so; frame type 2 is IP."""
    if o + 12 >= e or b[o] >> 4 != 2:
        return NOTHING
    at = o + 20 if b[o + 11] & 1 else o + 12
    link = RAW if b[o + 10] >> 2 & 0x1F == 2 else ETHERNET
    return (link, at) if at < e else NOTHING
