"""What may stand at the cursor of a query: relations, types, columns and words, by what was begun."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Final, TypedDict

from dsl.assist.completion import complete
from dsl.schema.registry import event_types
from portal.reading.relations import surroundings
from portal.reading.sql.allowed import NODES

if TYPE_CHECKING:
    from engine.in_force import InForce

MOST: Final = 12
_BEGUN: Final = re.compile(r"[A-Za-z_@$][\w.]*$")
_WORDS: Final = (
    "SELECT", "FROM", "WHERE", "GROUP BY", "ORDER BY", "HAVING", "LIMIT", "JOIN", "LEFT JOIN", "ON", "AND",
    "OR", "NOT", "IN", "IS NULL", "IS NOT NULL", "LIKE", "ILIKE", "BETWEEN", "DISTINCT", "AS", "DESC", "ASC",
    "CASE", "WHEN", "THEN", "ELSE", "END", "WITH", "UNION ALL", "count(*)",
)  # fmt: skip


class Suggestion(TypedDict):
    """`text` stands for what was begun; `detail`: what it is, `meaning`: a sentence."""

    text: str
    detail: str
    meaning: str


class Suggestions(TypedDict):
    """For the text from `start` to the cursor."""

    start: int
    found: list[Suggestion]


def suggested(in_force: InForce, language: str, text: str, cursor: int) -> Suggestions:
    """What fits what was begun before the cursor, the likeliest first."""
    cursor = max(0, min(cursor, len(text)))
    if language == "sql":
        return _of_sql(text, cursor)
    found = complete(text, cursor, surroundings(in_force))
    begun = text[found.start : cursor].lower()
    fits = [c for c in found.found if c.text.lower().startswith(begun) and c.text.lower() != begun]
    told: list[Suggestion] = [
        {"text": c.text, "detail": c.detail or c.sort, "meaning": c.meaning} for c in fits[:MOST]
    ]
    return {"start": found.start, "found": told}


def _of_sql(text: str, cursor: int) -> Suggestions:
    match = _BEGUN.search(text[:cursor])
    if match is None:
        return {"start": cursor, "found": []}
    words = set(re.findall(r"\w+", text[: match.start()] + text[cursor:]))
    begun = match[0].rpartition(".")[2].lower()
    start = cursor - len(begun)
    found: dict[str, Suggestion] = {}
    for name in [n for n in event_types() if n in words]:
        for column in event_types()[name].columns.values():
            kind = f"list of {column.field.kind}" if column.many else str(column.field.kind)
            told: Suggestion = {
                "text": column.name,
                "detail": f"{kind}, {name}",
                "meaning": column.field.meaning,
            }
            found.setdefault(column.name, told)
    for name in event_types():
        found.setdefault(name, {"text": name, "detail": "type of events", "meaning": ""})
    for word in (*_WORDS, *_functions()):
        found.setdefault(word, {"text": word, "detail": "SQL", "meaning": ""})
    fits = [s for n, s in found.items() if n.lower().startswith(begun) and n.lower() != begun]
    return {"start": start, "found": fits[:MOST] if begun else []}


@cache
def _functions() -> tuple[str, ...]:
    """Names of the functions that a query may call."""
    names = {n.sql_name().lower() for n in NODES if hasattr(n, "sql_name")}
    return tuple(f"{n}(" for n in sorted(names) if n.isidentifier())
