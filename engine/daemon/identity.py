"""Which file this is, whatever it is called now: by what it begins with.

Files grow, are renamed, packed with gzip, copied, and replaced by others of the same name. Events
are numbered within their file, so a file must be known again for its events to be known again.
"""

from __future__ import annotations

import gzip
import hashlib
import zlib
from typing import TYPE_CHECKING, BinaryIO, Final

import msgspec

from sensor.inputs.evtxchunk import FILE_MAGIC, HEADER_SIZE

if TYPE_CHECKING:
    from pathlib import Path

WHOLE: Final = 1024
"""Bytes that tell files apart: they hold the time of the first packet or record."""
_GZIP_MAGIC: Final = b"\x1f\x8b"
_CHUNK_HEADER: Final = 512
_RECORD_HEAD: Final = 24


class Head(msgspec.Struct, frozen=True):
    """The first `size` bytes of a file, unpacked, by their digest. One shorter than WHOLE is no
    identity of its own: captures that have just begun are all alike.
    """

    size: int
    digest: str

    @property
    def whole(self) -> bool:
        """Whether it tells the file from all others."""
        return self.size == WHOLE


def head_of(path: Path, size: int = WHOLE) -> Head:
    """The head of a file, of `size` bytes or as many as there are. Raises OSError."""
    with path.open("rb") as file:
        data = _start(file, size)
    return Head(len(data), hashlib.sha256(data).hexdigest()[:32])


def _start(file: BinaryIO, size: int) -> bytes:
    magic = file.read(len(FILE_MAGIC))
    file.seek(0)
    if magic == FILE_MAGIC:
        # the headers of file and chunk are rewritten as a log grows: the head of its first record,
        # with number and time, stays
        file.seek(HEADER_SIZE + _CHUNK_HEADER)
        return file.read(_RECORD_HEAD).ljust(size, b"\0")
    if magic.startswith(_GZIP_MAGIC):
        try:
            with gzip.GzipFile(fileobj=file) as unpacked:
                return unpacked.read(size)
        except (OSError, EOFError, zlib.error):
            file.seek(0)
    return file.read(size)
