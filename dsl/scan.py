"""Where a faulty block stops parsing, and what was read until then.

The slow road, taken for a faulty block only: the text is cut into tokens without regard to the
parser (what is no token becomes one of type BAD), and these are fed one by one, so that around the
fault repairs can be tried: would a comma have helped? Knows no messages.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from lark import Token, UnexpectedToken

from dsl.faults import Fault
from dsl.parse import grammar
from dsl.syntax import At

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from lark import Tree
    from lark.parsers.lalr_interactive_parser import InteractiveParser

BAD: Final = "BAD"
END: Final = "$END"
_BAD: Final = re.compile(r"'[^'\n]*'?|\"[^\n]*|\w+|&&|\|\||[^\s\w]")
_SKIPPED: Final = frozenset({"COMMENT", "WHITESPACE"})
# words that are names wherever the parser does not wait for the word
_ELSE_NAMES: Final = frozenset({"HEAD", "ON", "SESSION", "SEVERITY", "CONFIDENCE", "TIMES"})


@dataclass(frozen=True, slots=True)
class Stop:
    """The parser stopped at `tokens[index]`; `accepts` are the terminals it would have taken."""

    text: str
    tokens: tuple[Token, ...]
    index: int
    accepts: frozenset[str]
    parser: InteractiveParser

    @property
    def found(self) -> Token:
        return self.tokens[self.index]

    def around(self, distance: int) -> Token:
        """The token so far before or behind; an end token outside of the block."""
        i = self.index + distance
        return self.tokens[i] if 0 <= i < len(self.tokens) else Token(END, "")

    def fits(self, *types: str) -> bool:
        """Would the parser have taken these terminals here?"""
        parser = _copy(self.parser)
        return all(_feed(parser, Token(t, "x")) for t in types)

    def fault(
        self, code: str, message: str, token: Token, label: str = "", hint: str = ""
    ) -> Fault:
        """A fault at a token of the block; the end is marked with one column."""
        start = token.start_pos or 0
        return Fault(code, message, At(start, start + max(1, len(token))), label, hint)

    @property
    def statement(self) -> int:
        """Index of the token that begins the statement at hand."""
        return max(starts(self.tokens[: self.index]), default=0)

    @property
    def verb(self) -> str:
        """The verb of the statement at hand as written; empty before it."""
        head = self.statement
        i = head if self.tokens[head].type == "ALERT" else head + 2
        return str(self.tokens[i]) if i < self.index else ""

    def opens(self) -> list[Token]:
        """The brackets that are open before the fault, in the statement at hand."""
        stack: list[Token] = []
        for token in self.tokens[self.statement : self.index]:
            if token.type in {"LPAR", "LBRACE"}:
                stack.append(token)
            elif token.type in {"RPAR", "RBRACE"} and stack:
                stack.pop()
        return stack

    def begins_line(self, token: Token) -> bool:
        start = token.start_pos or 0
        return not self.text[self.text.rfind("\n", 0, start) + 1 : start].strip()


_BEFORE_SOURCE: Final = frozenset({
    "MATCH", "UNION", "COMMA", "WINDOW", "OF", "COLON", "THEN", "NOT", "FOLLOWING", "PRECEDING",
    "JOIN", "WITH", "SCORE",
})  # fmt: skip


def starts(tokens: Sequence[Token]) -> list[int]:
    """Indices of the tokens that begin statements; `alert` may be the event type instead."""
    found: list[int] = []
    for i, token in enumerate(tokens):
        read = i > 0 and (tokens[i - 1].type in _BEFORE_SOURCE or found[-1:] == [i - 1])
        if token.type == "HEAD" or (token.type == "ALERT" and not read):
            found.append(i)
    return found


class Walk:
    """The parser on its way through tokens that may be cut off anywhere; cheap to copy."""

    def __init__(self, parser: InteractiveParser | None = None) -> None:
        self._parser = parser or grammar().parse_interactive("")

    def copy(self) -> Walk:
        return Walk(_copy(self._parser))

    def take(self, tokens: Iterable[Token]) -> bool:
        """Go on over tokens; False where one cannot stand, and then there is no way on."""
        for token in tokens:
            doubtful = token.type in _ELSE_NAMES
            before = _copy(self._parser) if doubtful else self._parser
            if _feed(self._parser, token):
                continue
            self._parser = before
            name = Token.new_borrow_pos("NAME", str(token), token)
            if not doubtful or not _feed(self._parser, name):
                return False
        return True

    def accepts(self) -> frozenset[str]:
        """The terminals that may come next, `$END` among them."""
        return _accepts(self._parser)

    def finish(self, tokens: Iterable[Token] = ()) -> Tree[Token] | None:
        """The tree after these last tokens; None where the text cannot end there."""
        walk = self.copy()
        if not walk.take(tokens):
            return None
        try:
            found: Tree[Token] = walk._parser.feed_eof()  # type: ignore[no-untyped-call]  # of lark
        except UnexpectedToken:
            return None
        return found


def stop(text: str) -> Stop | None:
    """The first place where the block cannot go on; None for a grammatical block."""
    tokens = [*scan(text), Token(END, "", start_pos=len(text.rstrip()))]
    parser = grammar().parse_interactive("")
    for i, token in enumerate(tokens):
        before = _copy(parser)
        if _feed(parser, token):
            continue
        parser = _copy(before)
        if token.type in _ELSE_NAMES and not _begins_statement(text, tokens, i):
            name = Token.new_borrow_pos("NAME", str(token), token)
            if _feed(parser, name):
                tokens[i] = name
                continue
        return Stop(text, tuple(tokens), i, _accepts(before), before)
    return None


def scan(text: str, position: int = 0, end: int | None = None) -> Iterator[Token]:
    """All tokens of a text between two offsets, comments and blanks left out."""
    end = len(text) if end is None else end
    pattern = _scanner()
    while position < end:
        match = pattern.match(text, position, end)
        kind = match.lastgroup or BAD if match else BAD
        match = match or _BAD.match(text, position, end)
        if match is None:
            position += 1
            continue
        if kind not in _SKIPPED:
            yield Token(kind, match[0], start_pos=position, end_pos=match.end())
        position = match.end()


def _copy(parser: InteractiveParser) -> InteractiveParser:
    """The parser as it stands; trees built so far are shared."""
    copy: InteractiveParser = parser.copy(deepcopy_values=False)  # type: ignore[no-untyped-call]  # of lark
    return copy


def _accepts(parser: InteractiveParser) -> frozenset[str]:
    return frozenset(parser.accepts())  # type: ignore[no-untyped-call]  # of lark


def _begins_statement(text: str, tokens: list[Token], i: int) -> bool:
    """`name = ` first on its line and no deeper than the first statement: the fault is before."""
    margins = [len(text[: t.start_pos].rpartition("\n")[2]) for t in (tokens[0], tokens[i])]
    begins = not text[: tokens[i].start_pos].rpartition("\n")[2].strip()
    return i > 0 and tokens[i].type == "HEAD" and begins and margins[1] <= margins[0]


def _feed(parser: InteractiveParser, token: Token) -> bool:
    try:
        parser.feed_token(token)
    except UnexpectedToken:
        return False
    return True


@cache
def _scanner() -> re.Pattern[str]:
    """All terminals as one pattern, in the order of lark's own lexer."""
    terminals = sorted(
        grammar().terminals,
        key=lambda t: (-t.priority, -t.pattern.max_width, -len(t.pattern.value), t.name),
    )
    return re.compile("|".join(f"(?P<{t.name}>{t.pattern.to_regexp()})" for t in terminals))
