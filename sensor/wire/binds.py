"""Binds and calls of DCE/RPC on ports that nobody knows yet (MS-RPCE, C706 §12.6.4).

A service on a dynamic port shows itself by the first PDU of a connection, a bind of the client or
the server's bind_ack, and where the connection is older than the capture by a segment that begins
with a whole header of a call or of its answer. A sender may cut even that into small segments, so
beginnings that could become one are remembered, bounded in number and time. Knows no reader.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sensor.wire.bounds import Bounds
    from sensor.wire.ports import Ports

RPC_VERSION: Final = 5
HEAD: Final = 28
"""Common header 16, and what these PDUs have before their lists and stubs."""
_REQUEST: Final = 0
_RESPONSE: Final = 2
_FIRST: Final = 1
_CALL_HEAD: Final = 24
_CONTEXTS: Final = 256
_OPNUMS: Final = 1_024
_VERIFIER: Final = 8
_BIND: Final = 11
_BIND_ACK: Final = 12
_MAX_FRAGMENT: Final = 0x4000
_MASK: Final = 0xFFFFFFFF

NO: Final = 0
BIND: Final = 1
ANSWER: Final = -1
MAYBE: Final = 2


def what(b: bytes, o: int, e: int) -> int:
    """BIND (the sender is the client), ANSWER (the server), NO, or MAYBE if b[o:e] is too short to
    tell.
    """
    size = e - o
    if size <= 0 or b[o] != RPC_VERSION or (size > 1 and b[o + 1] > 1):
        return NO
    if size > 2 and b[o + 2] not in (_BIND, _BIND_ACK, _REQUEST, _RESPONSE):
        return NO
    # data representation: integer order and character set in one byte, IEEE floats, two reserved
    if size > 4 and (b[o + 4] not in (0x00, 0x10) or any(b[o + 5 : min(o + 8, e)])):
        return NO
    if size > 2 and b[o + 2] in (_REQUEST, _RESPONSE):
        return _call(b, o, size)
    if size < HEAD:
        return MAYBE
    fragment = b[o + 8] | b[o + 9] << 8 if b[o + 4] else b[o + 8] << 8 | b[o + 9]
    if not HEAD <= fragment <= _MAX_FRAGMENT:
        return NO
    return BIND if b[o + 2] == _BIND else ANSWER


def _call(b: bytes, o: int, size: int) -> int:
    """The same for the first fragment of a request or a response, about which one must be strict:
    these bytes are few, and any stream may hold them.
    """
    if size > 3 and not b[o + 3] & _FIRST:
        return NO
    if size < _CALL_HEAD:
        return MAYBE
    low, high = (0, 1) if b[o + 4] else (1, 0)
    fragment = b[o + 8 + low] | b[o + 8 + high] << 8
    trailer = b[o + 10 + low] | b[o + 10 + high] << 8
    if trailer:
        trailer += _VERIFIER
    if not _CALL_HEAD + trailer <= fragment <= _MAX_FRAGMENT:
        return NO
    if (b[o + 20 + low] | b[o + 20 + high] << 8) >= _CONTEXTS:
        return NO
    if b[o + 2] == _RESPONSE:
        return NO if b[o + 22] or b[o + 23] else ANSWER  # cancel count and a reserved byte
    return BIND if (b[o + 22 + low] | b[o + 22 + high] << 8) < _OPNUMS else NO


class Binds:
    """Beginnings that may become a bind, by the key of their direction."""

    __slots__ = ("_begun", "_bounds", "_ports")

    def __init__(self, ports: Ports, bounds: Bounds) -> None:
        self._ports = ports
        self._bounds = bounds
        self._begun: dict[bytes, tuple[int, int, bytes]] = {}  # (since, next number, bytes)

    def look(self, ts: int, key: bytes, seq: int, b: bytes, o: int, e: int) -> tuple[int, bytes]:
        """What the segment b[o:e] begins or completes, and the bytes that came before it."""
        before = b""
        since = ts
        begun = self._begun.get(key)
        if begun is not None:
            self._forget(key)
            if begun[1] == seq:
                since, _, before = begun
        head = before + b[o : min(e, o + HEAD)]
        answer = what(head, 0, len(head))
        if answer == MAYBE:
            if len(self._begun) >= self._bounds.binds:
                self._forget(next(iter(self._begun)))
            self._begun[key] = (since, (seq + e - o) & _MASK, head)
            self._ports.watch(_receiver_port(key))
        return answer, before

    def expire(self, now: int) -> None:
        """Forget beginnings that did not go on."""
        limit = now - self._bounds.opening_idle
        while self._begun:
            key = next(iter(self._begun))
            if self._begun[key][0] > limit:
                return
            self._forget(key)

    def _forget(self, key: bytes) -> None:
        del self._begun[key]
        self._ports.unwatch(_receiver_port(key))


def _receiver_port(key: bytes) -> int:
    return key[-2] << 8 | key[-1]
