"""Network Data Representation, as far as stub readers need it: a cursor over a clear stub.

Knows no interface and no PDU. Both byte orders and both transfer syntaxes: NDR (C706 chapter 14)
and NDR64 (MS-RPCE 2.2.5), where pointers and counts are 8 bytes wide. Alignment counts from the
start of the stub. Reading beyond the end, which may be the bound of what was kept and not the
stub's own, raises `Malformed`; only a text that runs out of it is clipped.
"""

from __future__ import annotations

import struct
import uuid
from typing import Final

from sensor.contract import Malformed

_U16: Final = (struct.Struct("<H"), struct.Struct(">H"))
_U32: Final = (struct.Struct("<I"), struct.Struct(">I"))
_U64: Final = (struct.Struct("<Q"), struct.Struct(">Q"))
_TEXT_LIMIT: Final = 32_768
"""Bytes of one text that are used; what is longer is clipped."""
HANDLE_BYTES: Final = 20


class Ndr:
    """Cursor over b[o:e]; `big` byte order, `wide` NDR64."""

    __slots__ = ("_b", "_big", "_e", "_o", "_start", "cut", "wide")

    def __init__(self, b: bytes, o: int, e: int, *, big: bool, wide: bool) -> None:
        self._b = b
        self._o = o
        self._start = o
        self._e = e
        self._big = 1 if big else 0
        self.wide = wide
        self.cut = False
        """The text read last ran out of what was kept; nothing behind it can be read."""

    def align(self, n: int) -> None:
        self._o += -(self._o - self._start) % n

    def align_structure(self) -> None:
        """To where a structure that holds pointers may begin."""
        self.align(8 if self.wide else 4)

    def _take(self, n: int) -> int:
        o = self._o
        if n > self._e - o:
            raise Malformed(f"stub ends before {n} bytes at {o - self._start}")
        self._o = o + n
        return o

    def skip(self, n: int) -> None:
        self._take(n)

    def raw(self, n: int) -> bytes:
        o = self._take(n)
        return self._b[o : o + n]

    def u16(self) -> int:
        self.align(2)
        value: int = _U16[self._big].unpack_from(self._b, self._take(2))[0]
        return value

    def u32(self) -> int:
        self.align(4)
        value: int = _U32[self._big].unpack_from(self._b, self._take(4))[0]
        return value

    def u64(self) -> int:
        self.align(8)
        value: int = _U64[self._big].unpack_from(self._b, self._take(8))[0]
        return value

    def size(self) -> int:
        """A conformance count, an offset or a pointer's referent."""
        return self.u64() if self.wide else self.u32()

    def pointer(self) -> bool:
        """A unique or full pointer: is there something behind it?"""
        return self.size() != 0

    def enum(self) -> int:
        """An enum16, which NDR64 widens."""
        return self.u32() if self.wide else self.u16()

    def tag(self) -> int:
        """Discriminant (32 bits) of a union of pointers, which NDR64 aligns like its arms."""
        if self.wide:
            self.align(8)
        return self.u32()

    def handle(self) -> bytes:
        """A context handle, as opaque bytes."""
        self.align(4)
        return self.raw(HANDLE_BYTES)

    def _array(self, width: int) -> bytes:
        """Bytes of a conformant varying array of elements of this width."""
        maximum = self.size()
        if self.size():
            raise Malformed("array does not begin at its start")
        count = self.size()
        if count > maximum:
            raise Malformed(f"{count} elements in an array of {maximum}")
        kept = min(count * width, self._e - self._o)
        self.cut = kept < count * width
        o = self._take(kept)
        return self._b[o : o + min(kept, _TEXT_LIMIT)]

    def text(self) -> str:
        """`[string] wchar_t *` behind a reference pointer."""
        encoding = "utf-16-be" if self._big else "utf-16-le"
        raw = self._array(2)
        return raw[: len(raw) & ~1].decode(encoding, "replace").partition("\0")[0]

    def ansi(self) -> str:
        """`[string] char *` behind a reference pointer."""
        return self._array(1).decode("latin-1").partition("\0")[0]

    def texts(self) -> list[str]:
        """A conformant array of characters that holds terminated texts, the last one empty."""
        return [text for text in self.characters(self.size()).split("\0") if text]

    def characters(self, count: int) -> str:
        """As many UTF-16 characters; clipped like a text."""
        encoding = "utf-16-be" if self._big else "utf-16-le"
        raw = self.bytes_of(2 * count, _TEXT_LIMIT)
        return raw[: len(raw) & ~1].decode(encoding, "replace")

    def find_text(self, prefix: str) -> str | None:
        """The first text of the rest that begins so, for a stub whose layout is not known."""
        encoding = "utf-16-be" if self._big else "utf-16-le"
        at = self._b.find(prefix.encode(encoding), self._o, self._e)
        if at < 0:
            return None
        raw = self._b[at : min(self._e, at + _TEXT_LIMIT)]
        return raw[: len(raw) & ~1].decode(encoding, "replace").partition("\0")[0]

    def bytes_of(self, count: int, limit: int) -> bytes:
        """As many bytes, of which at most `limit` are used."""
        kept = max(0, min(count, self._e - self._o))  # aligning may have passed the end
        self.cut = kept < count
        o = self._take(kept)
        return self._b[o : o + min(kept, limit)]

    def unique_text(self) -> str | None:
        """`[unique, string] wchar_t *` as a top-level argument: pointer, then at once the text."""
        return self.text() if self.pointer() else None

    def unique_ansi(self) -> str | None:
        return self.ansi() if self.pointer() else None

    def counted(self) -> bool:
        """Fixed part of an RPC_UNICODE_STRING or STRING (MS-DTYP 2.3.10): has it a buffer?
        The text itself follows where the enclosing structure ends: `text`.
        """
        self.align_structure()
        self.u16()
        self.u16()
        return self.pointer()

    def guid(self) -> str:
        """A GUID as lower-case text (MS-DTYP 2.3.4.1)."""
        self.align(4)
        raw = self.raw(16)
        return str(uuid.UUID(bytes=raw) if self._big else uuid.UUID(bytes_le=raw))

    def sid(self) -> str:
        """An RPC_SID behind a reference pointer (MS-DTYP 2.4.2.3)."""
        count = self.size()
        self.align(4)
        revision, subs = self.raw(2)
        authority = int.from_bytes(self.raw(6), "big")
        if subs != count or subs > 15:
            raise Malformed(f"SID of {subs} parts announced as {count}")
        parts = [str(self.u32()) for _ in range(subs)]
        return "-".join([f"S-{revision}", str(authority), *parts])
