"""How far each file of JSON lines was read, kept in the store: bookmarks that outlive restarts.

By the file's number, which it keeps when it is renamed or copied (see `folders`). Knows no event.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from sensor.inputs.jsonlines import LinePlace

if TYPE_CHECKING:
    from engine.daemon.states import States

_KEY: Final = "lines/"


class LineMarks:
    """The place in each file before which everything is in."""

    def __init__(self, store: States) -> None:
        rows = store.states(_KEY)
        self._known = {int(n): msgspec.json.decode(at, type=LinePlace) for n, at in rows.items()}

    def of(self, number: int) -> LinePlace:
        """Where to go on in the file of this number."""
        return self._known.get(number, LinePlace())

    def advance(self, number: int, place: LinePlace) -> dict[str, str]:
        """Everything before this place is in: rows of state to store."""
        if place.at <= self.of(number).at:
            return {}
        self._known[number] = place
        return {f"{_KEY}{number}": msgspec.json.encode(place).decode()}
