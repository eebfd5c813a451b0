"""The header of SMB 2 and 3 messages, and the bounded reads of their bodies (MS-SMB2 2.2.1).

Knows no command's meaning and no state.
"""

from __future__ import annotations

import struct
from typing import Final

from sensor.contract import Malformed

NEGOTIATE: Final = 0
SESSION_SETUP: Final = 1
LOGOFF: Final = 2
TREE_CONNECT: Final = 3
TREE_DISCONNECT: Final = 4
CREATE: Final = 5
CLOSE: Final = 6
READ: Final = 8
WRITE: Final = 9
IOCTL: Final = 11
QUERY_DIRECTORY: Final = 14
QUERY_INFO: Final = 16
SET_INFO: Final = 17

RESPONSE: Final = 1
ASYNC: Final = 2
RELATED: Final = 4

PENDING: Final = 0x103
MORE_PROCESSING: Final = 0xC0000016
BUFFER_OVERFLOW: Final = 0x80000005

HEAD: Final = 64
_HEADER: Final = struct.Struct("<4sHHIHHIIQIIQ")
Head = tuple[bytes, int, int, int, int, int, int, int, int, int, int, int]


class Message:
    """One message of a compound: header, and `body` to `e` (the kept end)."""

    __slots__ = (
        "b", "body", "command", "e", "flags", "ident", "next", "o", "session", "status", "tree",
    )  # fmt: skip

    def __init__(self, b: bytes, o: int, e: int) -> None:
        if e - o < HEAD:
            raise Malformed("SMB2 header cut")
        head: Head = _HEADER.unpack_from(b, o)
        (
            magic, size, _charge, self.status, self.command, _credits, self.flags, self.next,
            self.ident, _process, self.tree, self.session,
        ) = head  # fmt: skip
        if magic != b"\xfeSMB" or size != HEAD:
            raise Malformed("no SMB2 header")
        if self.next and (self.next < HEAD or self.next & 7):
            raise Malformed(f"next command at {self.next}")
        self.b = b
        self.o = o
        self.body = o + HEAD
        self.e = min(e, o + self.next) if self.next else e

    @property
    def response(self) -> bool:
        return bool(self.flags & RESPONSE)

    def u16(self, at: int) -> int:
        """Field at this offset of the body."""
        o = self.body + at
        if o + 2 > self.e:
            raise Malformed(f"SMB2 body ends before {at}")
        b = self.b
        return b[o] | b[o + 1] << 8

    def u32(self, at: int) -> int:
        o = self.body + at
        if o + 4 > self.e:
            raise Malformed(f"SMB2 body ends before {at}")
        b = self.b
        return b[o] | b[o + 1] << 8 | b[o + 2] << 16 | b[o + 3] << 24

    def raw(self, at: int, size: int) -> bytes:
        o = self.body + at
        if o + size > self.e:
            raise Malformed(f"SMB2 body ends before {at}")
        return self.b[o : o + size]

    def span(self, offset: int, size: int) -> tuple[int, int]:
        """Bounds of a buffer given by offset from the header and size; Malformed if it is not
        whole in what was kept.
        """
        if size == 0:
            return self.e, self.e  # its offset means nothing, and may lie anywhere
        start = self.o + offset
        if offset < HEAD or start + size > self.e:
            raise Malformed(f"buffer of {size} at {offset} leaves the message")
        return start, start + size

    def kept(self, offset: int, size: int) -> tuple[int, int, bool]:
        """As `span`, clipped to what was kept; the last says whether it was clipped."""
        if size == 0:
            return self.e, self.e, False
        start = self.o + offset
        if offset < HEAD or start > self.e:
            return self.e, self.e, True
        return start, min(start + size, self.e), start + size > self.e

    def text(self, offset: int, size: int) -> str:
        start, stop = self.span(offset, size)
        return self.b[start:stop].decode("utf-16-le", "replace")
