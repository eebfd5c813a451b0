"""Event logs for tests: the container of .evtx with records of no content, and a reader for them."""

from __future__ import annotations

import struct
import zlib

from sensor.map.record import Record

CHUNK = 65536
EPOCH_FILETIME = 116_444_736_000_000_000
"""1970 in units of 100 ns since 1601."""


def header() -> bytes:
    head = struct.pack("<8sQQQIHHHH", b"ElfFile\0", 0, 0, 9, 128, 1, 3, 4096, 1).ljust(120, b"\0")
    return (head + struct.pack("<II", 1, zlib.crc32(head))).ljust(4096, b"\0")


def chunk(first: int, last: int, seconds: int) -> bytes:
    """Records `first` to `last`, one a second from `seconds` on as if number 0 were written then."""
    body = b"".join(
        struct.pack("<4sIQQI", b"\x2a\x2a\0\0", 28, n, EPOCH_FILETIME + (seconds + n) * 10**7, 28)
        for n in range(first, last + 1)
    )
    free = 512 + len(body)
    head = struct.pack("<8sQQQQIII", b"ElfChnk\0", first, last, first, last, 128, free - 28, free)
    head = (head + struct.pack("<I", zlib.crc32(body))).ljust(124, b"\0")
    table = bytes(384)
    head += struct.pack("<I", zlib.crc32(table, zlib.crc32(head[:120]))) + table
    return (head + body).ljust(CHUNK, b"\0")


def log(*spans: tuple[int, int], seconds: int = 1_700_000_000) -> bytes:
    """A file with one chunk for each span of records."""
    return header() + b"".join(chunk(first, last, seconds) for first, last in spans)


def read(data: bytes):
    """The records of a chunk: each a cleared log, as that needs no content."""
    at = 512
    while data[at : at + 4] == b"\x2a\x2a\0\0":
        _, size, number, written = struct.unpack_from("<4sIQQ", data, at)
        at += size
        yield Record(
            ts=(written - EPOCH_FILETIME) // 10,
            event_id=1102,
            channel="Security",
            computer="dc1.corp.test",
            record_id=number,
            position=number,
        )
