"""One block of a TPACKET_V3 ring, as bytes: where its frames are.

Only bytes and offsets, no socket: the loop over packets, which is worth compiling. The kernel
writes the block, so its offsets are believed after a check against its end. Reference: Linux
`if_packet.h`, tpacket_block_desc and tpacket3_hdr.
"""

from __future__ import annotations

import struct
from typing import Final

HEAD: Final = 48
"""tpacket_block_desc: version, private area, then tpacket_hdr_v1."""
STATUS: Final = 8
"""Offset of block_status; num_pkts, offset_to_first_pkt and blk_len follow it."""
_PACKET_OUTGOING: Final = 4
_PACKET_TYPE: Final = 48 + 10
"""sll_pkttype: tpacket3_hdr is 48 bytes, then comes a sockaddr_ll."""

_BLOCK: Final = struct.Struct("=12xIII").unpack_from
# tp_next_offset, tp_sec, tp_nsec, tp_snaplen, (tp_len, tp_status,) tp_mac
_FRAME: Final = struct.Struct("=IIII8xH").unpack_from
_FRAME_SIZE: Final = 26


def walk(b: bytes, loopback: bool, times: list[int], starts: list[int], ends: list[int]) -> None:
    """Append the frames of the block `b` to the lists: microseconds, first byte, end.

    On the loopback every frame is there twice, going out and coming in; only the latter is taken.
    A frame may be longer than the interface's MTU (segmentation is left to the card, GSO and GRO).
    The VLAN tag that the kernel took out of the frame (tp_vlan_tci) stays out: nobody asks for it.
    """
    count, o, end = _BLOCK(b, 0)
    size = len(b)
    end = min(end, size)
    for _ in range(count):
        if o + _FRAME_SIZE > end:
            return
        step, seconds, nanoseconds, length, mac = _FRAME(b, o)
        start = o + mac
        if start + length > end:
            return
        if not (loopback and b[o + _PACKET_TYPE] == _PACKET_OUTGOING):
            times.append(seconds * 1_000_000 + nanoseconds // 1000)
            starts.append(start)
            ends.append(start + length)
        if step == 0:
            return
        o += step
