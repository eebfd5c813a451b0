"""Conditions of version 1 with an aggregation (`search | count(field) by key > 5`, `a | near b`) ->
rules and the correlation that stands for them now.

Works on the keys of a document and knows nothing of pySigma or of our language. Reference: Sigma
specification 1.0, "Aggregation expression", "Near aggregation expression"; 2.1, "Correlation rules",
which says what became of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from engine.sigma.refused import RefusedError

NO_TIME_FRAME: Final = "the rule names no time frame: one of 24 hours is taken"
NOTHING_SHARED: Final = "the rule names no field that its events have in common: events of different hosts count together"
_DAY: Final = "24h"
_NUMBERED: Final = re.compile(
    r"(?P<function>\w+)\s*\(\s*(?P<field>[^()]*?)\s*\)"
    r"(?:\s+by\s+(?P<keys>[^<>=]+?))?\s*(?P<operator>[<>]=?|==?)\s*(?P<number>\d+(?:\.\d+)?)",
    re.IGNORECASE,
)
_NEAR: Final = re.compile(r"near\s+(?P<others>.+)", re.IGNORECASE)
_OPERAND: Final = re.compile(r"\(|\)|(?:\d+|all|any)\s+of\s+[^\s()]+|[^\s()]+", re.IGNORECASE)
_BETWEEN: Final = frozenset({"(", ")", "and", "or", "not"})
_OPERATORS: Final = {">": "gt", ">=": "gte", "<": "lt", "<=": "lte", "=": "eq", "==": "eq"}
_TYPES: Final = {"sum": "value_sum", "avg": "value_avg"}


@dataclass(frozen=True, slots=True)
class Divided:
    """A rule of version 1 taken apart: documents of rules by the names that the document
    `correlation` has for them, and what is uncertain about it.
    """

    rules: dict[str, dict[str, Any]]
    correlation: dict[str, Any]
    notes: tuple[str, ...]


def divided(keys: dict[str, Any]) -> Divided | None:
    """The parts of a rule whose condition has an aggregation; None for every other document.

    Raises RefusedError where the aggregation has no equal.
    """
    detection = keys.get("detection")
    if not isinstance(detection, dict):
        return None
    condition = detection.get("condition")
    if isinstance(condition, list) and len(condition) == 1:
        condition = condition[0]
    if not isinstance(condition, str) or "|" not in condition:
        return None
    search, _, aggregation = (part.strip() for part in condition.partition("|"))
    frame = detection.get("timeframe", keys.get("timeframe"))
    notes: tuple[str, ...] = () if frame else (NO_TIME_FRAME,)
    body: dict[str, Any] = {"timespan": str(frame or _DAY)}
    near = _NEAR.fullmatch(aggregation)
    if near:
        searches, body["condition"] = _near(search, near["others"])
        body |= {"type": "temporal"}
        notes += (NOTHING_SHARED,)
    else:
        searches = {"part_1": search}
        body |= _numbered(aggregation)
    common = {k: v for k, v in keys.items() if k != "detection"}
    rules = {
        name: {**common, "detection": {**detection, "condition": one}}
        for name, one in searches.items()
    }
    about = {k: v for k, v in common.items() if k != "logsource"}
    correlation = {**about, "correlation": {**body, "rules": list(searches)}}
    return Divided(rules, correlation, notes)


def _numbered(aggregation: str) -> dict[str, Any]:
    """`count(field) by key > 5` as the body of a correlation."""
    found = _NUMBERED.fullmatch(aggregation)
    if found is None:
        raise RefusedError(f"the aggregation `{aggregation}` is not known")
    function, field = found["function"].lower(), found["field"]
    number = float(found["number"])
    condition: dict[str, Any] = {
        _OPERATORS[found["operator"]]: int(number) if number.is_integer() else number
    }
    if field:
        condition["field"] = field
    if function == "count":
        kind = "value_count" if field else "event_count"
    elif function in _TYPES and field:
        kind = _TYPES[function]
    else:
        raise RefusedError(f"the aggregation `{aggregation}` has no equal among correlations")
    grouped = [key.strip() for key in (found["keys"] or "").split(",") if key.strip()]
    return {"type": kind, "condition": condition, **({"group-by": grouped} if grouped else {})}


def _near(search: str, others: str) -> tuple[dict[str, str], str]:
    """The searches of `search | near others` by name, and the condition over those names."""
    names: dict[str, str] = {search: "part_1"}
    words = ["part_1 and ("]
    for found in _OPERAND.finditer(others):
        word = found[0]
        between = word.lower() in _BETWEEN
        words.append(word.lower() if between else names.setdefault(word, f"part_{len(names) + 1}"))
    return {name: one for one, name in names.items()}, " ".join([*words, ")"])
