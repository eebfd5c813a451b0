"""Where things stand in a file that may not be YAML at the moment: top-level keys by their lines,
and the text of a literal block with its places.

Reads lines only, so that a slip in a test does not take completion away from the block above it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_KEY: Final = re.compile(r"([A-Za-z_]\w*)[ \t]*:(?=\s|$)")
_LITERAL: Final = re.compile(r"[A-Za-z_]\w*[ \t]*:[ \t]*\|[-+]?[ \t]*(?:#.*)?$")
_USUAL_INDENT: Final = 2


def lines_of(text: str) -> list[str]:
    """Lines as editors count them."""
    return re.split(r"\r\n|\r|\n", text)


def top_level(lines: list[str]) -> list[tuple[str, int, int]]:
    """Keys of the file with their lines, from 0: first, and one behind the last."""
    begins = [(m[1], i) for i, line in enumerate(lines) if (m := _KEY.match(line))]
    ends = [i for _, i in begins[1:]] + [len(lines)]
    return [(key, i, end) for (key, i), end in zip(begins, ends, strict=True)]


def section(text: str, key: str) -> str:
    """The lines of a top-level key; empty where it does not stand."""
    lines = lines_of(text)
    found = next(((a, b) for name, a, b in top_level(lines) if name == key), (0, 0))
    return "\n".join(lines[slice(*found)])


@dataclass(frozen=True, slots=True)
class Literal:
    """A literal block: `text` as YAML gives it, but with all blank lines at its end; its first
    line in the file, from 0; and the blanks taken off each line.
    """

    text: str
    first: int
    indent: int

    def offset(self, line: int, column: int) -> int | None:
        """The offset in `text` of a place in the file, from 0; None outside of the block."""
        rows = self.text.split("\n")
        row = line - self.first
        if not 0 <= row < len(rows):
            return None
        start = sum(len(r) + 1 for r in rows[:row])
        return start + min(max(0, column - self.indent), len(rows[row]))


def literal(text: str, key: str) -> Literal | None:
    """The literal block of a top-level key; None where there is none."""
    lines = lines_of(text)
    for name, begin, end in top_level(lines):
        if name != key or not _LITERAL.match(lines[begin]):
            continue
        body = lines[begin + 1 : end]
        full = next((line for line in body if line.strip()), "")
        indent = len(full) - len(full.lstrip(" ")) or _USUAL_INDENT
        last = next((i for i, row in enumerate(body) if _falls_out(row, indent)), len(body))
        rows = [row[indent:] if row.strip() else "" for row in body[:last]]
        return Literal("\n".join(rows), begin + 1, indent)
    return None


def _falls_out(row: str, indent: int) -> bool:
    return bool(row.strip()) and len(row) - len(row.lstrip(" ")) < indent
