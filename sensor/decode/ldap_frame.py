"""Where LDAP messages begin and end, on the wire and inside SASL buffers (RFC 4511 §5.1).

Both header forms occur: Windows writes every length in four bytes (`84`), Samba and OpenLDAP the
shortest. A search entry is wanted only as far as its objectName; the rest is skipped, unless it
answers a netlogon ping.
Knows the tags of operations, not their content.
"""

from __future__ import annotations

from typing import Final

from sensor.contract import Malformed
from sensor.decode import ber, ldap_wrap

ENTRY: Final = 0x64
_REQUESTS: Final = frozenset({
    0x60, 0x42, 0x63, 0x66, 0x68, 0x4A, 0x6C, 0x6E, 0x50, 0x77,
})  # fmt: skip
_RESPONSES: Final = frozenset({
    0x61, ENTRY, 0x65, 0x73, 0x67, 0x69, 0x6B, 0x6D, 0x6F, 0x78, 0x79,
})  # fmt: skip
_OPERATIONS: Final = _REQUESTS | _RESPONSES
_WANT: Final = 1 << 20
_NAME: Final = 1 << 16
_SASL_HEADS: Final = frozenset({0x05, 0x60, 0x01, 0x30})


def message_bounds(b: bytes, o: int, e: int, *, whole: bool = False) -> tuple[int, int]:
    """(want, total) of the LDAPMessage at `o`, as `Reader.frame`; `whole`: entries, too."""
    if o < e and b[o] != ber.SEQUENCE:
        return 0, -1
    total = ber.size(b, o, e)
    if total <= 0:
        return 0, total
    if not 7 <= total <= ldap_wrap.LARGEST:
        return 0, -1
    stop = o + total
    at = _content(b, o)
    if at + 2 > e:
        return 0, 0
    if b[at] != ber.INTEGER or not 1 <= b[at + 1] <= 5:
        return 0, -1
    at += 2 + b[at + 1]
    if at + 2 > stop:
        return 0, -1
    if at >= e:
        return 0, 0
    if b[at] not in _OPERATIONS:
        return 0, -1
    if whole or b[at] != ENTRY:
        return min(total, _WANT), total
    for tag in (ENTRY, ber.OCTET_STRING):
        if at + 2 > stop:
            return 0, -1
        length = ber.size(b, at, e)
        if length <= 0:
            return 0, length
        if b[at] != tag or at + length > stop:
            return 0, -1
        if tag == ENTRY:
            at = _content(b, at)
        else:
            at += length
    return min(at - o, _NAME), total


def frame(b: bytes, o: int, e: int, *, wrapped: bool, whole: bool = False) -> tuple[int, int]:
    """(want, total) of what stands at `o`: an LDAPMessage, a SASL buffer or a TLS record.

    `wrapped`: a SASL bind succeeded, so that a buffer may begin with any byte. `whole`: entries
    are wanted with their attributes.
    """
    if e - o < 7:
        return 0, 0
    if b[o] == ber.SEQUENCE:
        return message_bounds(b, o, e, whole=whole)
    if b[o] == 0:
        length = b[o + 1] << 16 | b[o + 2] << 8 | b[o + 3]
        if length < 17 or not (wrapped or b[o + 4] in _SASL_HEADS):
            return 0, -1
        if ldap_wrap.sealed_head(b, o + 4, e):
            return 7, 4 + length
        return min(4 + length, _WANT), 4 + length
    if ldap_wrap.tls_record(b, o, e):
        return 5, 5 + (b[o + 3] << 8 | b[o + 4])
    return 0, -1


def find(b: bytes, o: int, e: int, *, to_server: bool) -> int:
    """Where a message of this direction, a SASL buffer or a TLS record plausibly begins, or -1."""
    operations = _REQUESTS if to_server else _RESPONSES
    for i in range(o, e - 7):
        if b[i] == ber.SEQUENCE:
            if message_bounds(b, i, e)[1] > 0 and b[_operation(b, i)] in operations:
                return i
        elif b[i] == 0:
            if b[i + 4] == 5 and b[i + 5] == 4 and b[i + 6] <= 7 and b[i + 7] == 0xFF:
                return i
            if b[i + 4 : i + 8] == b"\x01\x00\x00\x00" and b[i + 3] >= 17:
                return i
        elif (
            ldap_wrap.tls_record(b, i, e)
            and (i == o or b[i] == 0x17)
            and b[i + 3] < 0x48
            and i + 5 + (b[i + 3] << 8 | b[i + 4]) <= e
        ):
            return i
    return -1


def content(b: bytes, o: int, e: int) -> int:
    """Where the content of the element at `o` begins; the element may end after `e`."""
    if ber.size(b, o, e) <= 0:
        raise Malformed(f"element head at {o}")
    return _content(b, o)


def _content(b: bytes, o: int) -> int:
    """The same where the head is known to be complete."""
    return o + 2 + (b[o + 1] & 0x7F if b[o + 1] & 0x80 else 0)


def _operation(b: bytes, o: int) -> int:
    """Where the protocolOp of the message at `o` stands."""
    at = _content(b, o)
    return at + 2 + b[at + 1]


class Stream:
    """The messages inside one direction's SASL buffers; one may begin in this and end in the next."""

    __slots__ = ("_held", "_need", "_parts", "_skip")

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._held = 0
        self._need = 0
        self._skip = 0

    @property
    def inside(self) -> bool:
        """Whether a message is under way."""
        return self._held > 0 or self._skip > 0

    def reset(self) -> None:
        """Forget what was under way: bytes are missing."""
        self._parts.clear()
        self._held = self._need = self._skip = 0

    def feed(self, text: bytes, *, whole: bool = False) -> list[bytes]:
        """The messages (their wanted part) that this plain text completes, in order."""
        if self._skip >= len(text):
            self._skip -= len(text)
            return []
        if self._skip:
            text = text[self._skip :]
            self._skip = 0
        self._parts.append(text)
        self._held += len(text)
        if self._held < self._need:
            return []  # joined once, when there is enough
        b = b"".join(self._parts)
        self.reset()
        found: list[bytes] = []
        o = 0
        while o < len(b):
            want, total = message_bounds(b, o, len(b), whole=whole)
            if total < 0:
                return found
            if total == 0 or len(b) - o < want:
                self._parts.append(b[o:])
                self._held = len(b) - o
                self._need = want
                return found
            found.append(b[o : o + want])
            o += total
        self._skip = o - len(b)
        return found
