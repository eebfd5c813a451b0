"""Days as models count them: numbers since 1970 (UTC), and as people and file names write them."""

from __future__ import annotations

from datetime import date
from typing import Final

DAY_US: Final = 86_400_000_000
LEAST_DAYS: Final = 7
"""A model that has learned fewer days with rows says nothing."""
_EPOCH: Final = date(1970, 1, 1).toordinal()


def day_text(day: int) -> str:
    """`2026-01-31`."""
    return date.fromordinal(_EPOCH + day).isoformat()


def day_of(text: str) -> int:
    """The number of a written day. Raises ValueError where it is none."""
    return date.fromisoformat(text).toordinal() - _EPOCH
