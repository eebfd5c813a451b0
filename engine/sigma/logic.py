"""Conditions on one event between Sigma and the text of our language.

Tests of one field against several constants are put together (`contains any {…}`), so that a list
of a thousand values is one flat set. Knows neither pySigma nor event types.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from engine.sigma.literals import listed, quoted
from engine.sigma.refused import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Word = Literal["==", "contains", "startswith", "endswith", "like", "matches"]
_WIDEST: Final = 20
"""Operands of a chain; more stand in parentheses, for the parser bounds the depth of a block."""


@dataclass(frozen=True, slots=True)
class Said:
    """One comparison as it is written, or anything that binds as tightly."""

    text: str


@dataclass(frozen=True, slots=True)
class Test:
    """`left word "value"`. The value is a number or the text that is meant, of `matches` the
    literal as it is written.
    """

    left: str
    word: Word
    value: str | int | float

    @property
    def literal(self) -> str:
        """The constant as it is written."""
        if self.word == "matches" or not isinstance(self.value, str):
            return str(self.value)
        written = quoted(self.value)
        if written is None:
            raise RefusedError("a value holds what cannot be written in a rule")
        return written


@dataclass(frozen=True, slots=True)
class Every:
    """All of them hold."""

    parts: tuple[Logic, ...]


@dataclass(frozen=True, slots=True)
class Some:
    """One of them holds."""

    parts: tuple[Logic, ...]


@dataclass(frozen=True, slots=True)
class No:
    """It does not hold, or cannot be said."""

    part: Logic


Logic = Said | Test | Every | Some | No


def every(parts: Iterable[Logic]) -> Logic:
    """All of them; one alone is itself."""
    flat = tuple(p for part in parts for p in (part.parts if isinstance(part, Every) else (part,)))
    return flat[0] if len(flat) == 1 else Every(flat)


def some(parts: Iterable[Logic]) -> Logic:
    """One of them; one alone is itself."""
    flat = tuple(p for part in parts for p in (part.parts if isinstance(part, Some) else (part,)))
    return flat[0] if len(flat) == 1 else Some(flat)


def text_of(logic: Logic) -> str:
    """The condition as it is written."""
    match logic:
        case Said(text):
            return text
        case Test():
            return f"{logic.left} {logic.word} {logic.literal}"
        case No(part):
            return f"not {_inside(part)}"
        case Every():
            return _chain(_gathered(logic), "and")
        case Some():
            return _chain(_gathered(logic), "or")


def _inside(part: Logic) -> str:
    """A part of another condition: in parentheses where it is a chain."""
    chain = isinstance(part, Every | Some) and len(_gathered(part)) > 1
    return f"({text_of(part)})" if chain else text_of(part)


def _gathered(chain: Every | Some) -> list[str]:
    """The operands as texts, tests of one kind as one; in the order of the first of each."""
    quantity: Literal["any", "all"] = "all" if isinstance(chain, Every) else "any"
    groups: dict[tuple[str, Word] | int, list[Test]] = {}
    written: dict[tuple[str, Word] | int, str] = {}
    for at, part in enumerate(chain.parts):
        if isinstance(part, Test) and not (quantity == "all" and part.word == "=="):
            groups.setdefault((part.left, part.word), []).append(part)
            written.setdefault((part.left, part.word), "")
        else:
            written[at] = _inside(part)
    for key, tests in groups.items():
        written[key] = _one_or_more(tests, quantity)
    return list(dict.fromkeys(written.values()))


def _one_or_more(tests: Sequence[Test], quantity: Literal["any", "all"]) -> str:
    values = list(dict.fromkeys(t.literal for t in tests))
    if len(values) == 1:
        return text_of(tests[0])
    first = tests[0]
    word = "in" if first.word == "==" else f"{first.word} {quantity}"
    return f"{first.left} {word} {listed(values)}"


def _chain(operands: list[str], word: str) -> str:
    """Operands joined; long chains as chains of chains in parentheses."""
    while len(operands) > _WIDEST:
        operands = [
            _joined(operands[i : i + _WIDEST], word, inner=True)
            for i in range(0, len(operands), _WIDEST)
        ]
    return _joined(operands, word, inner=False)


def _joined(operands: Sequence[str], word: str, *, inner: bool) -> str:
    whole = f" {word} ".join(operands)
    return f"({whole})" if inner and len(operands) > 1 else whole
