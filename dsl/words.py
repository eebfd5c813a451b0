"""The author's words for what the grammar's terminals and rules are.

The one table between the parser's names and people; `dsl.mistakes` composes its messages from it.
Nothing else may show a terminal to an author.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Final

from dsl.parse import grammar

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from lark import Token

SHAPES: Final = {
    "match": "name = match EVENT where CONDITION let COLUMN := VALUE, …",
    "union": "name = union A, B, …",
    "window": "name = window R by KEYS over 10m compute n := count(), … having CONDITION",
    "sequence": "name = sequence by KEYS within 10m: A as a then B as b where CONDITION",
    "absence": "name = absence of B following A by KEYS within 30m",
    "join": "name = join A with B on KEYS within 12h before keep COLUMN as NAME",
    "profile": "name = profile of R by KEYS bucket 1d over 30d learn n := count() ready CONDITION",
    "model": "name = model NAME of R by KEYS over 30d using COLUMNS",
    "score": 'name = score R: CONDITION -> +30 "reason" …',
    "alert": "alert R as (actor: COLUMN, …) severity … when CONDITION dedup 24h by ROLES",
}
MEANINGS: Final = {
    "match": "the rows of one event type or relation for which a condition is true, with computed columns",
    "union": "the rows of several relations; columns by name, missing ones null",
    "window": "aggregates over the rows of the same keys within a length of time, so far at each row",
    "sequence": "rows that follow each other in order, with equal keys; one row per last step",
    "absence": "rows of A without a row of B after (or before) them",
    "join": "for each row of A the nearest row of B in time, with equal keys",
    "profile": "what is usual per key, learned over days",
    "model": "a learned score from 0 to 1, with its reasons",
    "score": "points for conditions that are true, with their reasons",
    "alert": "what people see: the roles, how severe it is, which rows are one alert",
}
VERBS: Final = tuple(v for v in SHAPES if v != "alert")

_KINDS: Final = {
    "NAME": "a name",
    "HEAD": "a statement `name = …`",
    "ATTRIBUTE": "`.name`",
    "STRING": 'a text `"…"`',
    "NUMBER": "a number",
    "DURATION": "a duration such as `10m`",
    "PARAM": "a parameter `$name`",
    "LISTREF": "a list `@name`",
    "HAS_ANY": "`has any`",
    "HAS_ALL": "`has all`",
    "TEXT_ANY": "`contains any`",
    "TEXT_ALL": "`contains all`",
    "TIMES": "`x 3`",
    "$END": "the end of the block",
}
_VALUE: Final = frozenset({"NAME", "STRING", "NUMBER", "LPAR", "CASE"})
_VALUES: Final = _VALUE | {
    "DURATION", "PARAM", "LISTREF", "TRUE", "FALSE", "NULL", "LBRACE", "MINUS", "NOT",
}  # fmt: skip
OPERATORS: Final = frozenset({
    "AND", "OR", "EQ", "NE", "LT", "LE", "GT", "GE", "LIKE", "MATCHES", "STARTSWITH", "ENDSWITH",
    "CONTAINS", "CIDR", "HAS", "HAS_ANY", "HAS_ALL", "TEXT_ANY", "TEXT_ALL", "NOT", "IN", "IS", "PLUS", "MINUS", "STAR",
    "SLASH", "ATTRIBUTE",
})  # fmt: skip
_STATEMENTS: Final = frozenset({"HEAD", "ALERT", "$END"})


@cache
def spelling() -> dict[str, str]:
    """What an author types for every terminal of fixed text: `COMPUTE` -> `compute`."""
    fixed = {}
    for terminal in grammar().terminals:
        plain = terminal.pattern.value.removesuffix(r"\b").replace(r"\s+", " ")
        if terminal.pattern.type == "str" or re.fullmatch("[a-z ]+", plain):
            fixed[terminal.name] = plain
    return fixed


@cache
def reserved() -> frozenset[str]:
    """The words of the language that cannot be names."""
    name = re.compile(next(t.pattern.value for t in grammar().terminals if t.name == "NAME"))
    return frozenset(w for w in spelling().values() if w.isalpha() and not name.fullmatch(w))


def said(terminal: str) -> str:
    """One terminal in the author's words."""
    return _KINDS.get(terminal) or f"`{spelling()[terminal]}`"


def expected(accepts: AbstractSet[str]) -> str:
    """What could stand there, briefly: groups first, then single words."""
    rest = set(accepts)
    parts: list[str] = []
    if set(VERBS) <= {spelling().get(t) for t in rest}:
        return "a verb (" + ", ".join(f"`{v}`" for v in VERBS) + ")"
    if rest >= _VALUE:
        parts.append("a value or condition")
        rest -= _VALUES
    if rest >= {"PLUS", "EQ", "AND"} or rest >= {"AND", "OR"}:
        parts.append("an operator")
        rest -= OPERATORS | {"LBRACKET"}
    words = sorted(rest - _STATEMENTS - {"ATTRIBUTE", "LPAR"} if len(rest) > 1 else rest)
    parts += [said(t) for t in words]
    if rest >= _STATEMENTS and len(rest) > 1:
        parts.append("the next statement")
    elif rest & {"HEAD", "ALERT"}:
        parts.append("a statement `name = …` or `alert …`")
    *first, last = dict.fromkeys(parts) if parts else ["something else"]
    return f"{', '.join(first)} or {last}" if first else last


def shown(token: Token) -> str:
    """A token of the block as messages quote it."""
    return "the end of the block" if token.type == "$END" else f"`{token}`"
