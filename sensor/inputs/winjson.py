"""JSON files of Windows events or Zeek logs: one value, one a line (NDJSON), several, or a list.

What a value means is read in `jsonitems`. A line that cannot be read is damage; the rest is used.
Reference: RFC 8259; ndjson.org.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, BinaryIO, Final

import msgspec

from sensor.inputs.damage import Damage
from sensor.inputs.jsonitems import items_of_line, items_of_value
from sensor.inputs.wintree import NoEventError
from sensor.inputs.winxml import encoding_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sensor.map.record import Record
    from sensor.map.zeek_row import Row

BOM: Final = b"\xef\xbb\xbf"
LINE_LIMIT: Final = 4 << 20
"""Bytes of one line; more is damage."""
DOCUMENT_LIMIT: Final = 256 << 20
"""Bytes of a file that is not one value a line."""


def read_winjson(
    stream: BinaryIO, progress: Callable[[int], None] | None = None
) -> Iterator[Record | Row | Damage]:
    """Records and damages in the order of the file; `progress` is told the bytes read so far."""
    first = stream.readline(LINE_LIMIT)
    encoding = encoding_of(first)
    if encoding.startswith("utf-16") or not is_value(first):
        yield from _document(first + stream.read(DOCUMENT_LIMIT), encoding)
        return
    line, offset = first.removeprefix(BOM), 0
    while line:
        if line.strip():
            yield from items_of_line(line, offset)
        offset += len(line)
        if len(line) >= LINE_LIMIT and not line.endswith(b"\n"):
            offset += _skip_line(stream)
        if progress:
            progress(offset)
        line = stream.readline(LINE_LIMIT)


def _skip_line(stream: BinaryIO) -> int:
    """Pass over the rest of a line that is too long; how much there was of it."""
    skipped = 0
    while rest := stream.readline(LINE_LIMIT):
        skipped += len(rest)
        if rest.endswith(b"\n"):
            break
    return skipped


def is_value(line: bytes) -> bool:
    """Whether a line is a JSON value of its own: the mark of NDJSON."""
    try:
        msgspec.json.decode(line.removeprefix(BOM))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True


def _found(value: object, offset: int) -> Iterator[Record | Row | Damage]:
    for item in items_of_value(value):
        yield Damage(offset, str(item)) if isinstance(item, NoEventError) else item


def _document(data: bytes, encoding: str) -> Iterator[Record | Row | Damage]:
    """Values over several lines, one after another or in a list; damage ends at the next value."""
    text = data.decode(encoding, errors="replace")
    decoder = json.JSONDecoder()
    at = 0
    while True:
        while at < len(text) and text[at] in " \t\r\n,[]\ufeff":
            at += 1
        if at >= len(text):
            return
        try:
            value, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            yield Damage(at, f"not JSON: {error}"[:200])
            following = text.find("\n{", at + 1)
            if following < 0:
                return
            at = following
            continue
        yield from _found(value, at)
        at = end
