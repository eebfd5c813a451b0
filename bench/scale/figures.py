"""Figures of what was measured in seconds, in milliseconds; not a number of nothing."""

from __future__ import annotations

from math import ceil, nan
from statistics import median as middle
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def median(values: Sequence[float]) -> float:
    """The value in the middle."""
    return middle(values) * 1000 if values else nan


def p99(values: Sequence[float]) -> float:
    """The least value that 99 of 100 do not exceed."""
    return sorted(values)[ceil(0.99 * len(values)) - 1] * 1000 if values else nan
