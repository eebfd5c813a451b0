"""BER/DER elements (X.690) as offsets into one bytes object; a pure codec without any protocol.

Every function takes (b, o, e): the buffer, the offset of the element or of its content, and the
end it may not pass. Elements are found, never copied; only leaves become Python values. Indefinite
lengths and multi-byte tags do not occur in the protocols read here and are `Malformed`.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from sensor.contract import Malformed

BOOLEAN: Final = 0x01
INTEGER: Final = 0x02
BIT_STRING: Final = 0x03
OCTET_STRING: Final = 0x04
OID: Final = 0x06
ENUMERATED: Final = 0x0A
SEQUENCE: Final = 0x30
SET: Final = 0x31

_OIDS: Final[dict[bytes, str]] = {}
_OIDS_KEPT: Final = 1_024
_EPOCH: Final = date(1970, 1, 1).toordinal()


def header(b: bytes, o: int, e: int) -> tuple[int, int]:
    """Start and stop of the content of the element at `o`; inside `e`, or Malformed."""
    if o + 2 > e:
        raise Malformed(f"element head cut at {o}")
    if b[o] & 0x1F == 0x1F:
        raise Malformed(f"multi-byte tag at {o}")
    start = o + 2
    n = b[o + 1]
    if n >= 0x80:
        if n == 0x82 and o + 4 <= e:
            start = o + 4
            n = b[o + 2] << 8 | b[o + 3]
        elif n == 0x84 and o + 6 <= e:
            start = o + 6
            n = b[o + 2] << 24 | b[o + 3] << 16 | b[o + 4] << 8 | b[o + 5]
        else:
            start += n & 0x7F
            n = _long_length(b, o, e)
    stop = start + n
    if stop > e:
        raise Malformed(f"element at {o} ends at {stop}, after {e}")
    return start, stop


def _long_length(b: bytes, o: int, e: int) -> int:
    """The length in the one to four bytes behind the length octet of the element at `o`."""
    width = b[o + 1] & 0x7F
    if not 1 <= width <= 4 or o + 2 + width > e:
        raise Malformed(f"length of {width} bytes at {o}")
    n = 0
    for i in range(o + 2, o + 2 + width):
        n = n << 8 | b[i]
    return n


def expect(b: bytes, o: int, e: int, tag: int) -> tuple[int, int]:
    """As `header`, for an element that must have this tag."""
    if o + 2 > e:
        raise Malformed(f"element head cut at {o}")
    if b[o] != tag:
        raise Malformed(f"tag {b[o]:#x} instead of {tag:#x} at {o}")
    n = b[o + 1]
    if n >= 0x80:
        return header(b, o, e)
    stop = o + 2 + n
    if stop > e:
        raise Malformed(f"element at {o} ends at {stop}, after {e}")
    return o + 2, stop


def size(b: bytes, o: int, e: int) -> int:
    """Length of the whole element at `o`: 0 if more bytes are needed, -1 if it can be none."""
    if o + 2 > e:
        return 0
    if b[o] & 0x1F == 0x1F:
        return -1
    n = b[o + 1]
    if n < 0x80:
        return 2 + n
    width = n & 0x7F
    if not 1 <= width <= 4:
        return -1
    if o + 2 + width > e:
        return 0
    n = 0
    for i in range(o + 2, o + 2 + width):
        n = n << 8 | b[i]
    return 2 + width + n


def integer(b: bytes, o: int, e: int) -> int:
    """The signed integer whose content is b[o:e]; at most 8 bytes."""
    if not 1 <= e - o <= 8:
        raise Malformed(f"integer of {e - o} bytes at {o}")
    n = b[o] - 256 if b[o] & 0x80 else b[o]
    for i in range(o + 1, e):
        n = n << 8 | b[i]
    return n


def read_integer(b: bytes, o: int, e: int, tag: int = INTEGER) -> tuple[int, int]:
    """Value and end of the INTEGER (or ENUMERATED) element at `o`."""
    if o + 3 <= e and b[o] == tag and b[o + 1] == 1:
        n = b[o + 2]
        return (n - 256 if n & 0x80 else n), o + 3
    start, stop = expect(b, o, e, tag)
    return integer(b, start, stop), stop


def text(b: bytes, o: int, e: int) -> str:
    """Content as text: UTF-8; bytes that are not UTF-8 stay visible as hexadecimal escapes."""
    return b[o:e].decode("utf-8", "backslashreplace")


def oid(b: bytes, o: int, e: int) -> str:
    """Content of an OBJECT IDENTIFIER as dotted text; at most 64 bytes."""
    if not 1 <= e - o <= 64:
        raise Malformed(f"object identifier of {e - o} bytes at {o}")
    known = _OIDS.get(b[o:e])
    if known is not None:
        return known
    parts: list[str] = []
    n = 0
    for i in range(o, e):
        n = n << 7 | b[i] & 0x7F
        if b[i] & 0x80:
            continue
        if not parts:
            first = min(n // 40, 2)
            parts.append(str(first))
            n -= 40 * first
        parts.append(str(n))
        n = 0
    if len(_OIDS) >= _OIDS_KEPT:
        _OIDS.clear()
    text = _OIDS[b[o:e]] = ".".join(parts)
    return text


def bits(b: bytes, o: int, e: int) -> list[int]:
    """Numbers of the set bits of a BIT STRING's content, first bit 0; at most 32 bits are read."""
    if e - o < 1:
        raise Malformed(f"empty bit string at {o}")
    found: list[int] = []
    for i in range(o + 1, min(e, o + 5)):
        octet = b[i]
        first = 8 * (i - o - 1)
        while octet:
            lead = 8 - octet.bit_length()
            found.append(first + lead)
            octet &= 0x7F >> lead
    return found


def time(b: bytes, o: int, e: int) -> int | None:
    """A GeneralizedTime `YYYYMMDDHHMMSSZ` as microseconds since 1970; None where it is no time."""
    if e - o < 15 or b[o + 14] != 0x5A or not b[o : o + 14].isdigit():
        return None
    digits = int(b[o : o + 14])
    day, clock = divmod(digits, 1_000_000)
    try:
        days = date(day // 10_000, day // 100 % 100, day % 100).toordinal() - _EPOCH
    except ValueError:
        return None
    seconds = clock // 10_000 * 3600 + clock // 100 % 100 * 60 + clock % 100
    return (days * 86_400 + seconds) * 1_000_000
