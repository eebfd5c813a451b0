"""Zeek's logs -> rows: TSV with its `#` header lines, and JSON objects.

A TSV file may have been joined of several: each header holds from there on. In JSON the log is
named by `_path` (json-streaming-logs), by whoever shipped the line, or known by its fields.
Reference: Zeek, LogAscii (separator, set_separator, empty_field, unset_field; json_timestamps).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, BinaryIO, Final

from sensor.inputs.damage import Damage
from sensor.inputs.wintree import NoEventError, instant
from sensor.map.zeek import path_of
from sensor.map.zeek_row import Row, micros

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

MAGIC: Final = b"#separator"
_LINE_LIMIT: Final = 4 << 20
_FIELDS_LIMIT: Final = 256
_VALUE_LIMIT: Final = 65_536
_ESCAPE: Final = re.compile(r"\\(?:x([0-9a-fA-F]{2})|(\\))")
_MILLIS: Final = 100_000_000_000
"""Numbers above are milliseconds (JSON::TS_MILLIS), below seconds, until the year 5138."""


class _Header:
    """What the lines with `#` have said so far."""

    def __init__(self) -> None:
        self.path = ""
        self.separator = "\t"
        self.set_separator = ","
        self.empty = "(empty)"
        self.unset = "-"
        self.names: list[str] = []
        self.lists: list[bool] = []

    def take(self, line: str) -> None:
        """One line, without its `#`."""
        if line.startswith("separator "):
            self.separator = _unescaped(line.removeprefix("separator ")) or "\t"
            return
        key, *values = line.split(self.separator)
        value = values[0] if values else ""
        match key:
            case "path":
                self.path = value
            case "set_separator":
                self.set_separator = value or ","
            case "empty_field":
                self.empty = value
            case "unset_field":
                self.unset = value
            case "fields":
                self.names = values[:_FIELDS_LIMIT]
                self.lists = [False] * len(self.names)
            case "types":
                self.lists = [t.startswith(("set[", "vector[")) for t in values[:_FIELDS_LIMIT]]

    def row(self, line: str) -> Row:
        """One line of values. Raises NoEventError."""
        cells = line.split(self.separator)
        if not self.names or len(cells) != len(self.names) or len(self.lists) != len(cells):
            raise NoEventError(f"{len(cells)} values for {len(self.names)} fields")
        fields: dict[str, str | list[str]] = {}
        for name, cell, many in zip(self.names, cells, self.lists, strict=True):
            if cell == self.unset:
                continue
            if many:
                parts = [] if cell == self.empty else cell.split(self.set_separator)
                fields[name] = [_unescaped(part) for part in parts[:_FIELDS_LIMIT]]
            else:
                fields[name] = "" if cell == self.empty else _unescaped(cell)[:_VALUE_LIMIT]
        return _row(self.path, fields)


def read_zeek(
    stream: BinaryIO, progress: Callable[[int], None] | None = None
) -> Iterator[Row | Damage]:
    """Rows and damages of a TSV log in its order; `progress` is told the bytes read so far."""
    header, offset = _Header(), 0
    while line := stream.readline(_LINE_LIMIT):
        text = line.decode("utf-8", errors="replace").rstrip("\r\n")
        if text.startswith("#"):
            header.take(text[1:])
        elif text:
            try:
                yield header.row(text)
            except NoEventError as error:
                yield Damage(offset, str(error))
        offset += len(line)
        if progress:
            progress(offset)


def row_of_value(value: Mapping[str, object], path: str = "") -> Row | None:
    """The row that a JSON object is; None where it is none of Zeek's. Raises NoEventError where it
    is one without a time. `path` is the log, where who shipped it says so.
    """
    fields = dict(_flat(value))
    if "id.orig_h" not in fields and not ("uid" in fields and "ts" in fields):
        return None
    named = fields.get("_path")
    return _row(named if isinstance(named, str) else path, fields)


def _row(path: str, fields: dict[str, str | list[str]]) -> Row:
    moment = fields.get("ts")
    ts = _time(moment) if isinstance(moment, str) else None
    if ts is None:
        raise NoEventError("no time in `ts`")
    return Row(path=path or path_of(fields), ts=ts, fields=fields)


def _time(text: str) -> int | None:
    """Seconds, milliseconds, or ISO 8601."""
    if "T" in text:
        return instant(text)
    seconds = micros(text)
    return seconds // 1000 if seconds is not None and seconds >= _MILLIS * 1_000_000 else seconds


def _flat(value: Mapping[str, object]) -> Iterator[tuple[str, str | list[str]]]:
    """Fields with records inside written `id.orig_h`, values as TSV writes them."""
    for name, item in list(value.items())[:_FIELDS_LIMIT]:
        if isinstance(item, dict):
            yield from (
                (f"{name}.{inner}", text)
                for inner, plain in list(item.items())[:_FIELDS_LIMIT]
                if (text := _plain(plain)) is not None
            )
        elif (text := _plain(item)) is not None:
            yield name, text


def _plain(value: object) -> str | list[str] | None:
    match value:
        case str():
            return value[:_VALUE_LIMIT]
        case bool():
            return "T" if value else "F"
        case int():
            return str(value)
        case float():
            return f"{value:.6f}"
        case list():
            texts = (_plain(item) for item in value[:_FIELDS_LIMIT])
            return [text for text in texts if isinstance(text, str)]
    return None


def _unescaped(text: str) -> str:
    r"""`\x09` and `\\` as they were; UTF-8 in escapes is put together again."""
    if "\\" not in text:
        return text
    raw = _ESCAPE.sub(lambda m: chr(int(m[1], 16)) if m[1] else "\\", text)
    try:
        return raw.encode("latin-1").decode("utf-8")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return raw
