"""Times as callers write them: ISO 8601, UTC unless they say otherwise."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from portal.api.endpoint import Problem


def micros(name: str, text: str | None) -> int | None:
    """Microseconds since 1970; None where none was given. Raises Problem."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Problem(
            400, f"`{name}` is no time: write 2026-01-31 or 2026-01-31T12:00:00Z"
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
