"""The place of a cursor in YAML that may be unfinished: the keys above it, and what is begun.

Reads rows and characters, not nodes: blocks by their indentation, `{…}` and `[…]` over several
lines, quotes, comments; literal blocks are passed over. Never fails.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_DASHES: Final = re.compile(r"(?:-(?: +|$))*")
_KEY: Final = re.compile(r"([\w+~$]+)[ \t]*:(?=\s|$)")
_WORD: Final = re.compile(r"[\w+~$@]*\Z")
_LITERAL: Final = re.compile(r"(?:^|[\s:])[|>][-+]?\d?\s*(?:#.*)?\Z")
_FLOW: Final = re.compile(
    r"""(?P<text>"(?:[^"\\]|\\.)*"?|'[^']*'?)|(?P<comment>(?<!\S)\#[^\n]*)|(?P<sign>[{}\[\],])"""
    r"""|(?P<colon>:(?=\s|$))"""
    # quotes inside a plain scalar are plain: `Ann's laptop`
    r"""|(?P<plain>(?:[^\s{}\[\],:"'#]|:(?!\s|$))(?:[^\s{}\[\],:#]|:(?!\s|$)|(?<=\S)\#|\s+(?=["']))*)|\s+"""
)


@dataclass(frozen=True, slots=True)
class YamlPlace:
    """`path` leads to the mapping or value at the cursor; `is_key`: a key of that mapping is being
    written there, else the value of the last key. `word` is what is begun, `beside` are the keys
    that the mapping has before the cursor.
    """

    path: tuple[str | int, ...]
    is_key: bool
    word: str
    beside: tuple[str, ...] = ()


@dataclass(slots=True)
class _Level:
    """An open mapping (`item` is None) or list, and where in it we are."""

    indent: int
    item: int | None = None
    key: str | None = None
    keys: list[str] = field(default_factory=list)


def yaml_place(text: str, cursor: int) -> YamlPlace:
    """The place of an offset of the text."""
    before = text[:cursor].replace("\r\n", "\n").replace("\r", "\n")
    levels = [_Level(0)]
    rest = ""
    for row in _rows(before):
        rest = _entry(levels, row)
    word = _WORD.search(before)
    begun = word[0] if word else ""
    opened = _opened(rest)
    if opened:
        levels += opened
        top = levels[-1]
        return YamlPlace(
            _path(levels), top.item is None and top.key is None, begun, tuple(top.keys)
        )
    top = levels[-1]
    if top.key is None and not rest.strip().removesuffix(begun):
        return YamlPlace(_path(levels), is_key=True, word=begun, beside=tuple(top.keys))
    return YamlPlace(_path(levels), is_key=False, word=begun, beside=tuple(top.keys))


def _rows(before: str) -> Iterator[str]:
    """Rows up to the cursor: a value in brackets is one row, literal blocks are left out, so are
    blank rows but the last.
    """
    lines = before.split("\n")
    row, depth, literal = "", 0, -1
    for i, line in enumerate(lines):
        last = i == len(lines) - 1
        indent = len(line) - len(line.lstrip(" "))
        if literal >= 0 and not last and (not line.strip() or indent > literal):
            continue
        literal = -1
        if depth == 0 and not last and (not line.strip() or line.lstrip().startswith("#")):
            continue
        row = f"{row}\n{line}" if depth else line
        depth += _depth(line)
        if depth > 0 and not last:
            continue
        depth = 0
        if _LITERAL.search(line):
            literal = indent
        yield row


def _depth(line: str) -> int:
    signs = [m["sign"] for m in _FLOW.finditer(line) if m["sign"]]
    return sum((s in "{[") - (s in "}]") for s in signs)


def _entry(levels: list[_Level], row: str) -> str:
    """Open and close the levels that the row's indentation, dashes and key mean; what follows."""
    blank = len(row) - len(row.lstrip(" "))
    dashes = _DASHES.match(row, blank)
    found = dashes[0] if dashes else ""
    while len(levels) > 1 and not _stays(levels[-1], blank, dash=bool(found)):
        levels.pop()
    for dash in re.finditer("-", found):
        column = blank + dash.start()
        if levels[-1].item is None or levels[-1].indent != column:
            levels.append(_Level(column, item=-1))
        top = levels[-1]
        top.item = (top.item or 0) + 1 if top.item != -1 else 0
    column = blank + len(found)
    if levels[-1].item is not None or levels[-1].indent < column:
        levels.append(_Level(column))
    top = levels[-1]
    key = _KEY.match(row, column)
    top.key = key[1] if key else None
    if key:
        top.keys.append(key[1])
    return row[key.end() if key else column :]


def _stays(level: _Level, column: int, *, dash: bool) -> bool:
    """Whether a level is still open in a row that begins at a column."""
    if level.indent != column:
        return level.indent < column
    return (level.item is not None) == dash


def _opened(text: str) -> list[_Level]:
    """The brackets that are open at the end of a value, and where in them we are."""
    levels: list[_Level] = []
    plain = ""
    for match in _FLOW.finditer(text):
        sign = match["sign"]
        if sign in ("{", "["):
            levels.append(_Level(-1, item=0 if sign == "[" else None))
        elif sign in ("}", "]") and levels:
            levels.pop()
        elif sign == "," and levels:
            top = levels[-1]
            top.key = None
            top.item = None if top.item is None else top.item + 1
        elif match["colon"] and levels and levels[-1].item is None:
            levels[-1].key = plain
            levels[-1].keys.append(plain)
        plain = (match["plain"] or match["text"] or "").strip("\"'") if match[0].strip() else plain
    return levels


def _path(levels: list[_Level]) -> tuple[str | int, ...]:
    path: list[str | int] = []
    for level in levels:
        if level.item is not None:
            path.append(max(0, level.item))
        elif level.key is not None:
            path.append(level.key)
    return tuple(path)
