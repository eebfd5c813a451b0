"""Look-around at the edges of a regular expression -> expressions without it that find the same.

The engine's expressions run in linear time and know no look-around. What is asked is only whether
an expression is found, so some of it has an equal: conditions on the beginning of a text
(`^(?!a)b` is "`^b` and not `^a`") and on what stands just before or after (`a(?!b)` is "`a`, then
another character or the end"). What is in the middle stays, and is refused where it is written.
Knows texts only. References: RE2's syntax (https://github.com/google/re2/wiki/Syntax); Python's `re`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

_PIECE: Final = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|.", re.DOTALL)
_LOOK: Final = re.compile(r"\(\?<?[=!]")
_FLAGS: Final = re.compile(r"\(\?([ims]+)\)")
_PLAIN: Final = re.compile(r"[^\\^$*+?{}\[\]()|.\n]|\\[^\w\s]", re.DOTALL)
"""One character that stands for itself, and is no line break."""
_CLASS: Final = re.compile(r"\\[dw]|\[(?!\^)(?:[^\\\[\]]|\\[dw\W])+\]")
"""One of several characters, no line break among them."""
_QUANTIFIERS: Final = frozenset("*+?{")
_LONGEST: Final = 40
"""Characters of a text that must not follow."""


@dataclass(frozen=True, slots=True)
class Found:
    """One way to find the expression: all of `holds` are found and none of `lacks`."""

    holds: tuple[str, ...]
    lacks: tuple[str, ...] = ()


def without_lookaround(pattern: str, flags: str = "") -> tuple[list[Found], str]:
    """The ways of which one must do, and the flags (of `ims`) of all their expressions.

    An expression without look-around is one way, as it stands.
    """
    as_it_stands = [Found((pattern,))], flags
    while found := _FLAGS.match(pattern):
        flags, pattern = flags + found[1], pattern[found.end() :]
    pieces = _PIECE.findall(pattern)
    if not _LOOK.search(pattern) or _FLAGS.search(pattern) or "".join(pieces) != pattern:
        return as_it_stands
    return [_way(way, flags) for way in _alternatives(pieces)], flags


def _alternatives(pieces: Sequence[str]) -> list[list[str]]:
    """The pieces between the `|` outside of all groups."""
    ways: list[list[str]] = [[]]
    depth = 0
    for piece in pieces:
        depth += (piece == "(") - (piece == ")")
        if piece == "|" and depth == 0:
            ways.append([])
        else:
            ways[-1].append(piece)
    return ways


def _way(pieces: list[str], flags: str) -> Found:
    holds: list[str] = []
    lacks: list[str] = []
    if pieces[:1] == ["^"] and "m" not in flags:
        rest = pieces[1:]
        while (look := _look_at(rest)) is not None and look.word in ("(?=", "(?!"):
            (holds if look.word == "(?=" else lacks).append(f"^(?:{''.join(look.body)})")
            rest = look.after
        pieces = ["^", *rest]
    pieces = _before(_after(pieces, flags))
    return Found(("".join(pieces), *holds), tuple(lacks))


@dataclass(frozen=True, slots=True)
class _Look:
    word: str
    body: list[str]
    after: list[str]


def _look_at(pieces: list[str]) -> _Look | None:
    """The look-around that the pieces begin with; None where it is another thing or repeated."""
    found = _LOOK.match("".join(pieces[:4]))
    if found is None:
        return None
    depth = 0
    for at, piece in enumerate(pieces):
        depth += (piece == "(") - (piece == ")")
        if depth == 0:
            after = pieces[at + 1 :]
            repeated = after[:1] and after[0] in _QUANTIFIERS
            return None if repeated else _Look(found[0], pieces[len(found[0]) : at], after)
    return None


def _after(pieces: list[str], flags: str) -> list[str]:
    """Without a look-ahead at the end."""
    start = _last_group(pieces)
    look = None if start is None else _look_at(pieces[start:])
    if start is None or look is None:
        return pieces
    before = pieces[:start]
    if look.word == "(?=":
        return [*before, "(?:", *look.body, ")"]
    if look.word != "(?!":
        return pieces
    if look.body == ["."] and "s" not in flags:
        return [*before, "(?m:$)"]
    if len(look.body) == 1 and _CLASS.fullmatch(look.body[0]):
        return [*before, f"(?:{_other(look.body[0])}|$)"]
    if 0 < len(look.body) <= _LONGEST and all(map(_PLAIN.fullmatch, look.body)):
        return [*before, _not_begun(look.body)]
    return pieces


def _before(pieces: list[str]) -> list[str]:
    """Without a look-behind at the beginning."""
    look = _look_at(pieces)
    if look is None:
        return pieces
    if look.word == "(?<=":
        return ["(?:", *look.body, ")", *look.after]
    one = len(look.body) == 1 and (_PLAIN.fullmatch(look.body[0]) or _CLASS.fullmatch(look.body[0]))
    if look.word == "(?<!" and one:
        return [f"(?:^|{_other(look.body[0])})", *look.after]
    return pieces


def _last_group(pieces: Sequence[str]) -> int | None:
    """Where the group begins that the pieces end with."""
    if pieces[-1:] != [")"]:
        return None
    depth = 0
    for at in range(len(pieces) - 1, -1, -1):
        depth += (pieces[at] == ")") - (pieces[at] == "(")
        if depth == 0:
            return at
    return None


def _other(piece: str) -> str:
    """Any character but those of a piece."""
    return f"[^{piece[1:-1]}]" if piece.startswith("[") else f"[^{piece}]"


def _not_begun(text: Sequence[str]) -> str:
    """What stands where a text does not follow: the end, another character, or its begin and then
    either of them.
    """
    first, *rest = text
    further = f"|{first}{_not_begun(rest)}" if rest else ""
    return f"(?:$|{_other(first)}{further})"
