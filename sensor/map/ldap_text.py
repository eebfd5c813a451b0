"""Filters and lists of attributes as Windows prints those of a search. Pure functions of text.

Reference: RFC 4515; event 1644 of the directory service prints a space around operators.
"""

from __future__ import annotations

import re
from typing import Final

_COMPARED: Final = re.compile(
    r"\(\s*([A-Za-z][A-Za-z0-9-]{0,63}|[0-9.]{3,64})\s*[:~<>]?[^()=]{0,80}="
)
_FILTER_LIMIT: Final = 16384
_ATTRIBUTES_LIMIT: Final = 500


def bounded(text: str | None) -> str | None:
    """A filter, cut to what is kept."""
    return (text or "")[:_FILTER_LIMIT] or None


def compared(text: str | None) -> list[str] | None:
    """Attributes a filter compares, lower, each once."""
    if text is None:
        return None
    return list(dict.fromkeys(name.lower() for name in _COMPARED.findall(text)))


def asked(text: str | None) -> list[str] | None:
    """Attributes asked for, lower; none named means all, as on the wire."""
    if text is None:
        return None
    if text == "[all]":
        return []
    return [word.strip().lower() for word in text.split(",")[:_ATTRIBUTES_LIMIT] if word.strip()]
