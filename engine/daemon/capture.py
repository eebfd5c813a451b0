"""A live interface in a thread of its own: packets to events, handed over in batches."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TYPE_CHECKING

from sensor.inputs.live import LiveCapture
from sensor.wire.drive import Driver

if TYPE_CHECKING:
    from dsl.schema.base import Event

_WAITING = 500_000
"""Events kept while the engine is busy; beyond that the oldest are dropped and counted."""


class Capture:
    """Events of one interface. `lost` counts events dropped because nobody took them."""

    def __init__(self, interface: str) -> None:
        """Open the interface; raises InterfaceError."""
        self._live = LiveCapture(interface)
        self._waiting: deque[Event] = deque(maxlen=_WAITING)
        self._lock = threading.Lock()
        self.lost = 0
        # the sensor's counter begins anew with each run: its name must not be that of the last
        self._driver = Driver(f"{interface}:{time.time_ns() // 1_000_000}", self._keep)
        self._thread = threading.Thread(target=self._read, name=f"capture {interface}", daemon=True)
        self._thread.start()

    @property
    def dropped(self) -> int:
        """Packets that the kernel could not hand over."""
        return self._live.dropped

    @property
    def alive(self) -> bool:
        """Whether the interface is still being read."""
        return self._thread.is_alive()

    def take(self) -> list[Event]:
        """The events that came since the last call."""
        with self._lock:
            events = list(self._waiting)
            self._waiting.clear()
        return events

    def close(self) -> list[Event]:
        """Stop, and give what was still inside."""
        self._live.close()
        self._thread.join(timeout=5)
        return self.take()

    def _keep(self, event: Event) -> None:
        with self._lock:
            self.lost += len(self._waiting) == _WAITING
            self._waiting.append(event)

    def _read(self) -> None:
        dropped = 0
        for block in self._live.blocks():
            if block is None:
                self._driver.advance(time.time_ns() // 1000)
            else:
                self._driver.packets(
                    block.data, block.linktype, block.times, block.starts, block.ends
                )
            if self._live.dropped > dropped:
                self._driver.dropped(self._live.dropped - dropped)
                dropped = self._live.dropped
        self._driver.close()
