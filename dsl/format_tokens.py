"""A block as the formatter sees it: statements of tokens with their comments and blank lines.

Formatting moves tokens and never changes one, so that what was read is what is read again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from dsl.parse import comments, grammar
from dsl.scan import starts

if TYPE_CHECKING:
    from collections.abc import Sequence

_OPERANDS: Final = frozenset({
    "NAME", "ATTRIBUTE", "NUMBER", "DURATION", "STRING", "PARAM", "LISTREF", "RPAR", "RBRACE",
    "RBRACKET",
    "TRUE", "FALSE", "NULL",
})  # fmt: skip
_TWO_WORDS: Final = frozenset({"HAS_ANY", "HAS_ALL", "TEXT_ANY", "TEXT_ALL"})
_BLANK_LINE: Final = re.compile(r"\n[ \t]*\n")
_TIGHT_BEFORE: Final = frozenset(
    {"RPAR", "RBRACE", "COMMA", "COLON", "ATTRIBUTE", "LBRACKET", "RBRACKET"}
)


@dataclass(slots=True)
class Piece:
    """A token with the comments that belong to it.

    `above` are comments on lines of their own before it, `beside` the comment at the end of its
    line. `depth` counts the brackets around it, `space` says whether a blank stands before it.
    """

    type: str
    text: str
    depth: int
    space: bool
    above: list[str] = field(default_factory=list)
    beside: str = ""


@dataclass(slots=True)
class Statement:
    """The pieces of one statement and the comments above it, "" standing for a blank line."""

    pieces: list[Piece]
    above: list[str]

    @property
    def verb(self) -> str:
        first = self.pieces[0]
        return "ALERT" if first.type == "ALERT" else self.pieces[2].type


def statements(text: str) -> tuple[list[Statement], list[str]]:
    """The statements of a faultless block, and the comments behind the last one."""
    tokens = list(grammar().parse_interactive(text).iter_parse())
    begins = set(starts(tokens))
    remarks = list(comments(text))
    found: list[Statement] = []
    depth = 0
    end = 0  # of the token before
    for i, token in enumerate(tokens):
        start = token.start_pos or 0
        before = tokens[i - 1].type if i else ""
        alone = _beside(found, remarks, text, end)
        above = _above(remarks, text, alone, start)
        depth -= token.type in {"RPAR", "RBRACE"}
        unary = _is_unary(tokens[i - 2].type if i > 1 else "", before)
        piece = Piece(
            token.type, _spelled(token.type, str(token)), depth, _spaced(before, token.type, unary)
        )
        if i in begins:
            found.append(Statement([], above if found else _unparted(above)))
        else:
            piece.above = [remark for remark in above if remark]
        found[-1].pieces.append(piece)
        depth += token.type in {"LPAR", "LBRACE"}
        end = token.end_pos or start + len(token)
    alone = _beside(found, remarks, text, end)
    tail = _above(remarks, text, alone, len(text))
    while tail and not tail[-1]:
        tail.pop()
    return found, tail


def _beside(found: list[Statement], remarks: list[tuple[int, str]], text: str, end: int) -> int:
    """Give the last piece the comment at the end of its line; the offset behind both."""
    if found and remarks and "\n" not in text[end : remarks[0][0]]:
        offset, remark = remarks[0]
        if not text[end:offset].strip():
            found[-1].pieces[-1].beside = remark.rstrip()
            del remarks[0]
            return offset + len(remark)
    return end


def _above(remarks: list[tuple[int, str]], text: str, begin: int, until: int) -> list[str]:
    """Remove the comments before an offset and return them, "" for blank lines between them."""
    lines: list[str] = []
    while remarks and remarks[0][0] < until:
        offset, remark = remarks.pop(0)
        lines += [""] if _BLANK_LINE.search(text[begin:offset]) else []
        lines.append(remark.rstrip())
        begin = offset + len(remark)
    return lines + ([""] if _BLANK_LINE.search(text[begin:until]) else [])


def _unparted(lines: list[str]) -> list[str]:
    return lines[1:] if lines and not lines[0] else lines


def _is_unary(before_sign: str, sign: str) -> bool:
    """Is a sign the sign of what follows: nothing to compute with stands before it?"""
    return sign in {"MINUS", "PLUS"} and before_sign not in _OPERANDS


def line(pieces: Sequence[Piece]) -> str:
    """The pieces on one line, comments left out."""
    return "".join(
        (" " if piece.space and i else "") + piece.text for i, piece in enumerate(pieces)
    )


def _spelled(kind: str, text: str) -> str:
    if kind == "ATTRIBUTE":
        return re.sub(r"\s+", "", text)
    return re.sub(r"\s+", " ", text) if kind in _TWO_WORDS else text


def _spaced(before: str, kind: str, unary: bool) -> bool:
    if kind in _TIGHT_BEFORE or before in {"LPAR", "LBRACE", "LBRACKET"} or unary:
        return False
    return not (kind == "LPAR" and before in {"NAME", "ATTRIBUTE", "CASE"})
