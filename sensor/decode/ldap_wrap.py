"""Security layers under LDAP: TLS records seen as such, SASL buffers opened where only signed.

RFC 4422 §3.7 (four bytes of length), RFC 4121 §4.2.4 (CFX wrap tokens), RFC 1964 §1.2.2 and
RFC 4757 §7.3 (older wrap tokens), MS-NLMP §2.2.2.9.1 (a 16-byte signature), RFC 2831 §2.3
(ten bytes of MAC, type and number behind the text). A sealed buffer says nothing but its length.
Knows no LDAP message, except that one begins with a SEQUENCE.
"""

from __future__ import annotations

from typing import Final

from sensor.decode import ber

LENGTH: Final = 4
LARGEST: Final = 1 << 24
_SEALED: Final = 0x02
_RECORD: Final = (1 << 14) + 2048
_NTLM_SIGNATURE: Final = b"\x01\x00\x00\x00"
_WRAP: Final = b"\x02\x01"


def tls_record(b: bytes, o: int, e: int) -> bool:
    """Whether a TLS record stands at `o`: content type, major version 3."""
    return o + 3 <= e and 0x14 <= b[o] <= 0x17 and b[o + 1] == 3 and b[o + 2] <= 4


def find_record(b: bytes, o: int, e: int) -> int:
    """Where a TLS record plausibly begins in a stream known to be TLS, or -1.

    It is of a plausible length (RFC 8446 §5.2), and one follows it or it ends with the bytes.
    """
    for i in range(o, e - 5):
        if not tls_record(b, i, e):
            continue
        end = i + 5 + (b[i + 3] << 8 | b[i + 4])
        if i + 5 < end <= i + 5 + _RECORD and (end == e or tls_record(b, end, e)):
            return i
    return -1


def sealed_head(b: bytes, o: int, e: int) -> bool:
    """Whether the first bytes of the SASL buffer at `o` (behind its length) already say sealed."""
    return o + 3 <= e and b[o] == 5 and b[o + 1] == 4 and b[o + 2] & _SEALED != 0


def plaintext(b: bytes, o: int, e: int, *, inside: bool) -> bytes | None:
    """The plain text in the SASL buffer b[o:e] (behind its length); None if it is sealed.

    `inside`: the text continues a message begun in an earlier buffer, so that it need not begin
    with one itself.
    """
    if e - o >= 16 and b[o] == 5 and b[o + 1] == 4:
        return None if b[o + 2] & _SEALED else _unrotated(b, o, e)
    if b[o] == 0x60:
        return _older(b, o, e)
    if b.startswith(_NTLM_SIGNATURE, o) and e - o > 16:
        return b[o + 16 : e] if inside or _begins(b, o + 16, e) else None
    if e - o > 16 and b[e - 6 : e - 4] == b"\x00\x01" and _begins(b, o, e - 16):
        return b[o : e - 16]
    return None


def _unrotated(b: bytes, o: int, e: int) -> bytes:
    """RFC 4121 §4.2.5: text and checksum (EC bytes), rotated right by RRC."""
    checksum = b[o + 4] << 8 | b[o + 5]
    rotation = b[o + 6] << 8 | b[o + 7]
    o += 16
    length = e - o
    if checksum > length or length == 0:
        return b""
    rotation %= length
    if rotation <= checksum:
        return b[o + rotation : o + rotation + length - checksum]
    return (b[o + rotation : e] + b[o : o + rotation])[: length - checksum]


def _older(b: bytes, o: int, e: int) -> bytes | None:
    """A wrap token in GSS-API framing: SEAL_ALG ffff is none; then a confounder of 8 bytes."""
    start, stop = ber.header(b, o, e)
    start = ber.expect(b, start, stop, ber.OID)[1]
    if not b.startswith(_WRAP, start, stop) or stop - start < 32:
        return None
    if b[start + 4] != 0xFF or b[start + 5] != 0xFF:
        return None
    return b[start + 32 : e]


def _begins(b: bytes, o: int, e: int) -> bool:
    """Whether an LDAP message begins at `o`: a SEQUENCE whose first element is a short INTEGER.

    Its end may lie in a later buffer.
    """
    if e - o < 7 or b[o] != ber.SEQUENCE:
        return False
    total = ber.size(b, o, e)
    if not 7 <= total <= LARGEST:
        return False
    width = b[o + 1] & 0x7F if b[o + 1] & 0x80 else 0
    at = o + 2 + width
    return at + 1 < e and b[at] == ber.INTEGER and 1 <= b[at + 1] <= 5
