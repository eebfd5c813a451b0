"""Which (sensor, seq) the engine has: sensors resend until acknowledged, the engine drops repeats.

Sequence numbers of a sensor mostly arrive in order, so what was seen is kept as few ranges.
Knows no event and no store.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Final

_MOST_RANGES: Final = 4_096
"""Beyond this many holes of one sensor the oldest hole counts as seen."""

Ranges = list[tuple[int, int]]


class Seen:
    """Sequence numbers by sensor, as sorted, disjoint, inclusive ranges."""

    def __init__(self, ranges: dict[str, Ranges] | None = None) -> None:
        self.ranges: dict[str, Ranges] = ranges or {}

    def add(self, sensor: str, seq: int) -> bool:
        """Note a sequence number; False if it was there already."""
        ranges = self.ranges.setdefault(sensor, [])
        if ranges and ranges[-1][1] + 1 == seq:
            ranges[-1] = (ranges[-1][0], seq)
            return True
        i = bisect_right(ranges, (seq, 2**63)) - 1
        if i >= 0 and ranges[i][1] >= seq:
            return False
        low = high = seq
        if i + 1 < len(ranges) and ranges[i + 1][0] == seq + 1:
            high = ranges.pop(i + 1)[1]
        if i >= 0 and ranges[i][1] == seq - 1:
            low = ranges[i][0]
            ranges[i] = (low, high)
        else:
            ranges.insert(i + 1, (low, high))
        if len(ranges) > _MOST_RANGES:
            ranges[:2] = [(ranges[0][0], ranges[1][1])]
        return True
