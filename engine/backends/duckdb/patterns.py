"""Text patterns as SQL: one, or any of many at the price of one.

Many constants are asked at once by a regular expression: RE2 runs an alternation as one automaton,
in time linear in the text (https://github.com/google/re2), where one test after the other would
make a small-letter copy of the text for each. Knows no plan.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.compute as pc

from engine.backends.duckdb.terms import call, disjunction, text
from engine.backends.unsupported import Unsupported

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlglot import exp

PLAIN: Final = {"startswith": "starts_with", "endswith": "suffix", "contains": "contains"}
"""Text operators that DuckDB has as functions."""

_WORTH: Final = 3
"""From so many patterns on one regular expression is faster (measured: 17.7 against 1.4 us a row at
30 patterns, where the text must be put in small letters first)."""
_WORTH_CHEAP: Final = 16
"""The same where the text stands ready in a column."""
_MOST: Final = 200
_LONGEST: Final = 20_000
"""Alternatives and characters of one expression, within what RE2 compiles."""
_AROUND: Final = {"startswith": ("^", ""), "endswith": ("", "$"), "contains": ("", "")}
_WILD: Final = {"*": ".*", "?": "."}


def one(word: str, value: exp.Expr, pattern: str) -> exp.Expr:
    """A text operator against one constant."""
    if word == "matches":
        _check(pattern)
        return call("regexp_matches", value, text(pattern))
    if word == "like":
        return call("regexp_full_match", value, text("(?s)" + _like(pattern)))
    return call(PLAIN[word], value, text(pattern))


def any_of(word: str, value: exp.Expr, written: Sequence[str], *, cheap: bool) -> exp.Expr:
    """A text operator against several constants: whether it holds with one of them. `cheap` says
    that the text costs nothing to get.
    """
    few = len(written) < (_WORTH_CHEAP if cheap else _WORTH)
    if word == "matches" or (few and word != "like"):
        return disjunction(*(one(word, value.copy(), w) for w in written))
    tests = []
    for chunk in _chunks(written):
        if word == "like":
            alternatives = "|".join(map(_like, chunk))
            test = call("regexp_full_match", value.copy(), text(f"(?s)(?:{alternatives})"))
        else:
            before, after = _AROUND[word]
            alternatives = "|".join(map(re.escape, chunk))
            test = call("regexp_matches", value.copy(), text(f"{before}(?:{alternatives}){after}"))
        tests.append(test)
    return disjunction(*tests)


def _like(pattern: str) -> str:
    """`*` stands for any text, `?` for one character, everything else for itself."""
    return "".join(_WILD.get(c) or re.escape(c) for c in pattern)


def _chunks(written: Sequence[str]) -> Iterator[list[str]]:
    chunk: list[str] = []
    size = 0
    for pattern in written:
        if chunk and (len(chunk) == _MOST or size + len(pattern) > _LONGEST):
            yield chunk
            chunk, size = [], 0
        chunk.append(pattern)
        size += len(pattern)
    if chunk:
        yield chunk


@lru_cache(maxsize=4096)
def _check(pattern: str) -> None:
    """RE2 has no look-around and no back references; Arrow speaks RE2 too."""
    try:
        pc.match_substring_regex(pa.array([""]), pattern)
    except pa.ArrowInvalid as error:
        raise Unsupported(f"regular expression `{pattern}`") from error
