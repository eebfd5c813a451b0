"""The same traffic in other segments: each TCP payload of a capture cut into pieces of a size.

Shares no code with the sensor. Ethernet with IPv4 or IPv6 without extension headers; every other
frame is left as it is.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

_SYN, _FIN, _RST = 2, 1, 4


def resegment(frame: bytes, size: int) -> Iterator[bytes]:
    """The frame, or frames with `size` bytes of its payload each, in order."""
    kind = frame[12:14]
    if kind == b"\x08\x00":
        head = (frame[14] & 15) * 4
        total = struct.unpack_from(">H", frame, 16)[0]
        whole = frame[23] == 6 and not struct.unpack_from(">H", frame, 20)[0] & 0x3FFF
        end = 14 + total
    elif kind == b"\x86\xdd":
        head = 40
        whole = frame[20] == 6
        end = 54 + struct.unpack_from(">H", frame, 18)[0]
    else:
        yield frame
        return
    at = 14 + head
    if not whole or end > len(frame) or end - at < 20:
        yield frame
        return
    data = at + (frame[at + 12] >> 4) * 4
    flags = frame[at + 13]
    if end - data <= size or flags & (_SYN | _RST):
        yield frame
        return
    seq = struct.unpack_from(">I", frame, at + 4)[0]
    for o in range(data, end, size):
        part = frame[o : min(o + size, end)]
        last = o + size >= end
        out = bytearray(frame[:data])
        struct.pack_into(">I", out, at + 4, (seq + o - data) & 0xFFFFFFFF)
        out[at + 13] = flags if last else flags & ~_FIN
        length = data - at + len(part)
        if kind == b"\x08\x00":
            struct.pack_into(">H", out, 16, head + length)
        else:
            struct.pack_into(">H", out, 18, length)
        yield bytes(out) + part
