"""A `detect` block that somebody is typing: what may come next, and a block in spite of it.

Statements that do not parse are left out. The one at the cursor gets a name for what is missing
there (`PROBE`) and the shortest end that makes it grammatical, so that the checker can say which
names are in reach. Knows no names and no kinds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from lark import Token

from dsl.build import statement as built
from dsl.build_expression import trees
from dsl.parse import comments, parse_good
from dsl.scan import BAD, Walk, scan, starts
from dsl.syntax import Alert, Assign, Block

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lark import Tree

PROBE: Final = "__cursor__"
LATER: Final = "__later__"
"""Stands for names behind the cursor that are not written yet."""
_WORD_BEFORE: Final = re.compile(r"[$@]?\w*\Z")
_WORD_AFTER: Final = re.compile(r"\w*")
_SIGNS: Final = {"$": "PARAM", "@": "LISTREF", ".": "ATTRIBUTE"}
_SHAPES: Final = {
    "union": ", ?",
    "window": "? by ? over 1m compute ? := ? ( )",
    "sequence": "by ? within 1m : ? then ?",
    "absence": "of ? following ? by ? within 1m",
    "join": "? with ? on ? within 1m before",
    "profile": "of ? by ? bucket 1d over 30d learn ? := ? ( )",
    "model": "? of ? by ? over 1d",
    "score": "? : ? -> + 1",
    "alert": "? as ( ? : ? )",
}
_MIDDLES: Final = ("", "?", ":= ?", ": ?", "-> ?", ":= ? ( )", "-> + 1", "in @?", "{ ? }", "? : ?")
_CLOSING: Final = {"LPAR": ")", "LBRACE": "}"}
_OPENING: Final = {"RPAR", "RBRACE"}


@dataclass(frozen=True, slots=True)
class Half:
    """A block with a cursor.

    `start` is where the word begun at the cursor starts, `word` what is typed of it (with `$` or
    `@`). `accepts` are the grammar's terminals that may stand there; empty where the text before
    is faulty. `statement` is the one at the cursor, with `PROBE` for the word, if that can be.
    `quoted` tells that the cursor is inside a text or comment.
    """

    block: Block
    statement: Assign | Alert | None
    accepts: frozenset[str]
    start: int
    word: str
    quoted: bool = False


def half_typed(text: str, cursor: int) -> Half:
    """The block of a text with the cursor at an offset."""
    word = _WORD_BEFORE.search(text[:cursor])
    begun = word[0] if word else ""
    start = cursor - len(begun)
    rest = _WORD_AFTER.match(text, cursor)
    resumed = rest.end() if rest else cursor
    # apart, so that a dot does not take the next line's name
    tokens = [*scan(text, 0, start), *scan(text, resumed)]
    pieces = _pieces(tokens, len(text))
    if _is_quoted(text, cursor):
        return Half(_block(text, pieces, None), None, frozenset(), start, begun, quoted=True)
    at = next((p for p in reversed(pieces) if p[0] <= start), (start, len(text)))
    here = [t for t in tokens if at[0] <= (t.start_pos or 0) < at[1]]
    before = [t for t in here if (t.end_pos or 0) <= start]
    behind = [t for t in here if (t.start_pos or 0) >= resumed]
    dot = text[:start].rstrip().endswith(".") and not begun.startswith(("$", "@"))
    if dot and before and before[-1].type == BAD:
        before.pop()
    probe = _probe(begun, text[:start].rstrip().rfind(".") if dot else start, cursor, dot=dot)
    walk = Walk()
    good = walk.take(before)
    accepts = walk.accepts() if good else frozenset[str]()
    tree = _completed(walk, probe, before, behind) if good else None
    if dot:
        accepts &= {"ATTRIBUTE"}
    statement = built(trees(tree)[0]) if tree is not None else None
    others = [p for p in pieces if p != at]
    return Half(_block(text, others, statement), statement, accepts, start, begun)


def _probe(begun: str, start: int, end: int, *, dot: bool) -> Token:
    """The token of the name at the cursor."""
    sign = "." if dot else begun[:1] if begun[:1] in ("$", "@") else ""
    return Token(
        _SIGNS.get(sign, "NAME"), sign + PROBE, start_pos=start, end_pos=max(end, start + 1)
    )


def _pieces(tokens: Sequence[Token], end: int) -> list[tuple[int, int]]:
    """Where statements begin and end, by what begins them; grammatical or not."""
    begins = [tokens[i].start_pos or 0 for i in starts(tokens)]
    return list(pairwise([*begins, end]))


def readable(text: str) -> Block:
    """All statements of a block that parse by themselves."""
    return parse_good(text) or _block(text, _pieces(list(scan(text)), len(text)), None)


def _block(text: str, pieces: list[tuple[int, int]], extra: Assign | Alert | None) -> Block:
    found = [s for s in (_statement(text[a:b], a) for a, b in pieces) if s is not None]
    found += [extra] if extra is not None else []
    return Block(tuple(sorted(found, key=lambda s: s.at.start)), comments(text))


@lru_cache(maxsize=512)  # from one stroke to the next most statements stay as they are
def _statement(text: str, offset: int) -> Assign | Alert | None:
    """One statement; blanks before it keep the offsets of the block."""
    block = parse_good(" " * offset + text)
    return block.statements[0] if block is not None and len(block.statements) == 1 else None


def _is_quoted(text: str, cursor: int) -> bool:
    """Inside a comment, or a text that may not be closed yet."""
    line = text[text.rfind("\n", 0, cursor) + 1 : cursor]
    plain = re.sub(r'"(?:[^"\\]|\\.)*"', "", line)
    return '"' in plain or "#" in plain


def _completed(
    walk: Walk, probe: Token, before: Sequence[Token], behind: Sequence[Token]
) -> Tree[Token] | None:
    """The statement with what stands behind the cursor, else with the shortest end."""
    walk = walk.copy()
    if not walk.take([probe]):
        return None
    whole = walk.finish(behind)
    if whole is not None:
        return whole
    end = probe.end_pos or 0
    return next(
        (t for e in _endings(before) if (t := walk.finish(_tokens(e, end))) is not None), None
    )


def _endings(before: Sequence[Token]) -> Iterator[str]:
    """Texts that may end the statement, the shortest first."""
    opened = "".join(f" {sign}" for sign in reversed(_open(before)))
    head = [str(t) for t in before[:3]]
    verb = next((w for w in head if w in _SHAPES), "")
    shape = _SHAPES.get(verb, "").split()
    for i in range(len(shape), -1, -1):
        tail = " ".join(shape[i:])
        for middle in _MIDDLES:
            for closing in dict.fromkeys((opened, "")):
                yield f"{middle}{closing} {tail}".replace("?", LATER)


def _open(before: Sequence[Token]) -> list[str]:
    """What closes the brackets that are open, the outermost first."""
    stack: list[str] = []
    for token in before:
        if token.type in _CLOSING:
            stack.append(_CLOSING[token.type])
        elif token.type in _OPENING and stack:
            stack.pop()
    return stack


def _tokens(ending: str, offset: int) -> list[Token]:
    """Tokens that stand nowhere: all at the end of the statement."""
    return [Token(kind, text, start_pos=offset, end_pos=offset) for kind, text in _scanned(ending)]


@lru_cache(maxsize=2048)
def _scanned(text: str) -> tuple[tuple[str, str], ...]:
    return tuple((t.type, str(t)) for t in scan(text))
