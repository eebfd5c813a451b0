"""One block of a TPACKET_V3 ring, as bytes: where its frames are.

Only bytes and offsets, no socket: the loop over packets, which is worth compiling. The kernel
writes the block, so its offsets are believed after a check against its end. Reference: Linux
`if_packet.h`, tpacket_block_desc and tpacket3_hdr.
"""

from __future__ import annotations

import struct
import sys
from typing import TYPE_CHECKING, Final

from sensor.wire.build import COMPILED

if TYPE_CHECKING:
    from mypy_extensions import i64

STATUS: Final = 8
"""Offset of block_status in a tpacket_block_desc; num_pkts, offset_to_first_pkt follow it."""
SIZE: Final = 20
"""Offset of blk_len: bytes of the block in use."""
_PACKET_OUTGOING: Final = 4
_PACKET_TYPE: Final = 48 + 10
"""sll_pkttype: tpacket3_hdr is 48 bytes, then comes a sockaddr_ll."""
_HEADERS: Final = 48 + 20

_BLOCK: Final = struct.Struct("=12xIII").unpack_from
# tp_next_offset, tp_sec, tp_nsec, tp_snaplen, (tp_len, tp_status,) tp_mac
_FRAME: Final = struct.Struct("=IIII8xH").unpack_from
_BY_BYTE: Final = COMPILED and sys.byteorder == "little"


def walk(b: bytes, loopback: bool, times: list[int], starts: list[int], ends: list[int]) -> None:
    """Append the frames of the block `b` to the lists: microseconds, first byte, end.

    On the loopback every frame is there twice, going out and coming in; only the latter is taken.
    A frame may be longer than the interface's MTU (segmentation is left to the card, GSO and GRO).
    The VLAN tag that the kernel took out of the frame (tp_vlan_tci) stays out: nobody asks for it.
    """
    count: i64
    o: i64
    end: i64
    step: i64
    seconds: i64
    nanoseconds: i64
    length: i64
    mac: i64
    count, o, end = _BLOCK(b, 0)
    end = min(end, len(b))
    while count > 0 and o + _HEADERS <= end:
        if _BY_BYTE:  # single bytes cost nothing there, and one unpack costs least here
            step = b[o] | b[o + 1] << 8 | b[o + 2] << 16 | b[o + 3] << 24
            seconds = b[o + 4] | b[o + 5] << 8 | b[o + 6] << 16 | b[o + 7] << 24
            nanoseconds = b[o + 8] | b[o + 9] << 8 | b[o + 10] << 16 | b[o + 11] << 24
            length = b[o + 12] | b[o + 13] << 8 | b[o + 14] << 16 | b[o + 15] << 24
            mac = b[o + 24] | b[o + 25] << 8
        else:
            step, seconds, nanoseconds, length, mac = _FRAME(b, o)
        start: i64 = o + mac
        if start + length > end:
            return
        if not (loopback and b[o + _PACKET_TYPE] == _PACKET_OUTGOING):
            times.append(seconds * 1_000_000 + nanoseconds // 1000)
            starts.append(start)
            ends.append(start + length)
        if step == 0:
            return
        o += step
        count -= 1
