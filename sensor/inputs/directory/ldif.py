"""An LDIF file (RFC 2849) of a domain -> the events of a first synchronisation.

As `ldifde -f`, `ldapsearch` and `samba-tool` write them: content records; records of changes are
told as damage and passed over. The file has no time of its own, so its state is that of the newest
`whenChanged` in it. Groups and domains may stand anywhere; nothing is resolved here.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO, Final

from sensor.inputs.damage import Damage
from sensor.inputs.directory.values import entry_of
from sensor.map.directory.entry import generalized_time, wanted
from sensor.map.directory.objects import object_events

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from dsl.schema.base import Event

_HEAD: Final = 4_096
_LINE: Final = 1 << 16
_VALUE: Final = 1 << 20
"""Bytes of one value, longer ones are cut."""
_DAMAGES: Final = 1_000


@dataclass(slots=True)
class LdifSummary:
    """Records read, and what was wrong."""

    records: int = 0
    damages: list[Damage] = field(default_factory=list)


@dataclass(slots=True)
class _Record:
    offset: int
    dn: bytes = b""
    change: bool = False
    newest: bytes = b""
    values: dict[str, list[bytes]] = field(default_factory=dict)


def is_ldif(path: Path) -> bool:
    """Whether a file begins like LDIF: `version:` or `dn:`, behind comments."""
    try:
        with path.open("rb") as stream:
            head = stream.read(_HEAD)
    except OSError:
        return False
    for line in head.removeprefix(b"\xef\xbb\xbf").splitlines():
        if line.strip() and line[:1] not in (b"#", b" "):
            return line[:8].lower() == b"version:" or line[:3].lower() == b"dn:"
    return False


def read_ldif(
    path: Path,
    emit: Callable[[Event], None],
    progress: Callable[[int, int], None] | None = None,
    sensor: str | None = None,
) -> LdifSummary:
    """Emit a directory_object for each entry, with `sensor` and `seq`. Raises OSError where the
    file cannot be opened.
    """
    summary = LdifSummary()
    size = path.stat().st_size
    name = sensor or f"file:{path.name}"
    seq = 0
    with path.open("rb") as stream:
        newest = max((generalized_time(_text(r.newest)) or 0 for r in _records(stream, None)), default=0)  # fmt: skip
        stream.seek(0)
        for record in _records(stream, summary.damages):
            if progress:
                progress(stream.tell(), size)
            if record.change:
                _damage(summary.damages, record.offset, "a record of a change is not read")
                continue
            summary.records += 1
            entry = entry_of(_text(record.dn), record.values)
            for event in object_events(entry, newest, gained=entry.attributes.get("member", ())):
                seq += 1
                event.sensor, event.seq = name, seq
                emit(event)
    return summary


def _records(stream: BinaryIO, damages: list[Damage] | None) -> Iterator[_Record]:
    """Records of the file; an attribute that is not synchronised is passed over at once."""
    record = _Record(0)
    for offset, line in _lines(stream):
        if not line:
            if record.dn:
                yield record
            record = _Record(offset)
            continue
        name, colon, value = line.partition(b":")
        attribute = _text(name).partition(";")[0].strip().lower()
        if not colon:
            _damage(damages, offset, "a line without a colon")
        elif attribute == "dn":
            record.dn, record.offset = _value(value, offset, damages) or b"", offset
        elif attribute == "changetype":
            record.change = value.strip().lower() != b"add"
        elif attribute == "whenchanged":
            record.newest = value.strip()
        elif damages is not None and record.dn and wanted(attribute) is not None:
            decoded = _value(value, offset, damages)
            if decoded is not None:
                record.values.setdefault(attribute, []).append(decoded)
    if record.dn:
        yield record


def _lines(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Logical lines with their offset: folded ones put together, comments left out (§ notes 2, 5)."""
    begin = offset = 0
    parts: list[bytes] = []
    length = 0
    while piece := stream.readline(_LINE):
        line = piece.rstrip(b"\r\n")
        if piece[:1] == b" " and parts:
            if length < _VALUE:
                parts.append(line[1:])
                length += len(line)
        else:
            if parts and parts[0][:1] != b"#":
                yield begin, b"".join(parts)
            parts, length, begin = [line], len(line), offset
        offset += len(piece)
        while piece and not piece.endswith(b"\n"):  # a line longer than any value
            piece = stream.readline(_LINE)
            offset += len(piece)
            if length < _VALUE:
                parts.append(piece.rstrip(b"\r\n"))
                length += len(piece)
    if parts and parts[0][:1] != b"#":
        yield begin, b"".join(parts)


def _value(text: bytes, offset: int, damages: list[Damage] | None) -> bytes | None:
    if text[:1] == b":":
        try:
            return base64.b64decode(text[1:].strip())
        except (binascii.Error, ValueError):
            _damage(damages, offset, "a value that is no base64")
            return None
    if text[:1] == b"<":
        _damage(damages, offset, "a value that lies in another file is not fetched")
        return None
    return text.lstrip(b" ")


def _damage(damages: list[Damage] | None, offset: int, reason: str) -> None:
    if damages is not None and len(damages) < _DAMAGES:
        damages.append(Damage(offset, reason))


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")
