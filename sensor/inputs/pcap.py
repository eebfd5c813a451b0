"""Capture files of libpcap (draft-ietf-opsawg-pcap; pcap-savefile(5)).

Both byte orders, microseconds and nanoseconds. After a damaged record the next plausible header is
searched for: two in a row whose times and lengths fit. The "modified" format of Kuznetzov and
others is refused, as its record headers cannot be told apart. Knows nothing inside a frame.
"""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING, Final

from sensor.inputs.damage import Damage
from sensor.inputs.packets import Packets
from sensor.wire import link
from sensor.wire.build import COMPILED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_extensions import i64

    from sensor.inputs.bytestream import Window

MAGICS: Final[dict[bytes, tuple[str, int]]] = {
    b"\xd4\xc3\xb2\xa1": ("<", 1),
    b"\xa1\xb2\xc3\xd4": (">", 1),
    b"\x4d\x3c\xb2\xa1": ("<", 1000),
    b"\xa1\xb2\x3c\x4d": (">", 1000),
}
"""Magic -> byte order and units of the time fraction in a microsecond."""
MODIFIED: Final = frozenset(
    {b"\x34\xcd\xb2\xa1", b"\xa1\xb2\xcd\x34", b"\xcd\x34\xa1\xb2", b"\xb2\xa1\x34\xcd"}
)
_FILE_HEADER: Final = 24
_RECORD_HEADER: Final = 16
_MAX_CAPTURED: Final = 262_144
"""MAXIMUM_SNAPLEN of libpcap; a longer record is damage."""
_DAY: Final = 86_400
_LEAST_FRAME: Final = 14


def read(window: Window) -> Iterator[Packets | Damage]:
    """Blocks of frames, and damages, of a file whose magic has been recognised."""
    if not window.need(_FILE_HEADER):
        yield Damage(0, "the file ends inside its header")
        return
    b = window.b
    order, unit = MAGICS[b[:4]]
    major, minor, _, _, _, network = struct.unpack_from(order + "HHiIII", b, 4)
    if major != 2:
        yield Damage(4, f"version {major}.{minor} of the pcap format is not known")
        return
    linktype = network & 0xFFFF  # the upper half tells of frame check sequences
    if linktype not in link.SUPPORTED:
        yield Damage(20, f"link type {linktype} is not understood: no packet can be read")
    window.o = _FILE_HEADER
    yield from _Records(window, order, unit, linktype).blocks()


class _Records:
    __slots__ = ("_header", "_last", "_linktype", "_order", "_unit", "_window")

    def __init__(self, window: Window, order: str, unit: int, linktype: int) -> None:
        self._window = window
        self._order = order
        self._unit = unit
        self._linktype = linktype
        self._header = struct.Struct(order + "IIII")
        self._last = -1  # seconds of the last good record

    def blocks(self) -> Iterator[Packets | Damage]:
        window = self._window
        while window.need(1):
            if not window.need(_RECORD_HEADER):
                if window.damage is None:
                    yield Damage(window.offset, "the file ends inside a record header")
                return
            found = Packets(window.b, self._linktype)
            window.o, sound = self._walk(found, window.o)
            if found.times:
                yield found
            if not sound:
                yield self._search()
            elif window.left >= _RECORD_HEADER:
                captured = self._header.unpack_from(window.b, window.o)[2]
                if not window.need(_RECORD_HEADER + captured):
                    if window.damage is None:
                        why = f"the file ends inside a record of {captured} bytes"
                        yield Damage(window.offset, why)
                    return

    def _walk(self, found: Packets, first: int) -> tuple[int, bool]:
        """Collect the whole records from `first` on; where it stopped, and if that header is sound."""
        b = found.data
        o: i64 = first
        e: i64 = len(b)
        header = self._header
        native = COMPILED and self._order == "<"
        unit = self._unit
        seconds = self._last
        times = found.times
        starts = found.starts
        ends = found.ends
        sound = True
        while e - o >= _RECORD_HEADER:
            if native:  # single bytes cost nothing there, and one unpack costs least here
                second = b[o] | b[o + 1] << 8 | b[o + 2] << 16 | b[o + 3] << 24
                fraction = b[o + 4] | b[o + 5] << 8 | b[o + 6] << 16 | b[o + 7] << 24
                captured = b[o + 8] | b[o + 9] << 8 | b[o + 10] << 16 | b[o + 11] << 24
                size = b[o + 12] | b[o + 13] << 8 | b[o + 14] << 16 | b[o + 15] << 24
            else:
                head: tuple[int, int, int, int] = header.unpack_from(b, o)
                second, fraction, captured, size = head
            if captured > _MAX_CAPTURED or not (captured or size):  # zeros: never written
                sound = False
                break
            end = o + _RECORD_HEADER + captured
            if end > e:
                break
            seconds = second
            times.append(second * 1_000_000 + (fraction if unit == 1 else fraction // unit))
            starts.append(o + _RECORD_HEADER)
            ends.append(end)
            o = end
        self._last = seconds
        return o, sound

    def _search(self) -> Damage:
        """Move the window to the next plausible record, or to the end."""
        window = self._window
        begin = window.offset
        why = "a record header makes no sense"
        pattern = self._pattern()
        window.o += 1
        while True:
            window.need(2 * (_RECORD_HEADER + _MAX_CAPTURED))
            for match in pattern.finditer(window.b, window.o):
                if self._plausible(match.start()):
                    window.o = match.start()
                    return Damage(begin, f"{why}; {window.offset - begin} bytes passed over")
            if window.ended:
                window.o = len(window.b)
                return Damage(begin, f"{why}; no further record found")
            window.o = len(window.b) - (_RECORD_HEADER + _MAX_CAPTURED)

    def _pattern(self) -> re.Pattern[bytes]:
        """Candidates: lengths below the limit and, if a time is known, the same half of it."""
        high = b".."
        if self._last >= 0:
            near = {(self._last + shift * _DAY // 2) >> 16 for shift in (-1, 0, 1, 2)}
            order = "little" if self._order == "<" else "big"
            high = b"|".join(
                re.escape(n.to_bytes(2, "little" if order == "little" else "big"))
                for n in near
                if 0 <= n < 1 << 16
            )
        if self._order == "<":
            text = b"(?=..(?:%b)....(?:..[\\x00-\\x04]\\x00){2})" % high
        else:
            text = b"(?=(?:%b)......(?:\\x00[\\x00-\\x04]..){2})" % high
        return re.compile(text, re.DOTALL)

    def _plausible(self, o: int) -> bool:
        """A sound header at `o`, followed by another one or by the end of the file."""
        b = self._window.b
        second = self._last
        for _ in range(2):
            if len(b) - o < _RECORD_HEADER:
                return o == len(b) and self._window.ended
            now, fraction, captured, size = self._header.unpack_from(b, o)
            if (
                fraction >= 1_000_000 * self._unit
                or not _LEAST_FRAME <= captured <= min(size, _MAX_CAPTURED)
                or (second >= 0 and abs(now - second) > _DAY)
            ):
                return False
            second = now
            o += _RECORD_HEADER + captured
        return o <= len(b)
