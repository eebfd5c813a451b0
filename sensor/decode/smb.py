"""SMB over TCP: framing, and the choice between SMB1, SMB 2/3, encrypted and compressed messages.

Both transports: direct on 445 and NetBIOS session service on 139 (RFC 1002 4.3). Of messages that
carry file content only the head is asked for. References: MS-SMB2 2.1, 2.2.41, 2.2.42; MS-CIFS 2.1.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from dsl.schema.smb import SmbTransform
from sensor.contract import Malformed, Reader, common
from sensor.decode import smb1, smb2
from sensor.decode import smb2_header as h
from sensor.decode.smb2_files import PIPE_TRANSCEIVE, file_id
from sensor.decode.smb2_header import Message
from sensor.decode.smb_files import looks_like_rpc
from sensor.decode.smb_session import Client

if TYPE_CHECKING:
    from sensor.contract import Context, Flow

PORTS_TCP: Final = (139, 445)
PORTS_UDP: Final = ()

_NBSS: Final = 4
_SESSION_MESSAGE: Final = 0x00
_SERVICE: Final = frozenset({0x81, 0x82, 0x83, 0x84, 0x85})
_SERVICE_LIMIT: Final = 0x200
_SMB1: Final = 0xFF
_SMB2: Final = 0xFE
_ENCRYPTED: Final = 0xFD
_COMPRESSED: Final = 0xFC
_ENCRYPTED_HEAD: Final = 52
_COMPRESSED_HEAD: Final = 16
_CHAINED: Final = 1
_FIXED_BODY: Final = 16
_WHOLE_LIMIT: Final = 131_072
_BODY: Final = 64
_RPC_PEEK: Final = 16
_SEARCH_LIMIT: Final = 65_536
_TRANSFORM: Final = struct.Struct("<IHHQ")
_COMPRESSION: Final = struct.Struct("<IHHI")
_BULK: Final = frozenset({h.QUERY_DIRECTORY, h.QUERY_INFO})
_CONTENT: Final = _BULK | {h.READ, h.WRITE, h.IOCTL}
_SIZE: Final = b"\x40\x00"
_ALONE: Final = bytes(4)
"""No next command in the compound."""


class SmbReader(Reader):
    """Messages of one connection, of whatever version."""

    __slots__ = ("_client", "_context", "_flow", "_one", "_told_compressed", "_two")

    def __init__(self, flow: Flow, context: Context) -> None:
        self._flow = flow
        self._context = context
        self._client = Client()
        self._one: smb1.Connection | None = None
        self._two: smb2.Connection | None = None
        self._told_compressed = False

    def frame(self, to_server: bool, b: bytes, o: int, e: int) -> tuple[int, int]:
        n = e - o
        kind = b[o]
        if kind in _SERVICE:
            if n < _NBSS:
                return 0, 0
            size = int.from_bytes(b[o + 1 : o + 4], "big")
            return (0, -1) if size > _SERVICE_LIMIT else (_NBSS, _NBSS + size)
        if kind != _SESSION_MESSAGE:
            return 0, -1
        if n < _NBSS + 4:
            return 0, 0
        if b[o + 5 : o + 8] != b"SMB" or b[o + 4] < _COMPRESSED:
            return 0, -1
        total = _NBSS + (b[o + 1] << 16 | b[o + 2] << 8 | b[o + 3])
        want = self._want(to_server, b, o + _NBSS, min(e, o + total), total - _NBSS)
        return (want + _NBSS, total) if want else (0, 0)

    def _want(self, to_server: bool, b: bytes, o: int, e: int, size: int) -> int:
        """How much of the message of `size` at `o` is needed; 0 if its head is not there yet."""
        kind = b[o]
        if kind == _ENCRYPTED:
            return min(size, _ENCRYPTED_HEAD)
        if kind == _COMPRESSED:
            return min(size, _COMPRESSED_HEAD + h.HEAD + _BODY)
        if kind == _SMB1:
            if self._one is None:
                return min(size, _WHOLE_LIMIT)
            return self._one.want(to_server, b, o, e, size)
        if e - o < min(size, h.HEAD + _BODY):
            return 0
        if size < h.HEAD:
            return size
        # most are short: a sound head, alone and of a command without content, is wanted whole
        if (
            b[o + 12] not in _CONTENT
            and b.startswith(_SIZE, o + 4, e)
            and b.startswith(_ALONE, o + 20, e)
        ):
            return size if size < _WHOLE_LIMIT else _WHOLE_LIMIT  # noqa: FURB136 - no call
        return self._want2(to_server, Message(b, o, o + size), e, size)

    def _want2(self, to_server: bool, m: Message, e: int, size: int) -> int:
        whole = min(size, _WHOLE_LIMIT)
        head = min(size, h.HEAD + _BODY)
        m.e = e
        if m.next:
            return whole
        if m.command in _BULK:
            return head
        if m.command == h.WRITE and to_server and size >= h.HEAD + _BODY:
            entry = self._two.files.get(file_id(m)) if self._two is not None else None
            start = m.o + m.u16(2)
            if entry is None:
                return whole if looks_like_rpc(m.b, start, e) else head
            if entry.content is not None:
                return whole
            return whole if entry.takes_rpc(m.b, start, e) else head
        if m.command == h.READ and not to_server:
            r = self._two.waiting(m.ident) if self._two is not None else None
            return whole if r is not None and r.entry is not None and r.entry.is_pipe else head
        if m.command == h.IOCTL and size >= h.HEAD + _BODY:
            return whole if m.u32(4) == PIPE_TRANSCEIVE else head
        return whole

    def resync(self, to_server: bool, b: bytes, o: int, e: int) -> int:
        end = min(e, o + _SEARCH_LIMIT)
        at = o
        while True:
            at = b.find(b"SMB", at, end)
            if at < 0:
                return -1
            start = at - 5
            if start >= o and b[start] == 0 and self._plausible(to_server, b, start, e):
                return start
            at += 1

    def _plausible(self, to_server: bool, b: bytes, o: int, e: int) -> bool:
        kind = b[o + _NBSS]
        if kind < _COMPRESSED or int.from_bytes(b[o + 1 : o + 4], "big") < _COMPRESSED_HEAD:
            return False
        if kind != _SMB2:
            return True
        if e - o < _NBSS + 20:
            return False  # too little to tell; the driver comes back with more
        flags = b[o + _NBSS + 16]
        return b[o + 8] == h.HEAD and b[o + 9] == 0 and bool(flags & 1) != to_server

    def message(self, ts: int, to_server: bool, b: bytes, o: int, e: int) -> None:
        if b[o] != _SESSION_MESSAGE:
            return
        o += _NBSS
        if e - o < 4:
            raise Malformed("no SMB message")
        kind = b[o]
        if kind == _SMB2:
            self._second().message(ts, to_server, b, o, e)
        elif kind == _SMB1:
            if self._one is None:
                self._one = smb1.Connection(self._flow, self._context, self._client)
            self._one.message(ts, to_server, b, o, e)
        elif kind == _ENCRYPTED:
            if e - o < _ENCRYPTED_HEAD:
                raise Malformed("encrypted message cut")
            size, _reserved, _flags, session = _TRANSFORM.unpack_from(b, o + 36)
            self._second().sealed(ts, session, size)
        elif kind == _COMPRESSED:
            self._compressed(ts, to_server, b, o, e)

    def _compressed(self, ts: int, to_server: bool, b: bytes, o: int, e: int) -> None:
        if e - o < _COMPRESSED_HEAD:
            raise Malformed("compressed message cut")
        size, algorithm, flags, offset = _COMPRESSION.unpack_from(b, o + 4)
        self._context.count("smb.compressed")
        # compression is ordinary, so the first of a connection stands for all; sizes that
        # overflow 32 bits are the attack and are each told
        if not self._told_compressed or size + offset > 0xFFFFFFFF:
            self._told_compressed = True
            self._context.emit(
                SmbTransform(
                    **common(self._flow, ts, "smb"),
                    kind="compressed",
                    declared_size=size,
                    offset=offset,
                )
            )
        # what is not compressed is mostly the header and the fixed body of the message inside:
        # before the compressed bytes, or as the first payload of a chain
        if flags & _CHAINED and algorithm:
            return
        start = o + _COMPRESSED_HEAD
        stop = min(e, start + offset)
        if stop - start >= h.HEAD + _FIXED_BODY and b[start] == _SMB2:
            self._second().message(ts, to_server, b, start, stop)

    def _second(self) -> smb2.Connection:
        if self._two is None:
            self._two = smb2.Connection(self._flow, self._context, self._client)
        return self._two

    def gap(self, ts: int, to_server: bool) -> None:
        if self._two is not None:
            self._two.files.gap(ts, to_server)
        if self._one is not None:
            self._one.files.gap(ts, to_server)

    def close(self, ts: int) -> None:
        if self._two is not None:
            self._two.close(ts)
        if self._one is not None:
            self._one.close(ts)


def reader(flow: Flow, context: Context) -> SmbReader:
    """Reader of a connection to an SMB server."""
    return SmbReader(flow, context)
