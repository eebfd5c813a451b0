"""What other readers of Sigma forgive or know and pySigma does not, put right in a document's keys.

Knows nothing of what a rule becomes. Reference: Sigma specification 2.1, "Condition", "Value
modifiers".
"""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Collection

_OPERATOR: Final = re.compile(r"\b(AND|OR|NOT|OF|ALL|ANY|THEM|And|Or|Not|Of|All|Any|Them)\b")
_PLACEHOLDER: Final = re.compile(r"%([^%\\]+)%")
_NUMBER: Final = re.compile(r"[+-]?\d+(\.\d+)?")
_OF_TEXTS: Final = frozenset({
    "contains", "startswith", "endswith", "re", "base64", "base64offset", "windash", "cased",
})  # fmt: skip
_OF_NUMBERS: Final = frozenset({"lt", "lte", "gt", "gte"})
_ALIASES: Final = {"utf16le": "wide"}
_TRUTH: Final = {"true": True, "yes": True, "false": False, "no": False}
_NO_SEARCHES: Final = frozenset({"condition", "rules"})
NETWORKS: Final = "cidr:"
"""Begin of the names of placeholders that stand for networks."""


def cleaned(keys: dict[str, Any]) -> dict[str, Any]:
    """The keys without slips: operators in capitals, ids that are no UUID, a time frame among the
    searches, lists that are one text, values of another kind than their modifiers ask for.
    """
    keys = dict(keys)
    for name in ("detection", "filter"):
        part = keys.get(name)
        if isinstance(part, dict):
            part = {
                str(k): v if k in _NO_SEARCHES else _search(v)
                for k, v in part.items()
                if k != "timeframe"
            }
            if "condition" in part:
                part["condition"] = _lowered(part["condition"], part)
            keys[name] = part
    if keys.get("id") is not None and not _is_uuid(keys["id"]):
        keys.pop("id")
    for name in ("references", "falsepositives", "tags", "fields"):
        if isinstance(keys.get(name), str):
            keys[name] = [keys[name]]
    return keys


def _lowered(condition: object, names: Collection[str]) -> object:
    if isinstance(condition, str):
        return _OPERATOR.sub(
            lambda m: m[0] if m[0] in names else m[0].lower(), " ".join(condition.split())
        )
    return [_lowered(c, names) for c in condition] if isinstance(condition, list) else condition


def _is_uuid(value: object) -> bool:
    try:
        UUID(str(value))
    except ValueError:
        return False
    return isinstance(value, str)


def _search(search: object) -> object:
    """A search with values of the kinds that their modifiers ask for."""
    if isinstance(search, list):
        return [_search(part) for part in search]
    if not isinstance(search, dict):
        return _written(search)
    found = {}
    for key, value in search.items():
        name, *modifiers = [_ALIASES.get(word, word) for word in str(key).split("|")]
        values = value if isinstance(value, list) else [value]
        if {"cidr", "expand"} <= set(modifiers):
            modifiers, values = _networks(modifiers, values)
        put = [_fitting(_written(one), modifiers) for one in values]
        found["|".join([name, *modifiers])] = put if isinstance(value, list) else put[0]
    return found


def _written(value: object) -> object:
    """A value that YAML took for a date as the text that it stands for."""
    return str(value) if isinstance(value, dt.date) else value


def _fitting(value: object, modifiers: Collection[str]) -> object:
    """A number as a text where a text is asked for, and the other way round."""
    if not _OF_TEXTS.isdisjoint(modifiers) and isinstance(value, bool | int | float):
        return str(value).lower() if isinstance(value, bool) else str(value)
    if not isinstance(value, str):
        return value
    if not _OF_NUMBERS.isdisjoint(modifiers) and _NUMBER.fullmatch(value):
        return float(value) if "." in value else int(value)
    return _TRUTH.get(value.lower(), value) if "exists" in modifiers else value


def _networks(modifiers: list[str], values: list[object]) -> tuple[list[str], list[object]]:
    """`cidr|expand` with the name of the placeholder marked: pySigma asks for a network where the
    placeholder stands, and knows no other order.
    """
    named = [_PLACEHOLDER.fullmatch(str(v)) for v in values]
    if not all(named):
        return modifiers, values
    kept = [m for m in modifiers if m != "cidr"]
    return kept, [f"%{NETWORKS}{m[1]}%" for m in named if m]
