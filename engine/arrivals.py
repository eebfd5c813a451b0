"""Where in time the events lie that meet a condition, as spans: so that nobody asks the store about
a second in which nothing of the kind happened. Knows no event and no store.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Final

_MOST: Final = 1_000
"""Spans kept of a condition; beyond it the oldest are told as one."""
_EVER: Final = -(2**63)


class Arrivals:
    """Spans of `ts` (microseconds, both ends included) by event type and condition; they never
    overlap. The condition "" is that of any event of a type.
    """

    def __init__(self) -> None:
        self._spans: dict[str, dict[str, list[tuple[int, int]]]] = {}
        self._through: dict[str, int] = {}
        """Newest event by type: conditions that are asked for from now on may have held before."""

    def watch(self, kind: str, condition: str) -> None:
        """From now on it is noted which events of a type meet a condition."""
        known = self._spans.setdefault(kind, {})
        if condition not in known:
            through = self._through.get(kind)
            known[condition] = [] if through is None else [(_EVER, through)]

    def conditions(self, kind: str) -> list[str]:
        """What is noted of events of a type, but for that there are any."""
        return [condition for condition in self._spans.get(kind, ()) if condition]

    def may(self, kind: str, low: int, high: int) -> None:
        """Events of a type in [low, high] may meet any condition."""
        for condition in self._spans.setdefault(kind, {}):
            self.add(kind, condition, low, high)
        self._reach(kind, high)

    def add(self, kind: str, condition: str, low: int, high: int) -> None:
        """Some events of a type in [low, high] meet a condition."""
        spans = self._spans.setdefault(kind, {}).setdefault(condition, [])
        first = bisect_left(spans, low, key=lambda s: s[1])
        last = first
        while last < len(spans) and spans[last][0] <= high:
            low, high = min(low, spans[last][0]), max(high, spans[last][1])
            last += 1
        spans[first:last] = [(low, high)]
        if len(spans) > _MOST:
            spans[:2] = [(spans[0][0], spans[1][1])]
        self._reach(kind, high)

    def any(self, kind: str, condition: str, low: int, high: int) -> bool:
        """Whether there may be events of a type in [low, high] that meet a condition."""
        spans = self._spans.get(kind, {}).get(condition, [])
        at = bisect_left(spans, low, key=lambda s: s[1])
        return at < len(spans) and spans[at][0] <= high

    def _reach(self, kind: str, high: int) -> None:
        self._through[kind] = max(self._through.get(kind, high), high)
