"""Capture files of the next generation (draft-ietf-opsawg-pcapng).

Sections of both byte orders with their own interfaces; enhanced, simple and old packet blocks;
time resolution and offset of an interface; drop counts of interface statistics. After a damaged
block the next plausible one is searched for: a known type whose two lengths agree. Knows nothing
inside a frame.
"""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING, Final

from sensor.inputs.damage import Damage
from sensor.inputs.packets import MAX_TIME, Packets
from sensor.wire import link

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sensor.inputs.bytestream import Window

SECTION: Final = 0x0A0D0D0A
MAGIC: Final = b"\x0a\x0d\x0d\x0a"
_INTERFACE: Final = 1
_OLD_PACKET: Final = 2
_SIMPLE_PACKET: Final = 3
_STATISTICS: Final = 5
_PACKET: Final = 6
_READ: Final = frozenset({_INTERFACE, _OLD_PACKET, _SIMPLE_PACKET, _STATISTICS, _PACKET})
_ORDERS: Final = {b"\x4d\x3c\x2b\x1a": "<", b"\x1a\x2b\x3c\x4d": ">"}
_LEAST: Final = {SECTION: 28, _INTERFACE: 20, _OLD_PACKET: 32, _SIMPLE_PACKET: 16, _PACKET: 32}
_MAX_BLOCK: Final = 1 << 20
"""Blocks that are read; others may be longer and are passed over."""
_MAX_INTERFACES: Final = 4_096
_IF_TSRESOL: Final = 9
_IF_TSOFFSET: Final = 14
_ISB_IFDROP: Final = 5
_ISB_OSDROP: Final = 7


class Dropped:
    """The capturing machine says that it lost this many packets more."""

    __slots__ = ("packets",)

    def __init__(self, packets: int) -> None:
        self.packets = packets


class _Interface:
    """Link type, cut length, and how its clock counts: ticks * up // down + offset = us."""

    __slots__ = ("down", "dropped", "linktype", "offset", "snap", "up")

    def __init__(self, linktype: int, snap: int) -> None:
        self.linktype = linktype
        self.snap = snap
        self.up = 1
        self.down = 1
        self.offset = 0
        self.dropped = 0

    def resolution(self, code: int) -> None:
        """if_tsresol: a negative power of ten, or of two if the highest bit is set."""
        exponent = code & 0x7F
        if code & 0x80:
            self.up, self.down = 1_000_000, 1 << exponent
        elif exponent <= 6:
            self.up, self.down = 10 ** (6 - exponent), 1
        else:
            self.up, self.down = 1, 10 ** (exponent - 6)

    def time(self, ticks: int) -> int:
        """Microseconds since 1970."""
        ts = ticks * self.up // self.down + self.offset
        return 0 if ts < 0 else min(ts, MAX_TIME)


def read(window: Window) -> Iterator[Packets | Damage | Dropped]:
    """Blocks of frames, damages and drop counts, of a file whose magic has been recognised."""
    yield from _Blocks(window).blocks()


