"""Windows event XML files -> records: one or many <Event>, with or without a root, UTF-8 or UTF-16.

Each <Event>…</Event> is cut out of the text and parsed by itself: a damaged event costs no other,
memory is bounded by one event, and a DTD, which may only stand before a root, can never take
effect, so no entity expands. Reference: `wevtutil qe /f:XML` and the event viewer's "Save as XML".
"""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING, BinaryIO, Final
from xml.etree import ElementTree as ET

from sensor.inputs.damage import Damage
from sensor.inputs.wintree import VALUE_LIMIT, NoEventError, instant, mask, put
from sensor.map.record import Record, integer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from xml.etree.ElementTree import Element

EVENT_LIMIT: Final = 1 << 20
"""Characters of one event; more is damage."""
_BLOCK: Final = 1 << 18
_BEGIN: Final = re.compile(r"<((?:[A-Za-z_][\w.-]{0,30}:)?)Event(?=[\s>])")
_PARTIAL: Final = 64


def encoding_of(head: bytes) -> str:
    """The encoding by the byte order mark, or by the null bytes of UTF-16 without one."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if head[1:2] == b"\0" and head[:1] != b"\0":
        return "utf-16-le"
    if head[:1] == b"\0" and head[1:2] != b"\0":
        return "utf-16-be"
    return "utf-8-sig"


def parse_event(text: str) -> Record:
    """The record of one event's XML text. Raises NoEventError where it is none."""
    start = _BEGIN.search(text[:4096])
    if start is None:
        raise NoEventError("no <Event> element")
    text = text[start.start() :]
    try:
        # begins at the root element, so expat refuses a DTD and every entity but the five of XML
        element = ET.fromstring(_bound(text, start[1]))  # noqa: S314
    except (ET.ParseError, ValueError, RecursionError) as error:
        raise NoEventError(f"not well-formed: {error}"[:200]) from None
    return record_of_xml(element)


def _bound(text: str, prefix: str) -> str:
    """Declare a namespace prefix whose declaration stood on the root that was cut away."""
    if not prefix or f"xmlns:{prefix[:-1]}=" in text[:4096]:
        return text
    return text.replace("Event", f'Event xmlns:{prefix[:-1]}="urn:event"', 1)


def _local(element: Element) -> str:
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def _xml_data(part: Element) -> dict[str, str]:
    data: dict[str, str] = {}
    position = 0
    for item in part:
        name = _local(item)
        text = (item.text or "")[:VALUE_LIMIT]
        if name == "Data":
            position += 1
            put(data, item.get("Name") or str(position), text)
        else:
            put(data, item.get("Name") or name, text)
    return data


def _xml_leaves(part: Element) -> dict[str, str]:
    found: dict[str, str] = {}
    for item in part.iter():
        name = _local(item)
        if len(item) == 0 and name not in found:
            put(found, name, (item.text or "")[:VALUE_LIMIT])
    return found


def record_of_xml(event: Element) -> Record:
    """The record of an <Event> element in any or no namespace. Raises NoEventError."""
    parts = {_local(child): child for child in event}
    if "System" not in parts:
        raise NoEventError("no System element")
    system = {_local(child): child for child in parts["System"]}

    def text(name: str) -> str:
        element = system.get(name)
        return "" if element is None else (element.text or "").strip()[:VALUE_LIMIT]

    def attr(name: str, key: str) -> str:
        element = system.get(name)
        return "" if element is None else element.get(key, "")[:VALUE_LIMIT]

    event_id = integer(text("EventID"))
    if event_id is None:
        raise NoEventError("no EventID")
    return Record(
        ts=instant(attr("TimeCreated", "SystemTime")),
        event_id=event_id,
        provider=attr("Provider", "Name"),
        channel=text("Channel"),
        version=integer(text("Version")) or 0,
        computer=text("Computer"),
        record_id=integer(text("EventRecordID")),
        keywords=mask(text("Keywords")),
        level=integer(text("Level")),
        task=integer(text("Task")),
        opcode=integer(text("Opcode")),
        user_sid=attr("Security", "UserID") or None,
        data=_xml_data(parts["EventData"]) if "EventData" in parts else {},
        user_data=_xml_leaves(parts["UserData"]) if "UserData" in parts else {},
    )


def read_winxml(
    stream: BinaryIO, progress: Callable[[int], None] | None = None
) -> Iterator[Record | Damage]:
    """Records and damages in the order of the file; `progress` is told the bytes read so far."""
    head = stream.read(_BLOCK)
    decoder = codecs.getincrementaldecoder(encoding_of(head))(errors="replace")
    text = decoder.decode(head)
    done, base = len(head), 0  # base: characters of the file before `text`
    more = bool(head)
    while more or text:
        used = 0
        for begin, end in _events(text):
            used = end
            yield _record(text[begin:end], base + begin)
        rest = text[used:]
        begin_match = _BEGIN.search(rest)
        if begin_match is None:
            kept = rest[-_PARTIAL:]
        elif len(rest) - begin_match.start() > EVENT_LIMIT:
            yield Damage(base + used + begin_match.start(), "event longer than the limit")
            kept = rest[begin_match.end() :][-_PARTIAL:]
        else:
            kept = rest[begin_match.start() :]
        base += len(text) - len(kept)
        text = kept
        if not more:
            if begin_match is not None and text:
                yield Damage(base, "event is not closed")
            return
        block = stream.read(_BLOCK)
        done += len(block)
        more = bool(block)
        text += decoder.decode(block, final=not more)
        if progress:
            progress(done)


def _events(text: str) -> Iterator[tuple[int, int]]:
    """Begin and end of each whole event.

    An event that opens anew before it closes lost its end; it is handed on to there, as damage.
    """
    at = 0
    while (start := _BEGIN.search(text, at)) is not None:
        closing = f"</{start[1]}Event>"
        end = text.find(closing, start.end())
        if end < 0:
            return
        end += len(closing)
        again = _BEGIN.search(text, start.end(), end)
        if again is not None:
            end = again.start()
        yield start.start(), end
        at = end


def _record(text: str, offset: int) -> Record | Damage:
    if len(text) > EVENT_LIMIT:
        return Damage(offset, "event longer than the limit")
    try:
        return parse_event(text)
    except NoEventError as error:
        return Damage(offset, str(error))
