"""Text of a `detect` block -> `dsl.syntax.Block`, or faults in the author's words.

A faultless block is parsed once. A faulty one is parsed statement by statement, so that several
faults of one block are told at once; `dsl.mistakes` finds the words. Lark is imported and its
tables are built on first use.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Final

from dsl.faults import Fault
from dsl.syntax import At, Block

if TYPE_CHECKING:
    from lark import Lark, Token, Tree

_COMMENT: Final = re.compile(
    r'\br"[^"\n]*"|\br#"[^\n]*?"#|"(?:[^"\\\n]|\\.)*"|(?P<comment>#[^\n]*)'
)
_HEAD: Final = re.compile(r"^[ \t]*(?:alert\b|[A-Za-z_]\w*\s*=(?!=))", re.MULTILINE)
_MOST_FAULTS: Final = 20
_DEEPEST: Final = 100


@cache
def grammar() -> Lark:
    """The parser's tables, built once a process."""
    from lark import Lark  # noqa: PLC0415  lark and its tables only where a block is parsed

    return Lark.open(
        "grammar.lark",
        rel_to=__file__,
        parser="lalr",
        lexer="contextual",
        propagate_positions=True,
        maybe_placeholders=False,
    )


def parse(text: str) -> tuple[Block | None, list[Fault]]:
    """The block, or None and what is wrong with it, in the order of the text."""
    if _blank(text):
        hint = "a detection has at least one relation and one `alert`"
        return None, [Fault("D0116", "the block is empty", At(0, len(text)), hint=hint)]
    block, found = _read(text)
    return block, _faults(text) if found is None else found


def parse_good(text: str) -> Block | None:
    """The block of a faultless text, without asking what is wrong with another: a guess is cheap."""
    return None if _blank(text) else _read(text)[0]


def _read(text: str) -> tuple[Block | None, list[Fault] | None]:
    """The block, or its slips; neither for a text that is not grammatical."""
    from lark import UnexpectedInput  # noqa: PLC0415

    from dsl.build import statement  # noqa: PLC0415
    from dsl.build_expression import trees  # noqa: PLC0415
    from dsl.slips import slips  # noqa: PLC0415

    try:
        tree = grammar().parse(text)
    except UnexpectedInput:
        return None, None
    found = _too_deep(tree) or slips(tree)
    if found:
        return None, found
    return Block(tuple(map(statement, trees(tree))), comments(text)), []


def _too_deep(tree: Tree[Token]) -> list[Fault]:
    """Expressions nested so deeply that no one can read them, nor walk them by recursion."""
    level = [tree]
    for _ in range(_DEEPEST):
        level = [child for node in level for child in node.children if not isinstance(child, str)]
    if not level:
        return []
    start = min(node.meta.start_pos for node in level if not node.meta.empty)
    hint = "name parts of it with `let`, or use a set"
    return [Fault("D0122", "the expression is nested too deeply", At(start, start + 1), hint=hint)]


def comments(text: str) -> tuple[tuple[int, str], ...]:
    """(offset, text) of every comment, `#` included."""
    return tuple(
        (m.start(), m["comment"]) for m in _COMMENT.finditer(text) if m["comment"] is not None
    )


def _blank(text: str) -> bool:
    return not _bare(text).strip()


def _bare(text: str) -> str:
    """The text with blanks for comments."""
    return _COMMENT.sub(lambda m: m[0] if m["comment"] is None else " " * len(m[0]), text)


def _faults(text: str) -> list[Fault]:
    """The first fault of every stretch of statements, resuming where a statement begins."""
    from dsl.mistakes import diagnose  # noqa: PLC0415

    faults: list[Fault] = []
    start = _margin(text)[0]
    while len(faults) < _MOST_FAULTS and not _blank(text[start:]):
        # blanks instead of the text before keep the offsets
        fault, stopped = diagnose(re.sub(r"[^\n]", " ", text[:start]) + text[start:])
        if fault is None:
            break
        faults.append(fault)
        resume = _next_statement(text, start, stopped)
        if resume is None:
            break
        start = resume
    return faults


def _next_statement(text: str, start: int, stopped: int) -> int | None:
    """Where to go on after a fault: the next line that begins a statement and is indented no
    deeper than the first statement.
    """
    depth = _margin(text)[1]
    for head in _HEAD.finditer(text, start):
        indent = len(head[0]) - len(head[0].lstrip())
        begin = head.start() + indent
        if begin >= stopped and begin > start and indent <= depth:
            return begin
    return None


def _margin(text: str) -> tuple[int, int]:
    """Offset and indentation of the first statement."""
    bare = _bare(text)
    start = len(bare) - len(bare.lstrip())
    return start, start - bare.rfind("\n", 0, start) - 1
