"""TOML text -> a `Source`: plain data, and the place in the file of every key and value.

`tomllib` says what a text means and whether it is TOML at all, but not where its keys stand; so the
text, known to be valid then, is walked a second time. Knows no key. Reference: TOML 1.0.
"""

from __future__ import annotations

import re
import tomllib
from datetime import date, datetime
from datetime import time as clock_time
from typing import Final

from dsl.diagnostics import Diagnostic, Diagnostics, Span
from dsl.source import Place, Plain, Source

_GAP: Final = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BLANKS: Final = re.compile(r"[ \t]*")
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_STRING: Final = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}'
    r"|'''.*?'{3,5}"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_SCALAR: Final = re.compile(r"[^,\]}#\n]*[^,\]}#\s]")
_WHERE: Final = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


def parse_toml(file: str, text: str, diagnostics: Diagnostics) -> Source | None:
    """The source of a text; None where it is no TOML. Faults are added."""
    source = Source(file, text)
    try:
        data = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        said = str(error)
        at = _WHERE.search(said)
        line, column = (int(at[1]), int(at[2])) if at and at[1] else (len(source.lines), 1)
        message = said[: at.start()] if at else said
        hint = 'as in `store = "/var/lib/atp/atp.duckdb"`; texts stand in quotes'
        diagnostics.add(
            Diagnostic(
                "D0601", "the file is no TOML", file, Span(line, column),
                message[:1].lower() + message[1:], hint,
            )
        )  # fmt: skip
        return None
    _Walk(source).file()
    source.data = {key: _plain(value) for key, value in data.items()}
    return source


def _plain(value: object) -> Plain:
    match value:
        case dict():
            return {str(key): _plain(below) for key, below in value.items()}
        case list():
            return [_plain(below) for below in value]
        case datetime() | date() | clock_time():
            return value.isoformat()
        case bool() | int() | float() | str():
            return value
    raise TypeError(value)  # tomllib makes nothing else


class _Walk:
    """One pass over a text that is valid TOML, noting where keys and values stand."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._text = source.text
        self._at = 0
        self._lengths: dict[Place, int] = {}

    def file(self) -> None:
        table: Place = ()
        self._skip(_GAP)
        while self._at < len(self._text):
            if self._text[self._at] == "[":
                table = self._header()
            else:
                self._pair(table)
            self._skip(_GAP)

    def _header(self) -> Place:
        """`[a.b]` or `[[a.b]]`; below an array of tables a name means its last one."""
        many = self._text.startswith("[[", self._at)
        self._at += 2 if many else 1
        place: Place = ()
        names = self._key()
        for i, (name, span) in enumerate(names):
            place = (*place, name)
            self._note(place, span)
            last = i == len(names) - 1
            if many and last:
                self._lengths[place] = self._lengths.get(place, 0) + 1
            if place in self._lengths:
                place = (*place, self._lengths[place] - 1)
        self._skip(_BLANKS)
        self._at += 2 if many else 1
        return place

    def _pair(self, table: Place) -> None:
        place = table
        for name, span in self._key():
            place = (*place, name)
            self._note(place, span)
        self._skip(_BLANKS)
        self._at += 1  # the sign =
        self._skip(_BLANKS)
        self._value(place)

    def _note(self, place: Place, span: Span) -> None:
        """Where a key stands first."""
        self._source.keys.setdefault(place, span)
        self._source.values.setdefault(place, span)

    def _key(self) -> list[tuple[str, Span]]:
        """`a`, `"a b"`, `a.b`: its parts, and where each stands."""
        names: list[tuple[str, Span]] = []
        while True:
            self._skip(_BLANKS)
            start = self._at
            if self._text[start] in "\"'":
                self._skip(_STRING)
                name = tomllib.loads(f"k = {self._text[start : self._at]}")["k"]
            else:
                self._skip(_BARE)
                name = self._text[start : self._at]
            names.append((name, self._span(start)))
            self._skip(_BLANKS)
            if not self._text.startswith(".", self._at):
                return names
            self._at += 1

    def _value(self, place: Place) -> None:
        start = self._at
        first = self._text[start]
        if first == "[":
            self._at += 1
            self._skip(_GAP)
            number = 0
            while self._text[self._at] != "]":
                self._value((*place, number))
                number += 1
                self._next()
            self._at += 1
        elif first == "{":
            self._at += 1
            self._skip(_GAP)
            while self._text[self._at] != "}":
                self._pair(place)
                self._next()
            self._at += 1
        else:
            self._skip(_STRING if first in "\"'" else _SCALAR)
        self._source.values[place] = self._span(start)

    def _next(self) -> None:
        """Behind a value in brackets: the comma, if there is one, and what means nothing."""
        self._skip(_GAP)
        if self._text.startswith(",", self._at):
            self._at += 1
            self._skip(_GAP)

    def _skip(self, what: re.Pattern[str]) -> None:
        found = what.match(self._text, self._at)
        if found is not None:
            self._at = found.end()

    def _span(self, start: int) -> Span:
        """From `start` to here, cut at the end of the first line."""
        line = self._text.count("\n", 0, start) + 1
        begin = self._text.rfind("\n", 0, start) + 1
        end = self._text.find("\n", start, self._at)
        length = (self._at if end < 0 else end) - start
        return Span(line, start - begin + 1, max(1, length))
