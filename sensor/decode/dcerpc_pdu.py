"""PDUs of connection-oriented DCE/RPC: framing and headers, without state.

References: C706 chapter 12, MS-RPCE 2.2.2. Both byte orders. Knows no interface and no stub.
"""

from __future__ import annotations

import struct
from typing import Final

from sensor.contract import Malformed

REQUEST: Final = 0
RESPONSE: Final = 2
FAULT: Final = 3
BIND: Final = 11
BIND_ACK: Final = 12
BIND_NAK: Final = 13
ALTER_CONTEXT: Final = 14
ALTER_CONTEXT_RESP: Final = 15
AUTH3: Final = 16

FIRST: Final = 1
LAST: Final = 2
_OBJECT: Final = 0x80
_HEAD: Final = 16
_SEARCH_LIMIT: Final = 65_536
TO_SERVER: Final = frozenset({REQUEST, BIND, ALTER_CONTEXT, AUTH3, 17, 18, 19})

_LENGTHS: Final = (struct.Struct("<HHI"), struct.Struct(">HHI"))
_U16: Final = (struct.Struct("<H"), struct.Struct(">H"))
_U32: Final = (struct.Struct("<I"), struct.Struct(">I"))
_CALL: Final = (struct.Struct("<IHH"), struct.Struct(">IHH"))


class Verifier:
    """The security trailer of a PDU (C706 13.2.6.1) and where its token lies."""

    __slots__ = ("begin", "context", "kind", "level", "pad", "token", "token_end")

    def __init__(self, b: bytes, o: int, end: int, size: int, big: int) -> None:
        """`end`: end of the PDU; `size`: bytes of the token."""
        self.token = end - size
        self.token_end = end
        self.begin = self.token - 8
        if self.begin < o + _HEAD:
            raise Malformed("security trailer longer than its PDU")
        self.kind = b[self.begin]
        self.level = b[self.begin + 1]
        self.pad = b[self.begin + 2]
        self.context = int(_U32[big].unpack_from(b, self.begin + 4)[0])


class Pdu:
    """Header of the PDU at `o`; `body` to `end` is what follows it, without the security trailer.

    `end` stops earlier than the PDU when the driver kept only its head (`whole` is then false, and
    the trailer cannot be read).
    """

    __slots__ = (
        "auth_size", "b", "big", "body", "call", "context", "end", "flags", "kind", "o", "opnum",
        "status", "stub", "verifier", "whole",
    )  # fmt: skip

    def __init__(self, b: bytes, o: int, e: int) -> None:
        if e - o < _HEAD or b[o] != 5:
            raise Malformed("no DCE/RPC header")
        self.b = b
        self.o = o
        self.kind = b[o + 2]
        self.flags = b[o + 3]
        self.big = 0 if b[o + 4] & 0x10 else 1
        head: tuple[int, int, int] = _LENGTHS[self.big].unpack_from(b, o + 8)
        size, self.auth_size, self.call = head
        self.body = o + _HEAD
        self.whole = o + size <= e
        self.end = o + size if self.whole else e
        self.verifier: Verifier | None = None
        self.context = 0
        self.opnum = 0
        self.status = 0
        if self.auth_size and self.whole:
            self.verifier = Verifier(b, o, self.end, self.auth_size, self.big)
            self.end = self.verifier.begin
        self.stub = self.end
        if self.kind in (REQUEST, RESPONSE, FAULT):
            self._read_call()

    def _read_call(self) -> None:
        if self.end - self.body < 8:
            raise Malformed("call without its header")
        call: tuple[int, int, int] = _CALL[self.big].unpack_from(self.b, self.body)
        _hint, self.context, self.opnum = call
        self.stub = self.body + 8
        if self.kind == REQUEST and self.flags & _OBJECT:
            self.stub += 16
            if self.stub > self.end:
                raise Malformed("call without its object")
        if self.kind == FAULT:
            if self.end - self.stub < 4:
                raise Malformed("fault without a status")
            self.status = self.u32(self.stub)
        if self.verifier is not None:
            self.end = max(self.stub, self.end - self.verifier.pad)

    def u16(self, o: int) -> int:
        if o + 2 > self.end:
            raise Malformed(f"PDU ends at {o}")
        value: int = _U16[self.big].unpack_from(self.b, o)[0]
        return value

    def u32(self, o: int) -> int:
        if o + 4 > self.end:
            raise Malformed(f"PDU ends at {o}")
        value: int = _U32[self.big].unpack_from(self.b, o)[0]
        return value


def length(b: bytes, o: int, e: int) -> int:
    """Length of the PDU at `o`; 0 if too little is there to know, -1 if it is none."""
    n = e - o
    if n >= _HEAD:
        if b[o] != 5 or b[o + 1] > 1 or b[o + 2] > 20 or b[o + 4] & 0xEF or b[o + 5] > 3:
            return -1
    elif (
        n < 1
        or b[o] != 5
        or (n > 1 and b[o + 1] > 1)
        or (n > 2 and b[o + 2] > 20)
        or (n > 4 and b[o + 4] not in (0x10, 0x00))
        or (n > 5 and b[o + 5] > 3)
    ):
        return 0 if n < 1 else -1
    if n < _HEAD:
        return 0
    if b[o + 4]:
        size = b[o + 8] | b[o + 9] << 8
        auth = b[o + 10] | b[o + 11] << 8
    else:
        size = b[o + 8] << 8 | b[o + 9]
        auth = b[o + 10] << 8 | b[o + 11]
    return -1 if size < _HEAD or (auth and auth + 8 + _HEAD > size) else size


def search(b: bytes, o: int, e: int, *, to_server: bool) -> int:
    """Offset where a PDU of this direction plausibly begins, or -1."""
    end = min(e, o + _SEARCH_LIMIT)
    while True:
        o = b.find(b"\x05\x00", o, end)
        if o < 0:
            return -1
        if e - o >= _HEAD and length(b, o, e) > 0 and (b[o + 2] in TO_SERVER) == to_server:
            return o
        o += 1
