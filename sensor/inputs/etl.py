"""Event trace logs (.etl) -> records, buffer by buffer.

A file is buffers of one size, each with a header that says how far it is filled; the first holds the
header of the log. Buffers are cut and events found here; what an event's data mean stands in
`etwlayouts`. A damaged buffer is told with its offset, and the next is read; after a damaged event the
rest of its buffer is not. Memory is bounded by one buffer. Events of the kernel's logger and of WPP
have no manifest and are passed over; buffers are written per processor, so records are not in order.

No trace names its computer: a file that is named after it (`dc1.corp.example.etl`) does.

Times are those of the clock that the log names (ReservedFlags): the performance counter and the
processor's cycles count from the log's start, whose time of day is StartTime and whose count is that
of the log's header; system time is the time of day. References: evntrace.h (TRACE_LOGFILE_HEADER,
WNODE_HEADER.ClientContext); WMI_BUFFER_HEADER, SYSTEM_TRACE_HEADER as described at
geoffchappell.com/studies/windows/km/ntoskrnl/inc/api/ntwmi.
"""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING, BinaryIO, Final, NamedTuple

from sensor.inputs.damage import Damage
from sensor.inputs.etwevent import EXT_SID, EXTENDED, HEADER_SIZE, record_of, sid_of
from sensor.inputs.etwlayouts import MISSING, available

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sensor.map.record import Record

UNNAMED: Final = (
    "no trace names its computer: name the file after it, as dc1.corp.example.etl, or nothing is told"
    " but raw events"
)
_BUFFER: Final = struct.Struct("<III")
_BUFFER_HEADER: Final = 72
_BUFFER_LEAST: Final = 512
_BUFFER_MOST: Final = 16 << 20
_FLAGS_AT: Final = 0x34
_COMPRESSED: Final = 0x40
_TYPE_HEADER: Final = 4
_MARK_EVENT: Final = 0xC0
_MARK_MESSAGE: Final = 0x90
_FILLED: Final = b"\xff\xff\xff\xff"
_SYSTEM: Final = frozenset({1, 2, 3, 4, 0x10, 0x11})
"""Types whose length stands behind the mark."""
_CLASSIC: Final = frozenset({0x0A, 0x0B, 0x14, 0x15})
_EVENT: Final = frozenset({0x12, 0x13})
_LOG_HEADER: Final = _BUFFER_HEADER + 32
_EPOCH: Final = 116_444_736_000_000_000
"""1970 in units of 100 ns since 1601."""
_CLOCK_SYSTEM: Final = 2
_CLOCK_CYCLES: Final = 3
_EXTRA: Final = struct.Struct("<HHHH")
_DAMAGES: Final = 5
"""So many events of a buffer are told that cannot be read."""

_COMPUTER: Final = re.compile(
    r"((?!-)[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,8})(?:_\d{1,10})?\.etl", re.IGNORECASE
)


class _Clock(NamedTuple):
    """Counts of the log's clock -> microseconds UTC; `frequency` 0: they are times of day."""

    start: int
    began: int
    frequency: int

    def time(self, count: int) -> int:
        if not self.frequency:
            return (count - _EPOCH) // 10
        return (self.start - _EPOCH) // 10 + (count - self.began) * 1_000_000 // self.frequency


def is_etl(head: bytes) -> bool:
    """Whether a file begins so: a buffer of the type of headers, and in it the header of a log."""
    if len(head) < _LOG_HEADER:
        return False
    size, saved, _ = _BUFFER.unpack_from(head)
    kind = int.from_bytes(head[_FLAGS_AT + 2 : _FLAGS_AT + 4], "little")
    mark = head[_BUFFER_HEADER : _BUFFER_HEADER + 8]
    return (
        kind == _TYPE_HEADER
        and _LOG_HEADER <= saved <= size <= _BUFFER_MOST
        and mark[2] in (1, 2)
        and mark[3] == _MARK_EVENT
        and mark[6:8] == b"\0\0"
    )


def computer_of(name: str) -> str:
    """The computer that a file is named after by its DNS name, as logman numbers files; else empty."""
    found = _COMPUTER.fullmatch(name)
    return found[1] if found else ""


