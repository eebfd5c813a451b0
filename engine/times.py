"""Times between microseconds and text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)


def iso(ts: int) -> str:
    """Microseconds since 1970 as ISO 8601 in UTC with microseconds; clamped to the year 9999."""
    moment = _EPOCH + timedelta(microseconds=min(max(ts, 0), _LAST))
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
