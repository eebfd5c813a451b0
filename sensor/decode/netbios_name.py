"""Encoded NetBIOS names (RFC 1001 §14.1, RFC 1002 §4.1; the suffixes of MS-NBTE §1.8).

A pure codec: where a name ends and what it says. Knows no service that carries names.
"""

from __future__ import annotations

from typing import Final

from sensor.contract import Malformed

WORKSTATION: Final = 0x00
SERVER: Final = 0x20
_HALVES: Final = 32
_POINTER: Final = 0xC0
_LABELS: Final = 32
_LONGEST: Final = 15
_BARRED: Final = frozenset('"*./:<>?\\|')
"""What a computer's NetBIOS name may not hold, besides controls (MS-NBTE §2.2.1)."""


class NetbiosName:
    """A name of 15 characters without its padding, its suffix, and the offset behind it."""

    __slots__ = ("stop", "suffix", "text")

    def __init__(self, text: str, suffix: int, stop: int) -> None:
        self.text = text
        self.suffix = suffix
        self.stop = stop

    @property
    def host(self) -> str | None:
        """The raw host `name:WS9` if this is how a computer calls itself."""
        if self.suffix not in {WORKSTATION, SERVER} or not is_computer_name(self.text):
            return None
        return f"name:{self.text}"


def is_computer_name(text: str) -> bool:
    """Whether a text can be a computer's NetBIOS name."""
    return 0 < len(text) <= _LONGEST and text.isprintable() and _BARRED.isdisjoint(text)


def name(b: bytes, o: int, e: int) -> NetbiosName:
    """The encoded name at `o`; a scope behind it is passed over."""
    if o + 1 + _HALVES > e or b[o] != _HALVES:
        raise Malformed(f"no NetBIOS name at {o}")
    raw = bytearray()
    for i in range(o + 1, o + 1 + _HALVES, 2):
        high, low = b[i] - 0x41, b[i + 1] - 0x41
        if not (0 <= high <= 15 and 0 <= low <= 15):
            raise Malformed(f"no half of a NetBIOS name at {i}")
        raw.append(high << 4 | low)
    return NetbiosName(plain(bytes(raw[:_LONGEST])), raw[_LONGEST], after(b, o, e))


def plain(raw: bytes) -> str:
    """15 bytes of a name without padding; the code page is the sender's, so ASCII is certain only."""
    return raw.decode("latin-1").rstrip("\0 ")


def after(b: bytes, o: int, e: int) -> int:
    """The offset behind the name at `o`, of labels or a pointer."""
    for _ in range(_LABELS):
        if o >= e:
            break
        size = b[o]
        if size >= _POINTER:
            if o + 2 > e:
                break
            return o + 2
        o += 1 + size
        if size == 0:
            return o
    raise Malformed(f"name without end before {e}")
