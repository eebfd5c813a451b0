"""Which records an .evtx file holds, by its chunks' heads alone: numbers, places and times.

For whoever reads a log that grows and wraps around: what was read before is found again by number
and time without reading what is inside. Reference: libevtx, "Windows XML Event Log (EVTX) format"
§3 (chunk), §4 (event record).
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, BinaryIO, Final, NamedTuple

from sensor.inputs.evtxchunk import CHUNK_SIZE, FILE_MAGIC, HEADER_SIZE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CHUNK_MAGIC: Final = b"ElfChnk\0"
_CHUNK_HEADER: Final = 512
_RECORD_MAGIC: Final = b"\x2a\x2a\0\0"
_RECORD: Final = struct.Struct("<4sIQQ")
_EMPTY: Final = 0xFFFFFFFFFFFFFFFF


class Stamp(NamedTuple):
    """A record by its number in the file and the time it was written (FILETIME): together they
    tell it from every record of another log.
    """

    number: int
    written: int


def is_event_log(path: Path) -> bool:
    """Whether the file is an .evtx. Raises OSError."""
    with path.open("rb") as stream:
        return stream.read(len(FILE_MAGIC)) == FILE_MAGIC


def stamps(stream: BinaryIO) -> Iterator[Stamp]:
    """The first record of each chunk in use, in the order of their numbers."""
    found = []
    for offset in _chunks(stream):
        stream.seek(offset + _CHUNK_HEADER)
        stamp = _stamp(stream.read(_RECORD.size))
        if stamp is not None:
            found.append(stamp)
    yield from sorted(found)


def stamp_of(stream: BinaryIO, number: int) -> Stamp | None:
    """A record by its number; None where the file does not hold it (any more)."""
    best: tuple[int, int] | None = None
    for offset in _chunks(stream):
        stream.seek(offset + _CHUNK_HEADER)
        stamp = _stamp(stream.read(_RECORD.size))
        if stamp is not None and stamp.number <= number and (best or (-1, 0))[0] < stamp.number:
            best = (stamp.number, offset)
    if best is None:
        return None
    stream.seek(best[1])
    chunk = stream.read(CHUNK_SIZE)
    at = _CHUNK_HEADER
    while (stamp := _stamp(chunk[at : at + _RECORD.size])) is not None:
        if stamp.number == number:
            return stamp
        (size,) = struct.unpack_from("<I", chunk, at + 4)
        if stamp.number > number or size < _RECORD.size:
            return None
        at += size
    return None


def _stamp(head: bytes) -> Stamp | None:
    if len(head) < _RECORD.size:
        return None
    magic, _, number, written = _RECORD.unpack(head)
    return Stamp(number, written) if magic == _RECORD_MAGIC else None


def _chunks(stream: BinaryIO) -> Iterator[int]:
    """Offsets of the chunks that hold records."""
    offset = HEADER_SIZE
    while True:
        stream.seek(offset)
        head = stream.read(24)
        if len(head) < 24:
            return
        if head.startswith(CHUNK_MAGIC) and struct.unpack_from("<Q", head, 8)[0] != _EMPTY:
            yield offset
        offset += CHUNK_SIZE