def read_etl(
    stream: BinaryIO,
    progress: Callable[[int], None] | None = None,
    computer: str = "",
    *,
    whole: bool = False,
) -> Iterator[Record | Damage]:
    """The records of a log, written by `computer`, and its damages; `progress` is told the bytes read.
    `whole`: also the data of events without a mapping.
    """
    if not available():
        yield Damage(0, MISSING)
        return
    stream.seek(0)
    head = stream.read(_BUFFER_HEADER)
    size = _BUFFER.unpack_from(head)[0] if len(head) == _BUFFER_HEADER else 0
    if not _BUFFER_LEAST <= size <= _BUFFER_MOST:
        yield Damage(0, "the header of the first buffer is damaged")
        return
    first = head + stream.read(size - _BUFFER_HEADER)
    log = _log_header(first)
    if isinstance(log, Damage):
        yield log
        return
    clock, lost = log
    if lost:
        yield Damage(0, f"the log says of itself: {lost}")
    if not computer:
        yield Damage(0, UNNAMED)
    offset = size
    while buffer := stream.read(size):
        for item in _buffer(buffer, offset, size, clock, whole=whole):
            if not isinstance(item, Damage):
                item.computer = computer
            yield item
        offset += size
        if progress:
            progress(offset)


def _log_header(b: bytes) -> tuple[_Clock, str] | Damage:
    """The log's clock, and what it lost (TRACE_LOGFILE_HEADER behind its SYSTEM_TRACE_HEADER)."""
    try:
        (count,) = struct.unpack_from("<q", b, _BUFFER_HEADER + 16)
        pointer, events, mhz = struct.unpack_from("<III", b, _LOG_HEADER + 44)
        # two pointers and TIME_ZONE_INFORMATION (172 bytes) before what is aligned to 8
        at = _LOG_HEADER + (240 if pointer == 4 else 248)
        _, frequency, start, kind, buffers = struct.unpack_from("<qqqII", b, at)
    except struct.error:
        return Damage(0, "the file ends inside the header of the log")
    if kind == _CLOCK_SYSTEM:
        frequency = 0
    elif kind == _CLOCK_CYCLES:
        frequency = mhz * 1_000_000
    if frequency < 0 or (kind != _CLOCK_SYSTEM and not frequency):
        return Damage(0, "the header of the log names no frequency of its clock")
    lost = [f"{n} {what} lost" for n, what in ((events, "events"), (buffers, "buffers")) if n]
    return _Clock(start, count, frequency), ", ".join(lost)


def _buffer(
    b: bytes, offset: int, size: int, clock: _Clock, *, whole: bool
) -> Iterator[Record | Damage]:
    if len(b) < _BUFFER_HEADER:
        yield Damage(offset, "the file ends inside a buffer's header")
        return
    said, saved, _ = _BUFFER.unpack_from(b)
    if said != size or not (saved == 0 or _BUFFER_HEADER <= saved <= size):
        yield Damage(offset, "the header of a buffer is damaged")
        return
    if b[_FLAGS_AT] & _COMPRESSED:
        yield Damage(offset, "a compressed buffer, which is not read: record without compression")
        return
    if saved > len(b):
        yield Damage(offset, f"the file ends inside a buffer, after {len(b)} bytes of it")
    at, end, unread = _BUFFER_HEADER, min(saved, len(b)), 0
    while at + 8 <= end and b[at : at + 4] != _FILLED:
        length = _length(b, at)
        if not 8 <= length <= end - at:
            yield Damage(offset + at, "an event's length leads out of its buffer")
            return
        if b[at + 3] == _MARK_EVENT and b[at + 2] in _EVENT:
            try:
                yield _event(b, at, at + length, clock, whole=whole)
            except (struct.error, ValueError, IndexError, OverflowError):
                unread += 1
                if unread <= _DAMAGES:
                    yield Damage(offset + at, "an event's parts lead out of it")
        at += (length + 7) & ~7


def _length(b: bytes, at: int) -> int:
    """The length of what begins here; 0 where nothing known does."""
    kind, mark = b[at + 2], b[at + 3]
    if mark == _MARK_EVENT and kind in _SYSTEM:
        return int.from_bytes(b[at + 4 : at + 6], "little")
    if mark == _MARK_MESSAGE or (mark == _MARK_EVENT and kind in _CLASSIC | _EVENT):
        return int.from_bytes(b[at : at + 2], "little")
    return 0


def _event(b: bytes, at: int, end: int, clock: _Clock, *, whole: bool) -> Record:
    """An event with its extended data. Raises struct.error, ValueError."""
    if end - at < HEADER_SIZE:
        raise ValueError("shorter than its header")
    (count,) = struct.unpack_from("<q", b, at + 16)
    data, sid = at + HEADER_SIZE, None
    follows = int.from_bytes(b[at + 4 : at + 6], "little") & EXTENDED
    while follows:
        _, kind, linked, size = _EXTRA.unpack_from(b, data)
        begin = data + _EXTRA.size
        if begin + size > end:
            raise ValueError("extended data lead out of it")
        if kind == EXT_SID:
            sid = sid_of(b[begin : begin + size])
        data = (begin + size - at + 7 & ~7) + at
        follows = linked & 1
    header = b[at : at + HEADER_SIZE]
    return record_of(header, clock.time(count), sid, b[min(data, end) : end], whole=whole)
