"""Link layers: where the IP header begins in a captured frame.

Ethernet II with any stack of VLAN tags (IEEE 802.1Q, 802.1ad) and MPLS labels (RFC 3032), Linux
cooked v1 and v2, raw IP, BSD NULL/LOOP. Numbers are those of the LINKTYPE registry of tcpdump.org.
Knows nothing of IP but its version nibble; pure functions of bytes and offsets.
"""

from __future__ import annotations

from typing import Final

NULL: Final = 0
ETHERNET: Final = 1
RAW_OLD: Final = 12
RAW_OPENBSD: Final = 14
RAW: Final = 101
LOOP: Final = 108
LINUX_SLL: Final = 113
IPV4: Final = 228
IPV6: Final = 229
LINUX_SLL2: Final = 276

SUPPORTED: Final = frozenset(
    {NULL, ETHERNET, RAW_OLD, RAW_OPENBSD, RAW, LOOP, LINUX_SLL, IPV4, IPV6, LINUX_SLL2}
)
_VLAN: Final = frozenset({0x8100, 0x88A8, 0x9100, 0x9200, 0x9300})
_MPLS: Final = frozenset({0x8847, 0x8848})
_MAX_TAGS: Final = 8


def ip_header(b: bytes, o: int, e: int, linktype: int) -> int:
    """Offset of the IPv4 or IPv6 header of the frame b[o:e], or -1 if it carries none."""
    if linktype == ETHERNET:
        kind, at = o + 12, o + 14
    elif linktype == LINUX_SLL:
        kind, at = o + 14, o + 16
    elif linktype == LINUX_SLL2:
        kind, at = o, o + 20
    elif linktype in (NULL, LOOP):
        return _by_version(b, o + 4, e)
    elif linktype in SUPPORTED:
        return _by_version(b, o, e)
    else:
        return -1
    if at >= e:
        return -1
    ethertype = b[kind] << 8 | b[kind + 1]
    for _ in range(_MAX_TAGS):
        if ethertype not in _VLAN:
            break
        # a tag is TCI and the next type; cooked frames put it after their own header, too
        if at + 4 >= e:
            return -1
        ethertype = b[at + 2] << 8 | b[at + 3]
        at += 4
    if ethertype in (0x0800, 0x86DD):
        return _by_version(b, at, e)
    if ethertype in _MPLS:
        return _under_labels(b, at, e)
    return -1


def _under_labels(b: bytes, at: int, e: int) -> int:
    """Four bytes a label; the bottom of the stack is marked in the third (RFC 3032 §2.1)."""
    for _ in range(_MAX_TAGS):
        if at + 4 >= e:
            return -1
        at += 4
        if b[at - 2] & 1:
            return _by_version(b, at, e)
    return -1


def _by_version(b: bytes, at: int, e: int) -> int:
    return at if at < e and b[at] >> 4 in (4, 6) else -1