class _Blocks:
    __slots__ = (
        "_enhanced", "_head", "_interfaces", "_last", "_order", "_out", "_window",
    )  # fmt: skip

    def __init__(self, window: Window) -> None:
        self._window = window
        self._interfaces: list[_Interface] = []
        self._last = 0
        self._out: list[Packets | Damage | Dropped] = []
        self._use_order("<")

    def _use_order(self, order: str) -> None:
        self._order = order
        self._head = struct.Struct(order + "II")
        self._enhanced = struct.Struct(order + "7I")

    def blocks(self) -> Iterator[Packets | Damage | Dropped]:
        window = self._window
        while window.need(1):
            if not window.need(12):
                if window.damage is None:
                    yield Damage(window.offset, "the file ends inside a block header")
                return
            damage = self._walk()
            yield from self._out
            self._out.clear()
            if damage is not None:
                yield damage
                if window.ended and window.left == 0:
                    return

    def _walk(self) -> Damage | None:
        """Read the whole blocks in the window; a damage ends it."""
        window = self._window
        frames: Packets | None = None
        while window.left >= 12:
            b = window.b
            o = window.o
            kind, size = self._head.unpack_from(b, o)
            if kind == SECTION:
                order = _ORDERS.get(b[o + 8 : o + 12])
                if order is None:
                    return self._search("a section header without byte-order magic")
                self._use_order(order)
                size = self._head.unpack_from(b, o)[1]
            if size < _LEAST.get(kind, 12) or size & 3:
                return self._search(f"a block of {size} bytes")
            if kind in _READ and size > _MAX_BLOCK:
                return self._search(f"a block of {size} bytes")
            if kind not in _READ and kind != SECTION:
                if not self._sound_end(size):
                    return self._search("the two lengths of a block differ")
                begin = window.offset
                if not window.skip(size):
                    return self._cut(begin, size)
                if window.b is not b:
                    return None
                continue
            if o + size > len(b):
                if frames is not None:
                    return None  # hand over what there is; then read on
                if not window.need(size):
                    return self._cut(window.offset, size)
                continue
            if self._head.unpack_from(b, o + size - 8)[1] != size:
                return self._search("the two lengths of a block differ")
            if kind == _PACKET:
                _, _, number, high, low, captured, _ = self._enhanced.unpack_from(b, o)
                if number >= len(self._interfaces) or captured > size - 32:
                    window.o = o + size
                    return Damage(window.base + o, "a packet block contradicts itself")
                interface = self._interfaces[number]
                ts = interface.time(high << 32 | low)
                start = o + 28
                self._last = ts
            elif kind == SECTION:
                self._interfaces = []
                window.o = o + size
                continue
            elif kind == _SIMPLE_PACKET:
                if not self._interfaces:
                    window.o = o + size
                    return Damage(window.base + o, "a packet block without interface")
                interface = self._interfaces[0]
                original = self._head.unpack_from(b, o + 4)[1]
                captured = min(original, interface.snap or original, size - 16)
                start = o + 12
                ts = self._last  # it carries none
            elif kind == _OLD_PACKET:
                both, high, low, captured, _ = struct.unpack_from(self._order + "5I", b, o + 8)
                number = both & 0xFFFF if self._order == "<" else both >> 16
                if number >= len(self._interfaces) or captured > size - 32:
                    window.o = o + size
                    return Damage(window.base + o, "a packet block contradicts itself")
                interface = self._interfaces[number]
                ts = interface.time(high << 32 | low)
                start = o + 28
                self._last = ts
            else:
                window.o = o + size
                damage = self._describe(kind, b, o, size)
                if damage is not None:
                    return damage
                continue
            if frames is None or frames.linktype != interface.linktype or frames.data is not b:
                frames = Packets(b, interface.linktype)
                self._out.append(frames)
            frames.times.append(ts)
            frames.starts.append(start)
            frames.ends.append(start + captured)
            window.o = o + size
        return None

    def _describe(self, kind: int, b: bytes, o: int, size: int) -> Damage | None:
        """An interface description or statistics block."""
        end = o + size - 4
        if kind == _INTERFACE:
            linktype, _, snap = struct.unpack_from(self._order + "HHI", b, o + 8)
            if len(self._interfaces) >= _MAX_INTERFACES:
                return Damage(self._window.base + o, "too many interfaces in a section")
            interface = _Interface(linktype, snap)
            self._interfaces.append(interface)
            for code, at, length in self._options(b, o + 16, end):
                if code == _IF_TSRESOL and length >= 1:
                    interface.resolution(b[at])
                elif code == _IF_TSOFFSET and length >= 8:
                    interface.offset = struct.unpack_from(self._order + "q", b, at)[0] * 1_000_000
            if linktype not in link.SUPPORTED:
                why = f"link type {linktype} is not understood: its packets cannot be read"
                return Damage(self._window.base + o, why)
        elif size >= 24:
            number = struct.unpack_from(self._order + "I", b, o + 8)[0]
            if number < len(self._interfaces):
                total = 0
                for code, at, length in self._options(b, o + 20, end):
                    if code in (_ISB_IFDROP, _ISB_OSDROP) and length >= 8:
                        total += struct.unpack_from(self._order + "Q", b, at)[0]
                more = min(total, 1 << 48) - self._interfaces[number].dropped
                if more > 0:
                    self._interfaces[number].dropped += more
                    self._out.append(Dropped(more))
        return None

    def _options(self, b: bytes, o: int, e: int) -> Iterator[tuple[int, int, int]]:
        """(code, offset, length) of the options in b[o:e]."""
        options = struct.Struct(self._order + "HH")
        while e - o >= 4:
            code, length = options.unpack_from(b, o)
            o += 4
            if code == 0 or length > e - o:
                return
            yield code, o, length
            o += (length + 3) & ~3

    def _sound_end(self, size: int) -> bool:
        """If the end of a block to be passed over is in the window, its length says the same."""
        at = self._window.o + size
        b = self._window.b
        return at > len(b) or self._head.unpack_from(b, at - 8)[1] == size

    def _cut(self, begin: int, size: int) -> Damage | None:
        window = self._window
        window.skip(window.left)
        if window.damage is not None:
            return None
        return Damage(begin, f"the file ends inside a block of {size} bytes")

    def _search(self, why: str) -> Damage:
        """Move the window to the next plausible block, or to the end."""
        window = self._window
        begin = window.offset
        little = self._order == "<"
        kinds = b"|".join(
            re.escape(kind.to_bytes(4, "little" if little else "big")) for kind in sorted(_READ)
        )
        length = rb"..[\x00-\x0f]\x00" if little else rb"\x00[\x00-\x0f].."
        pattern = re.compile(b"(?=%b|(?:%b)%b)" % (re.escape(MAGIC), kinds, length), re.DOTALL)
        window.o += 1
        while True:
            window.need(_MAX_BLOCK)
            for match in pattern.finditer(window.b, window.o):
                if self._plausible(match.start()):
                    window.o = match.start()
                    return Damage(begin, f"{why}; {window.offset - begin} bytes passed over")
            if window.ended:
                window.o = len(window.b)
                return Damage(begin, f"{why}; no further block found")
            window.o = max(window.o, len(window.b) - _MAX_BLOCK)

    def _plausible(self, o: int) -> bool:
        b = self._window.b
        if len(b) - o < 12:
            return False
        head = self._head
        if b[o : o + 4] == MAGIC:
            order = _ORDERS.get(b[o + 8 : o + 12])
            if order is None:
                return False
            head = struct.Struct(order + "II")
        kind, size = head.unpack_from(b, o)
        if size & 3 or not _LEAST.get(kind, 12) <= size <= _MAX_BLOCK or o + size > len(b):
            return False
        return bool(head.unpack_from(b, o + size - 8)[1] == size)
