"""What kinds go together: comparing, uniting, and how a kind is called towards an author.

Pure functions over `dsl.types.Type`; it knows no expression and no diagnostics.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from dsl.schema.base import ENTITY_KINDS
from dsl.types import Type

BOOL: Final = Type("bool")
INT: Final = Type("int")
FLOAT: Final = Type("float")
TEXT: Final = Type("text")
TIME: Final = Type("time")
DURATION: Final = Type("duration")
NULL: Final = Type("null")

NUMBERS: Final = frozenset({"int", "float"})
ORDERED: Final = frozenset({"int", "float", "time", "duration"})
WRITTEN: Final = ENTITY_KINDS | {"service", "sid", "guid"}
"""Kinds whose values may be written as a text literal that is taken as it stands."""

_NUMBERED: Final = re.compile(r"[a-z][a-z0-9_]*_\d+")


def named(kind: Type) -> str:
    """How an author calls a type: `list of text`."""
    word = "number" if kind.kind == "float" else kind.kind
    return f"list of {word}" if kind.many else word


def one(kind: Type) -> Type:
    """The type of an element."""
    return replace(kind, many=False)


def many(kind: Type) -> Type:
    """A list of the type."""
    return replace(kind, many=True)


def has_word(kind: Type, word: str) -> bool:
    """Whether an enum has the word; an open one also takes `<name>_<number>`."""
    return word in kind.words or (kind.open_words and _NUMBERED.fullmatch(word) is not None)


def comparable(left: Type, right: Type) -> bool:
    """Whether two scalars can be equal: the same kind, two numbers, enums that share a word."""
    if left.kind in NUMBERS and right.kind in NUMBERS:
        return True
    if left.kind != right.kind or left.kind == "map":
        return False
    if left.kind != "enum" or (left.open_words and right.open_words):
        return True
    return bool(set(left.words) & set(right.words))


def unite(left: Type, right: Type) -> Type | None:
    """The one type for values of both, None where there is none. Null goes with everything."""
    if left.kind == "null":
        return right
    if right.kind == "null":
        return left
    if left.many != right.many:
        return None
    if left.kind in NUMBERS and right.kind in NUMBERS:
        return left if left.kind == right.kind else Type("float", left.many)
    if left.kind != right.kind or left.kind == "map":
        return None
    if left.kind != "enum" or left.words == right.words:
        return left
    words = (*left.words, *(w for w in right.words if w not in left.words))
    return Type("enum", left.many, words, left.open_words or right.open_words)
