"""SMB1 messages: command numbers, the header and the AndX chain of parameter and data blocks (MS-CIFS 2.2.3).

Knows no command's meaning, only how its words, bytes and strings are laid out.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from sensor.contract import Malformed

if TYPE_CHECKING:
    from collections.abc import Iterator

CREATE_DIRECTORY: Final = 0x00
DELETE_DIRECTORY: Final = 0x01
OPEN: Final = 0x02
CREATE: Final = 0x03
CLOSE: Final = 0x04
DELETE: Final = 0x06
RENAME: Final = 0x07
READ: Final = 0x0A
WRITE: Final = 0x0B
CREATE_NEW: Final = 0x0F
TRANSACTION: Final = 0x25
TRANSACTION_SECONDARY: Final = 0x26
WRITE_AND_CLOSE: Final = 0x2C
OPEN_ANDX: Final = 0x2D
READ_ANDX: Final = 0x2E
WRITE_ANDX: Final = 0x2F
TRANSACTION2: Final = 0x32
TRANSACTION2_SECONDARY: Final = 0x33
TREE_DISCONNECT: Final = 0x71
NEGOTIATE: Final = 0x72
SESSION_SETUP: Final = 0x73
LOGOFF: Final = 0x74
TREE_CONNECT: Final = 0x75
NT_TRANSACT: Final = 0xA0
NT_TRANSACT_SECONDARY: Final = 0xA1
NT_CREATE: Final = 0xA2
NT_RENAME: Final = 0xA5

_HEAD: Final = 32
_HEADER: Final = struct.Struct("<4sBIBHHQHHHHH")
_U16: Final = struct.Struct("<H")
Head = tuple[bytes, int, int, int, int, int, int, int, int, int, int, int]
_REPLY: Final = 0x80
_UNICODE: Final = 0x8000
_NO_MORE: Final = 0xFF
_CHAIN_LIMIT: Final = 4
_DIALECT_LIMIT: Final = 32
_STRING_LIMIT: Final = 1_024
_ANDX: Final = frozenset({0x24, 0x2D, 0x2E, 0x2F, 0x73, 0x74, 0x75, 0xA2})


class Block:
    """One command of a message: `words` of `count`, then `data` to `data_end`."""

    __slots__ = (
        "b", "command", "count", "data", "data_end", "e", "flags2", "mid", "o", "reply", "status",
        "tid", "uid", "words",
    )  # fmt: skip

    def __init__(self, b: bytes, o: int, e: int, command: int, at: int) -> None:
        head: Head = _HEADER.unpack_from(b, o)
        (
            _magic, _command, self.status, flags, self.flags2, _pid_high, _signature, _reserved,
            self.tid, _pid, self.uid, self.mid,
        ) = head  # fmt: skip
        self.b = b
        self.o = o
        self.e = e
        self.command = command
        self.reply = bool(flags & _REPLY)
        self.count = b[at]
        self.words = at + 1
        self.data = self.words + 2 * self.count + 2
        if self.data > e:
            raise Malformed("SMB1 words cut")
        size = int(_U16.unpack_from(b, self.data - 2)[0])
        self.data_end = min(self.data + size, e)

    def word(self, at: int) -> int:
        """Two bytes at this offset of the words."""
        if at + 2 > 2 * self.count:
            raise Malformed(f"no word at {at}")
        value: int = _U16.unpack_from(self.b, self.words + at)[0]
        return value

    def words_raw(self, at: int, size: int) -> bytes:
        if at + size > 2 * self.count:
            raise Malformed(f"no word at {at}")
        return self.b[self.words + at : self.words + at + size]

    def span(self, start: int, size: int) -> tuple[int, int]:
        """Bounds of a buffer of the data; Malformed if it is not whole there."""
        if start < self.data or start + size > self.data_end:
            raise Malformed("buffer leaves the SMB1 data")
        return start, start + size

    def kept(self, offset: int, size: int) -> tuple[int, int, bool]:
        """Bounds of a buffer at this offset of the message, clipped to what was kept; the last
        says whether it was clipped.
        """
        if size == 0:
            return self.e, self.e, False  # its offset means nothing, and may lie anywhere
        start = self.o + offset
        if offset < _HEAD or start > self.e:
            return self.e, self.e, True
        return start, min(start + size, self.e), start + size > self.e

    def string(self, o: int, stop: int = 0) -> tuple[str, int]:
        """A terminated string of the data and the offset behind it; "" where there is none.
        UTF-16 strings are aligned to the header. `stop`: where it ends at the latest, if that is
        before the end of the data.
        """
        end = min(stop, self.data_end) if stop else self.data_end
        if self.flags2 & _UNICODE:
            o += (o - self.o) & 1
            stop = o
            while stop + 2 <= end and self.b[stop : stop + 2] != b"\0\0":
                stop += 2
            text = self.b[o : min(stop, o + _STRING_LIMIT)].decode("utf-16-le", "replace")
            return text, stop + 2
        stop = self.b.find(b"\0", o, end)
        stop = max(o, end) if stop < 0 else stop
        return self.b[o : min(stop, o + _STRING_LIMIT)].decode("latin-1"), stop + 1

    def service(self) -> str:
        """The OEM string that begins the data of a TREE_CONNECT_ANDX answer."""
        stop = self.b.find(b"\0", self.data, self.data_end)
        return self.b[self.data : stop].decode("latin-1") if stop >= 0 else ""

    def dialects(self) -> list[str]:
        """Names offered by a NEGOTIATE, each 0x02 and a terminated OEM string."""
        parts = self.b[self.data : self.data_end].split(b"\0")[:_DIALECT_LIMIT]
        return [part[1:65].decode("latin-1") for part in parts if part[:1] == b"\x02"]


def blocks(b: bytes, o: int, e: int) -> Iterator[Block]:
    """The commands of the message at `o`, following AndX."""
    if e - o < _HEAD + 3 or b[o : o + 4] != b"\xffSMB":
        raise Malformed("no SMB1 header")
    command = b[o + 4]
    at = o + _HEAD
    for _ in range(_CHAIN_LIMIT):
        block = Block(b, o, e, command, at)
        yield block
        if command not in _ANDX or block.count < 2:
            return
        command = b[block.words]
        offset = block.word(2)
        if command == _NO_MORE or o + offset <= at or o + offset >= e:
            return
        at = o + offset
