"""Callers who fail too often: by address, within a minute. Bounded in memory, for any thread.

A valid token is let in whatever others at the same address do: one machine behind a proxy must not
lock out the rest, and nobody guesses 256 bits. What is limited is what failing costs and fills.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

MOST: Final = 20
WITHIN_S: Final = 60.0
_ADDRESSES: Final = 10_000


class Failures:
    """Counts failures; `count` is all of them since the start."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.count = 0
        self._clock = clock
        self._lock = threading.Lock()
        self._known: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def failed(self, address: str) -> float | None:
        """Once more; in how many seconds it may be tried again where that is too often."""
        now = self._clock()
        with self._lock:
            self.count += 1
            since, number = self._known.pop(address, (now, 0))
            if now - since >= WITHIN_S:
                since, number = now, 0
            self._known[address] = since, number + 1
            if len(self._known) > _ADDRESSES:
                self._known.popitem(last=False)
        return since + WITHIN_S - now if number >= MOST else None
