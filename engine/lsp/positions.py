"""Places of ours and of the protocol: lines and columns from 1 in characters; there from 0, in
UTF-16 code units (LSP 3.17, Position).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol.types import Position, Range

from dsl.assist.layout import lines_of

if TYPE_CHECKING:
    from dsl.diagnostics import Span


class Positions:
    """Places in one text."""

    def __init__(self, text: str) -> None:
        self._lines = lines_of(text)
        self._text = text

    def range(self, span: Span | None) -> Range:
        """A span; the first line for a fault of the whole file."""
        if span is None:
            return Range(Position(0, 0), self._position(0, len(self._line(0))))
        row, start = span.line - 1, span.column - 1
        return Range(self._position(row, start), self._position(row, start + span.length))

    def lines(self, first: int, last: int) -> Range:
        """Whole lines, from 1."""
        return Range(Position(first - 1, 0), self._position(last - 1, len(self._line(last - 1))))

    def whole(self) -> Range:
        """The whole text."""
        return Range(Position(0, 0), Position(len(self._lines), 0))

    def place(self, position: Position) -> tuple[int, int]:
        """Line and column from 1."""
        line = self._line(position.line)
        units = line.encode("utf-16-le")[: 2 * position.character]
        return position.line + 1, len(units.decode("utf-16-le", errors="ignore")) + 1

    def offset(self, position: Position) -> int:
        """The offset in the text."""
        row, column = self.place(position)
        before = 0
        for line in self._lines[: row - 1]:
            before += len(line)
            before += 2 if self._text.startswith("\r\n", before) else 1
        return min(before + column - 1, len(self._text))

    def _line(self, row: int) -> str:
        return self._lines[row] if row < len(self._lines) else ""

    def _position(self, row: int, column: int) -> Position:
        before = self._line(row)[:column]
        return Position(row, len(before.encode("utf-16-le")) // 2)
