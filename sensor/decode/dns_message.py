"""One DNS message: header, first question, and the records as far as their form (RFC 1035 §4).

Malformed parts do not end the reading: they are what some attacks consist of, and become the
message's `anomalies` (words of enums.DNS_ANOMALY). Knows no transport and no pairing.
"""

from __future__ import annotations

import re
from struct import Struct
from typing import Final

HEADER: Final = 12
NOTIFY: Final = 4
UPDATE: Final = 5
SOA: Final = 6
IXFR: Final = 251
AXFR: Final = 252

_HEAD: Final = Struct(">HHHHHH")
_RECORD: Final = Struct(">HHIH")
_NAME: Final = 255
_FIRST_NAME: Final = b"\xc0\x0c"
"""A pointer to the first question's name, which has been read: the owner of most records."""
_SIG: Final = frozenset({24, 46})
_TXT: Final = 16
_OPT: Final = 41
_ADDRESS_SIZE: Final[dict[int, int]] = {1: 4, 28: 16}
_IN: Final = 1
_NONE: Final = 254
_UPDATES: Final = 64
_SIGNER: Final = 18
"""Bytes of a SIG record's data before its signer's name (RFC 2535 §4.1)."""
_MAX_DATA: Final = 65_535
_PLAIN: Final = re.compile(rb"[A-Za-z0-9_\-*/+@$]*")
_MESSAGE: Final = 512
_STEPS: Final = 50_000
_JUMPS: Final = 64
_TEXT: Final = 1024
_SOUND: Final[frozenset[str]] = frozenset()
_NAMES: Final[dict[bytes, str]] = {}
"""Names without pointers as they stood on the wire and as text; bounded. Questions come again, and
once more in their answers."""
_NAMES_KEPT: Final = 4_096


class Message:
    """`name` of the first question, lower case, without final dot (`.` the root); None if none."""

    __slots__ = (
        "anomalies", "answers", "first_serial", "key", "last_serial", "name", "number", "opcode",
        "qtype", "rcode", "response", "size", "steps", "updates",
    )  # fmt: skip

    def __init__(self, number: int, flags: int, answers: int, size: int) -> None:
        self.number = number
        self.response = flags & 0x8000 != 0
        self.opcode = flags >> 11 & 0x0F
        self.rcode = flags & 0x0F
        self.answers = answers
        self.size = size
        self.steps = 0
        self.name: str | None = None
        self.qtype = 0
        self.first_serial = self.last_serial = -1
        """Serials of the first and the last answer, if they are SOA: one twice brackets a transfer."""
        self.updates: list[Update] | None = None
        self.anomalies = _SOUND
        self.key = (number, "", 0)
        """What a question and its answer have in common: number, name and type."""

    def note(self, anomaly: str) -> None:
        """It has this word of enums.DNS_ANOMALY."""
        self.anomalies = self.anomalies | {anomaly}


class Update:
    """An address that a dynamic update gives to a name, or takes from it (RFC 2136 §2.5).

    `name` as that of a question, `address` of 4 or 16 bytes.
    """

    __slots__ = ("address", "adds", "name")

    def __init__(self, name: str, address: bytes, *, adds: bool) -> None:
        self.name = name
        self.address = address
        self.adds = adds


class _Stop(Exception):  # noqa: N818 - ends the reading of a message, is no error
    """Nothing after this can be found; why is noted."""


def read(b: bytes, o: int, e: int) -> Message:
    """The message b[o:e]; at least a header long."""
    counts: tuple[int, int, int, int, int, int] = _HEAD.unpack_from(b, o)
    number, flags, questions, answers, authorities, others = counts
    found = Message(number, flags, answers, e - o)
    try:
        at = _questions(found, b, o, e, questions)
        if answers or authorities or others:
            _records(found, b, at, o, e, (answers, authorities, others))
    except _Stop:
        pass
    if found.name is not None:
        found.key = (number, found.name, found.qtype)
    return found


def _questions(found: Message, b: bytes, o: int, e: int, count: int) -> int:
    """Read the question section; where it ends."""
    at = o + HEADER
    for i in range(count):
        labels, at = _name(found, b, at, o, e)
        if at + 4 > e:
            raise _Stop("the rest stays unread")
        if i == 0:
            found.name = labels
            found.qtype = b[at] << 8 | b[at + 1]
        at += 4
    return at


def _records(
    found: Message, b: bytes, o: int, base: int, e: int, counts: tuple[int, int, int]
) -> None:
    """Walk the three record sections."""
    signatures = 0
    for section, count in enumerate(counts):
        for i in range(count):
            at = o
            kind, size, o = _record(found, b, o, base, e)
            if section == 0:
                if kind == SOA and (i == 0 or i == count - 1):
                    serial = _serial(b, o, size)
                    if i == 0:
                        found.first_serial = serial
                    if i == count - 1:
                        found.last_serial = serial
            elif found.opcode == UPDATE and section == 1 and kind in _ADDRESS_SIZE:
                _update(found, b, at, base, o, _ADDRESS_SIZE[kind])
            if kind in _SIG:
                signatures += size
    if found.opcode == UPDATE and signatures > _MAX_DATA - _MESSAGE:
        found.note("dynamic_update_overflow")


