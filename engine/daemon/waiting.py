"""Events that an input has told and the engine has not taken yet: bounded, shared by two threads."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dsl.schema.base import Event

_MOST: Final = 500_000
_ROOM: Final = 100_000


class Waiting:
    """A queue; of more than it holds the oldest are dropped and counted in `lost`."""

    def __init__(self) -> None:
        self.lost = 0
        self._events: deque[Event] = deque(maxlen=_MOST)
        self._lock = threading.Lock()

    def put(self, event: Event) -> None:
        """One more."""
        self.put_all((event,))

    def put_all(self, events: Sequence[Event]) -> None:
        """More, in their order."""
        with self._lock:
            self.lost += max(0, len(self._events) + len(events) - _MOST)
            self._events.extend(events)

    def take(self) -> list[Event]:
        """All that wait."""
        with self._lock:
            events = list(self._events)
            self._events.clear()
        return events

    def __len__(self) -> int:
        return len(self._events)

    def room(self) -> bool:
        """Whether senders that can wait should go on."""
        return len(self._events) < _ROOM


class Queued:
    """What sources share whose thread puts events into a queue: they are taken from it."""

    def __init__(self) -> None:
        self._waiting = Waiting()

    @property
    def queued(self) -> int:
        """Events that wait to be taken."""
        return len(self._waiting)

    def take(self) -> list[Event]:
        """The events that came since the last call."""
        return self._waiting.take()
