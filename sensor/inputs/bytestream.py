"""Bytes of a file in order, plain or gzip (RFC 1952), and a window over them for parsers.

Memory stays at a block whatever the file says: decompression stops at the block's size and goes on
from there. A damaged or cut gzip stream ends the bytes and says where. Knows no capture format.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, BinaryIO, Final

from sensor.inputs.damage import Damage

if TYPE_CHECKING:
    from collections.abc import Callable

BLOCK: Final = 128 << 10
"""Bytes read at once: larger blocks cost more in page faults and cache misses than they save."""
_GZIP_MAGIC: Final = b"\x1f\x8b"


class Plain:
    """A file as it is. `consumed` is the number of bytes read from it."""

    __slots__ = ("_file", "consumed", "damage")

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.consumed = 0
        self.damage: Damage | None = None

    def read(self) -> bytes:
        """The next bytes, at most a block; empty at the end."""
        try:
            data = self._file.read(BLOCK)
        except OSError as error:
            self.damage = Damage(self.consumed, f"the file cannot be read: {error.strerror}")
            return b""
        self.consumed += len(data)
        return data


def _salvage(inflate: zlib._Decompress, packed: bytes) -> bytes:
    """What comes out before the byte that breaks the stream, at most a block."""
    parts: list[bytes] = []
    size = 0
    try:
        for at in range(len(packed)):
            parts.append(inflate.decompress(packed[at : at + 1], BLOCK))
            size += len(parts[-1])
            if size > BLOCK:
                break
    except zlib.error:
        pass
    return b"".join(parts)


class Gzip:
    """A gzip file of one or more members, decompressed as it is read."""

    __slots__ = ("_inflate", "_inside", "_produced", "_source", "_waiting")

    def __init__(self, source: Plain) -> None:
        self._source = source
        self._inflate = zlib.decompressobj(wbits=31)
        self._waiting = b""
        self._inside = False
        self._produced = 0

    @property
    def consumed(self) -> int:
        """Compressed bytes read."""
        return self._source.consumed

    @property
    def damage(self) -> Damage | None:
        """Why the bytes ended early, if they did."""
        return self._source.damage

    def read(self) -> bytes:
        """The next plain bytes, at most a block; empty at the end."""
        source = self._source
        while source.damage is None:
            if not self._waiting:
                self._waiting = source.read()
            if not self._waiting:
                if self._inside and source.damage is None:
                    source.damage = Damage(self._produced, "the gzip stream is cut")
                return self._rest()
            if self._inflate.eof:
                if not self._waiting.startswith(_GZIP_MAGIC[:1]):
                    return b""  # padding after the last member, as `gzip` ignores it
                self._inflate = zlib.decompressobj(wbits=31)
            self._inside = True
            before = self._inflate.copy()
            try:
                data = self._inflate.decompress(self._waiting, BLOCK)
            except zlib.error as error:
                data = _salvage(before, self._waiting)
                self._produced += len(data)
                why = f"the gzip stream is damaged: {error}"
                source.damage = Damage(self._produced, why)
                return data
            self._waiting = self._inflate.unconsumed_tail
            if self._inflate.eof:
                self._waiting = self._inflate.unused_data
                self._inside = False
            if data:
                self._produced += len(data)
                return data
        return b""

    def _rest(self) -> bytes:
        try:
            return self._inflate.flush(BLOCK) if self._inside else b""
        except zlib.error:
            return b""


Source = Plain | Gzip


def open_source(file: BinaryIO) -> Source:
    """The plain bytes of a seekable file, whether it is gzip or not."""
    start = file.tell()
    magic = file.read(2)
    file.seek(start)
    plain = Plain(file)
    return Gzip(plain) if magic == _GZIP_MAGIC else plain


class Window:
    """What a parser sees of the bytes: `b`, read up to `o`; b[0] is at `base` in the plain file.

    `on_read` is told the bytes consumed so far after each read.
    """

    __slots__ = ("_on_read", "_source", "b", "base", "ended", "o")

    def __init__(self, source: Source, on_read: Callable[[int], None] | None = None) -> None:
        self._source = source
        self._on_read = on_read
        self.b = b""
        self.o = 0
        self.base = 0
        self.ended = False

    @property
    def offset(self) -> int:
        """Where `o` is in the plain file."""
        return self.base + self.o

    @property
    def left(self) -> int:
        """Bytes in the window not read yet."""
        return len(self.b) - self.o

    @property
    def damage(self) -> Damage | None:
        """Why the bytes ended early, if they did."""
        return self._source.damage

    def need(self, size: int) -> bool:
        """Have at least `size` bytes from `o` on, moving the window; False if the file ends."""
        if len(self.b) - self.o >= size:
            return True
        parts = [self.b[self.o :]]
        have = len(parts[0])
        while have < size and not self.ended:
            self._read(parts)
            have += len(parts[-1])
        self.base += self.o
        self.o = 0
        self.b = b"".join(parts) if len(parts) > 1 else parts[0]
        return have >= size

    def skip(self, size: int) -> bool:
        """Pass over `size` bytes without keeping them; False if the file ends before."""
        while size > self.left:
            size -= self.left
            self.base += len(self.b)
            self.o = 0
            parts: list[bytes] = []
            if self.ended:
                self.b = b""
                return False
            self._read(parts)
            self.b = parts[0]
        self.o += size
        return True

    def _read(self, parts: list[bytes]) -> None:
        data = self._source.read()
        parts.append(data)
        if not data:
            self.ended = True
        elif self._on_read is not None:
            self._on_read(self._source.consumed)