def _record(found: Message, b: bytes, o: int, base: int, e: int) -> tuple[int, int, int]:
    """Type, expanded length of the data, and end of the record at `o`."""
    if found.name is not None and b.startswith(_FIRST_NAME, o, e):
        at = o + 2
    elif o < e and b[o] == 0:
        at = o + 1
    else:
        _, at = _skip(found, b, o, base, e)
    if at + 10 > e:
        raise _Stop("the rest stays unread")
    head: tuple[int, int, int, int] = _RECORD.unpack_from(b, at)
    kind, _, ttl, size = head
    at += 10
    end = at + size
    if end > e:
        found.note("rdata_overflow")
        raise _Stop("the rest stays unread")
    if kind == _OPT:
        found.rcode |= ttl >> 20 & 0xFF0  # RFC 6891 §6.1.3: the upper bits of the code
        return kind, size, end
    if kind in _SIG and size > _SIGNER:
        expanded, last = _skip(found, b, at + _SIGNER, base, end)
        grown = size + expanded - (last - at - _SIGNER)
        if grown > _MAX_DATA:
            found.note("rdata_overflow")
        return kind, grown, end
    if kind == _TXT and found.opcode == UPDATE:
        while at < end:
            at += 1 + b[at]
        if at > end:
            found.note("dynamic_update_overflow")
    return kind, size, end


def _serial(b: bytes, end: int, size: int) -> int:
    """The serial of the SOA record whose data, of this size, ends at `end`: 20 bytes before."""
    return int.from_bytes(b[end - 20 : end - 16], "big") if size >= 22 else 0


def _update(found: Message, b: bytes, o: int, base: int, end: int, size: int) -> None:
    """Note the address of the A or AAAA record b[o:end] of an update, if it tells one.

    In the zone's class it is added, in class NONE taken away; class ANY says no address.
    """
    at = end - size - 10
    if at <= o or b[end - size - 2] << 8 | b[end - size - 1] != size:
        return
    kind = b[at + 2] << 8 | b[at + 3]
    if kind not in {_IN, _NONE} or (found.updates and len(found.updates) >= _UPDATES):
        return
    name, _ = _name(found, b, o, base, end)
    if found.updates is None:
        found.updates = []
    found.updates.append(Update(name, b[end - size : end], adds=kind == _IN))


def _skip(found: Message, b: bytes, o: int, base: int, e: int) -> tuple[int, int]:
    """Expanded length and end of the name at `o`, without making its text.

    A pointer must go back: to itself or forward is a loop, and so are too many in a row. The
    steps of a whole message are bounded; beyond, the rest of it stays unread.
    """
    length = jumps = 0
    end = -1
    floor = o
    while True:
        found.steps += 1
        if found.steps > _STEPS:
            raise _Stop("the rest stays unread")
        if o >= e:
            found.note("label_overflow")
            raise _Stop("the rest stays unread")
        size = b[o]
        if size == 0:
            return length + 1, end if end >= 0 else o + 1
        if size >= 0xC0:
            if o + 2 > e:
                found.note("label_overflow")
                raise _Stop("the rest stays unread")
            if end < 0:
                end = o + 2
            target = base + ((size & 0x3F) << 8 | b[o + 1])
            jumps += 1
            if target >= floor or jumps > _JUMPS:
                found.note("compression_loop")
                return length, end
            o = floor = target
            continue
        if size >= 0x40:
            found.note("label_overflow")
            raise _Stop("the rest stays unread")
        length += 1 + size
        if length >= _NAME:
            found.note("name_too_long")
            if end >= 0:
                return length, end
        o += 1 + size


def _name(found: Message, b: bytes, o: int, base: int, e: int) -> tuple[str, int]:
    """Text and end of the name at `o` (RFC 1035 §5.1: other bytes in decimal); cut where too long."""
    stop = b.find(0, o, min(e, o + _NAME)) + 1  # no further: a message may hold ten thousand names
    if stop > o:  # compiled, a slice must not end before it begins
        known = _NAMES.get(b[o:stop])
        if known is not None:
            return known, stop
    labels: list[bytes] = []
    at = o
    while at < e and at - o < _NAME and 0 < b[at] < 0x40 and at + b[at] < e:
        labels.append(b[at + 1 : at + 1 + b[at]])
        at += 1 + b[at]
    if at < e and b[at] == 0 and at - o < _NAME:
        if len(_NAMES) >= _NAMES_KEPT:
            _NAMES.clear()
        text = _NAMES[b[o : at + 1]] = _text(labels)
        return text, at + 1
    expanded, end = _skip(found, b, o, base, e)
    expanded = min(expanded, _TEXT)
    labels.clear()
    while expanded > 1:
        size = b[o]
        if size >= 0xC0:
            o = base + ((size & 0x3F) << 8 | b[o + 1])
            continue
        labels.append(b[o + 1 : o + 1 + size])
        expanded -= 1 + size
        o += 1 + size
    return _text(labels), end


def _text(labels: list[bytes]) -> str:
    if _PLAIN.fullmatch(b"".join(labels)):
        return b".".join(labels).decode("ascii").lower() or "."
    return ".".join(
        "".join(chr(c) if _PLAIN.fullmatch(bytes((c,))) else f"\\{c:03d}" for c in label)
        for label in labels
    ).lower()
