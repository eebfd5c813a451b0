"""Days of the organisation: which are worked, when the special ones are. Times in microseconds UTC."""

from __future__ import annotations

DAYS = 45
TEST_FROM = 30
HOUR = 3_600_000_000
DAY = 24 * HOUR
BEGIN = 1_772_409_600_000_000
"""Monday 2026-03-02, 00:00."""
HOLIDAYS = frozenset({32, 35})
"""Good Friday and Easter Monday of that year."""
MONTH_ENDS = frozenset({28, 29, 30})
RESET_WAVE, ROLLOUT, MERGER, NEW_JUMP = 26, 33, 34, 36
PATCH_NIGHTS = frozenset({12, 40})
"""Saturdays on which administrators touch most servers at night."""


def works(day: int) -> float:
    """Share of a usual working day's activity."""
    if day in HOLIDAYS:
        return 0.03
    return (1.0, 1.0, 1.0, 0.97, 0.9, 0.04, 0.03)[day % 7]


def sunday(day: int) -> bool:
    """Whether the scanner runs."""
    return day % 7 == 6
