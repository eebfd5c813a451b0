"""Windows event log files (.evtx) -> records, chunk by chunk.

The file is a header of 4 KiB and chunks of 64 KiB, each readable by itself. The container is read
here: chunks in the order of their record numbers (a full log wraps around), checksums verified,
damage told with its offset, the rest used, memory bounded by one chunk. What is inside a chunk is
read by a `ChunkReader` of `evtxchunk`. Reference: libevtx, "Windows XML Event Log (EVTX) format" §2 (file header),
§3 (chunk).
"""

from __future__ import annotations

import struct
import zlib
from itertools import zip_longest
from typing import TYPE_CHECKING, BinaryIO, Final, NamedTuple

from sensor.inputs.damage import Damage
from sensor.inputs.evtxchunk import (
    CHUNK_SIZE,
    ERRORS_LIMIT,
    FILE_MAGIC,
    HEADER_SIZE,
    RECORDS_LIMIT,
    any_reader,
)
from sensor.inputs.evtxtables import safe_tables
from sensor.inputs.wintree import NoEventError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sensor.inputs.evtxchunk import ChunkReader
    from sensor.inputs.evtxjson import Wanted
    from sensor.map.record import Record

CHUNK_MAGIC: Final = b"ElfChnk\0"
_CHUNK_HEADER: Final = 512
_DIRTY: Final = 1
_EMPTY: Final = 0xFFFFFFFFFFFFFFFF


class _Chunk(NamedTuple):
    first: int
    offset: int


def _chunks(stream: BinaryIO) -> Iterator[_Chunk | Damage]:
    """Chunks in use with their first record number; a damaged head keeps its place in the file."""
    offset, previous = HEADER_SIZE, 0
    while True:
        stream.seek(offset)
        head = stream.read(_CHUNK_HEADER)
        if len(head) < _CHUNK_HEADER:
            if head.strip(b"\0"):
                yield Damage(offset, "the file ends inside a chunk's header")
            return
        if head.startswith(CHUNK_MAGIC):
            (first,) = struct.unpack_from("<Q", head, 8)
            if first != _EMPTY:
                if _head_is_sound(head):
                    previous = first
                yield _Chunk(previous, offset)
        elif head.strip(b"\0"):
            yield Damage(offset, "not a chunk: signature missing")
        offset += CHUNK_SIZE


def _head_is_sound(head: bytes) -> bool:
    stored: int = struct.unpack_from("<I", head, 124)[0]
    return stored == zlib.crc32(head[128:_CHUNK_HEADER], zlib.crc32(head[:120]))


def _faults(chunk: bytes, *, dirty: bool) -> Iterator[str]:
    """What the chunk's own checksums say. In a log that was not closed the last may be old."""
    if not _head_is_sound(chunk):
        yield "checksum of the chunk's header is wrong"
    free, stored = struct.unpack_from("<II", chunk, 48)
    if not _CHUNK_HEADER <= free <= CHUNK_SIZE:
        yield "end of the chunk's records is outside of it"
    elif not dirty and stored != zlib.crc32(chunk[_CHUNK_HEADER:free]):
        yield "checksum of the chunk's records is wrong"


def read_evtx(
    stream: BinaryIO,
    progress: Callable[[int], None] | None = None,
    reader: ChunkReader | None = None,
    skip: Sequence[tuple[int, int]] = (),
    wanted: Wanted | None = None,
) -> Iterator[Record | Damage]:
    """Records in the order of their numbers, and damages; `progress` is told the bytes read.

    Records whose numbers lie in spans of `skip` (first and last) are left out; chunks of nothing
    else are not read. Those of which `wanted` says no may come without their data.
    """
    read = reader or any_reader(wanted)
    stream.seek(0)
    head = stream.read(128)
    dirty = False
    if len(head) < 128 or not head.startswith(FILE_MAGIC):
        yield Damage(0, "the file header is damaged")
    else:
        flags, stored = struct.unpack_from("<II", head, 120)
        dirty = bool(flags & _DIRTY)
        if stored != zlib.crc32(head[:120]):
            yield Damage(0, "checksum of the file header is wrong")
    found = list(_chunks(stream))
    yield from (item for item in found if isinstance(item, Damage))
    done = HEADER_SIZE
    chunks = sorted(item for item in found if isinstance(item, _Chunk))
    for chunk, following in zip_longest(chunks, chunks[1:]):
        done += CHUNK_SIZE
        if following and any(a <= chunk.first and following.first - 1 <= b for a, b in skip):
            continue
        stream.seek(chunk.offset)
        for item in _read_chunk(read, stream.read(CHUNK_SIZE), chunk.offset, dirty=dirty):
            number = None if isinstance(item, Damage) else item.position
            if number is None or not any(a <= number <= b for a, b in skip):
                yield item
        if progress:
            progress(done)


def _read_chunk(
    read: ChunkReader, data: bytes, offset: int, *, dirty: bool
) -> Iterator[Record | Damage]:
    if len(data) < CHUNK_SIZE:
        yield Damage(offset, f"the file ends inside a chunk, after {len(data)} bytes of it")
        data = data.ljust(CHUNK_SIZE, b"\0")
    else:
        for fault in _faults(data, dirty=dirty):
            yield Damage(offset, fault)
    data, cut = safe_tables(data)
    if cut:
        yield Damage(offset, f"{cut} links of the chunk's tables lead in a circle or outside")
    first, last = struct.unpack_from("<QQ", data, 8)
    count = errors = 0
    for item in read(data):
        if not isinstance(item, NoEventError):
            count += 1
            yield item
        elif (errors := errors + 1) <= ERRORS_LIMIT:
            yield Damage(offset, f"record: {item}")
    expected = last - first + 1
    if 0 < expected <= RECORDS_LIMIT and count + errors < expected:
        yield Damage(offset, f"{expected - count - errors} of {expected} records are missing")
