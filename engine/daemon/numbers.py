"""Where the numbers of a sensor's events stand: a run of the daemon goes on from there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from engine.store import Store


def last_number(store: Store, sensor: str) -> int:
    """The greatest number that the store has of a sensor's events: a run goes on from there."""
    seen = store.state(f"seen/{sensor}")
    ranges = msgspec.json.decode(seen, type=list[tuple[int, int]]) if seen else []
    return ranges[-1][1] if ranges else 0
