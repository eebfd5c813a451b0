"""Classic pcap files read and written again: to cut, shift, split and send recordings.

Independent of the product's readers. Little-endian files with microseconds, plain or gzip.
"""

import gzip
import struct
from pathlib import Path

HEADER = struct.Struct("<IHHiIII")
RECORD = struct.Struct("<IIII")
MAGIC = 0xA1B2C3D4


def read_pcap(path):
    """(time in microseconds, frame) of every packet."""
    data = Path(path).read_bytes()
    if data.startswith(b"\x1f\x8b"):
        data = gzip.decompress(data)
    assert HEADER.unpack_from(data)[0] == MAGIC
    packets, o = [], HEADER.size
    while o < len(data):
        seconds, micros, size, _ = RECORD.unpack_from(data, o)
        o += RECORD.size
        packets.append((seconds * 1_000_000 + micros, data[o : o + size]))
        o += size
    return packets


def pcap_bytes(packets):
    """A pcap file (Ethernet) of the packets."""
    parts = [HEADER.pack(MAGIC, 2, 4, 0, 0, 262_144, 1)]
    for ts, frame in packets:
        parts.append(RECORD.pack(ts // 1_000_000, ts % 1_000_000, len(frame), len(frame)))
        parts.append(frame)
    return b"".join(parts)


def moved(packets, begin):
    """The packets, the first of them at `begin`."""
    by = begin - packets[0][0]
    return [(ts + by, frame) for ts, frame in packets]
