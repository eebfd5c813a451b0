"""One long .evtx made of the chunks of a real one: its records again and again, numbered on, evenly in time.

A record's time stands in its head and once more in its binary XML, eight bytes each, and is written anew in both; its number in the head
only; checksums too. Reference: libevtx, "Windows XML Event Log (EVTX) format" §3 (chunk), §4 (event record).
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from sensor.inputs.evtxchunk import CHUNK_SIZE, FILE_MAGIC, HEADER_SIZE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_CHUNK = b"ElfChnk\0"
_RECORD = struct.Struct("<4sIQQ")
_RECORDS_AT = 512
_UNIX_EPOCH = 116_444_736_000_000_000
"""1970 as FILETIME, which counts 100 ns from 1601."""


class _Piece(NamedTuple):
    """A chunk and where its records begin."""

    chunk: bytes
    records: list[int]


def write(stream: BinaryIO, source: Path, least: int, begin_us: int, apart_us: int) -> int:
    """Write a log of at least so many records; how many it has. The first is of `begin_us` (microseconds since 1970), each of the others
    `apart_us` later than the one before.
    """
    pieces = list(_pieces(source))
    stream.write(bytes(HEADER_SIZE))
    done = chunks = 0
    while done < least:
        for piece in pieces:
            begin = _UNIX_EPOCH + (begin_us + done * apart_us) * 10
            stream.write(_moved(piece, done + 1, begin, apart_us * 10))
            done += len(piece.records)
            chunks += 1
    stream.seek(0)
    stream.write(_header(chunks, done + 1))
    return done


def _pieces(path: Path) -> Iterator[_Piece]:
    """Sound chunks of a log that hold records."""
    data = path.read_bytes()
    for start in range(HEADER_SIZE, len(data) - CHUNK_SIZE + 1, CHUNK_SIZE):
        chunk = data[start : start + CHUNK_SIZE]
        if not chunk.startswith(_CHUNK):
            continue
        free = struct.unpack_from("<I", chunk, 48)[0]
        at, records = _RECORDS_AT, []
        while at + _RECORD.size <= min(free, CHUNK_SIZE):
            magic, size, _, _ = _RECORD.unpack_from(chunk, at)
            if magic != b"\x2a\x2a\0\0" or size < _RECORD.size:
                break
            records.append(at)
            at += size
        if records and at == free:
            yield _Piece(chunk, records)


def _moved(piece: _Piece, number: int, begin: int, apart: int) -> bytes:
    """The chunk with records numbered from `number` on, the first written at `begin`, each later by `apart` (100 ns)."""
    chunk = bytearray(piece.chunk)
    for place, at in enumerate(piece.records):
        _, size, _, written = _RECORD.unpack_from(chunk, at)
        now = begin + place * apart
        body = bytes(chunk[at + 24 : at + size])
        chunk[at + 24 : at + size] = body.replace(
            struct.pack("<Q", written), struct.pack("<Q", now)
        )
        struct.pack_into("<QQ", chunk, at + 8, number + place, now)
    last = number + len(piece.records) - 1
    struct.pack_into("<QQQQ", chunk, 8, number, last, number, last)
    free = struct.unpack_from("<I", chunk, 48)[0]
    struct.pack_into("<I", chunk, 52, zlib.crc32(chunk[_RECORDS_AT:free]))
    struct.pack_into("<I", chunk, 124, zlib.crc32(chunk[128:_RECORDS_AT], zlib.crc32(chunk[:120])))
    return bytes(chunk)


def _header(chunks: int, following: int) -> bytes:
    head = struct.pack(
        "<8sQQQIHHHH", FILE_MAGIC, 0, chunks - 1, following, 128, 1, 3, HEADER_SIZE, chunks & 0xFFFF
    )
    head = head.ljust(120, b"\0")
    return (head + struct.pack("<II", 0, zlib.crc32(head))).ljust(HEADER_SIZE, b"\0")
