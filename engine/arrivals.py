"""Where in time the events of each type lie, as spans: so that nobody asks the store about a second
in which nothing happened. Knows no event and no store.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Final

_MOST: Final = 1_000
"""Spans kept of a type; beyond it the oldest are told as one."""


class Arrivals:
    """Spans of `ts` (microseconds, both ends included) by event type; they never overlap."""

    def __init__(self) -> None:
        self._spans: dict[str, list[tuple[int, int]]] = {}

    def add(self, kind: str, low: int, high: int) -> None:
        """There are events of a type in [low, high]."""
        spans = self._spans.setdefault(kind, [])
        first = bisect_left(spans, low, key=lambda s: s[1])
        last = first
        while last < len(spans) and spans[last][0] <= high:
            low, high = min(low, spans[last][0]), max(high, spans[last][1])
            last += 1
        spans[first:last] = [(low, high)]
        if len(spans) > _MOST:
            spans[:2] = [(spans[0][0], spans[1][1])]

    def any(self, kind: str, low: int, high: int) -> bool:
        """Whether there may be events of a type in [low, high]."""
        spans = self._spans.get(kind, [])
        at = bisect_left(spans, low, key=lambda s: s[1])
        return at < len(spans) and spans[at][0] <= high
