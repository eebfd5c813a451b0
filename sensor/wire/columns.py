"""The headers of a block of packets as columns: what an interpreter cannot read one by one in time.

Says which of many frames of plain Ethernet or Linux cooked IPv4 are worth a step of Python at all,
and gives their numbers ready to use. The compiled front reads packet by packet, which is faster
there. The rules are those of `Front.scan`; a test compares the two. Knows no connection.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from sensor.wire.binds import RPC_VERSION
from sensor.wire.tunnels import CARRIERS

GENERAL: Final = 0
SEGMENT: Final = 1
DATAGRAM: Final = 2
LEAST: Final = 48
"""Fewer frames than this are read one by one: the columns would cost more."""
SIZE: Final = 36
"""From the ethertype to the flags of TCP behind an IPv4 header without options."""

_HEAD: Final = np.dtype(
    {
        "names": [
            "kind", "version", "total", "fragment", "protocol", "sport", "dport", "seq", "ack",
            "words", "flags", "size",
        ],
        "formats": [
            ">u2", "u1", ">u2", ">u2", "u1", ">u2", ">u2", ">u4", ">u4", "u1", "u1", ">u2",
        ],
        "offsets": [0, 2, 4, 8, 11, 22, 24, 26, 30, 34, 35, 26],
        "itemsize": SIZE,
    }
)  # fmt: skip
_CARRIERS: Final = np.zeros(256, np.bool_)
_CARRIERS[list(CARRIERS)] = True

Rows = list[tuple[int, int, int, int, int, int, int, int]]
"""Number of the frame, what it is, offset of the ethertype, payload's start and end, sequence and
acknowledgement numbers, flags."""


def rows(
    b: bytes, lead: int, starts: list[int], ends: list[int], tcp: bytearray, udp: bytes
) -> Rows:
    """The frames b[starts[i]:ends[i]] that are of interest, in order; `b` has at least `SIZE` bytes.

    `lead` is where the ethertype stands in a frame. GENERAL are those with anything unusual: of
    them only the first two numbers mean something. `tcp` and `udp` are the port tables as bytes.
    """
    o = np.array(starts)
    e = np.array(ends)
    k = o + lead
    whole = e - k >= SIZE
    at = np.minimum(k, len(b) - SIZE)
    head = np.ndarray((len(b) - SIZE + 1,), _HEAD, b, 0, (1,))[at]
    plain = (
        whole
        & (head["kind"] == 0x0800)
        & (head["version"] == 0x45)
        & (head["fragment"] & 0x3FFF == 0)
    )
    protocol = head["protocol"]
    sport = head["sport"].astype(np.intp)
    dport = head["dport"].astype(np.intp)
    end = k + 2 + head["total"]
    inside = end <= e

    octets = np.frombuffer(b, np.uint8)
    watched = np.frombuffer(tcp, np.uint8)
    words = head["words"]
    flags = head["flags"]
    p = k + 22 + (words >> 2 & 0x3C)
    first = octets[np.minimum(p, len(b) - 1)]
    second = octets[np.minimum(p + 1, len(b) - 1)]
    bind = (p < e) & (first == RPC_VERSION) & ((p + 1 == e) | (second < 2))
    wanted = plain & (protocol == 6) & ((watched[sport] | watched[dport] != 0) | bind)
    sound = (p <= end) & inside & (words >= 0x50)
    segment = wanted & sound & ((p < end) | (flags & 7 != 0))
    general = ~plain | (wanted & ~sound)

    known = np.frombuffer(udp, np.uint8)
    port = known[dport]
    port = np.where(port != 0, port, known[sport])
    served = plain & (protocol == 17) & (port != 0)
    stop = k + 22 + head["size"]
    datagram = served & (port == 1) & (head["size"] >= 8) & (stop <= end) & inside
    general |= served & ~datagram
    general |= plain & _CARRIERS[protocol]

    chosen = np.flatnonzero(segment | datagram | general)
    what = segment[chosen] * SEGMENT + datagram[chosen] * DATAGRAM
    start = np.where(datagram, k + 30, p)[chosen]
    end = np.where(datagram, stop, end)[chosen]
    columns = (chosen, what, k[chosen], start, end)
    numbers = (head["seq"][chosen], head["ack"][chosen], flags[chosen])
    return list(zip(*(column.tolist() for column in columns + numbers), strict=True))


def stretch(times: list[int], first: int, floor: int, due: int) -> int:
    """How far from `first` on the times stay in [floor, due): number of the frame after them."""
    if max(times) < due and min(times) >= floor:
        return len(times)
    late = np.array(times[first:])
    found = np.flatnonzero((late >= due) | (late < floor))
    return first + int(found[0]) if len(found) else len(times)
