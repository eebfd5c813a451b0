"""A live interface in a thread of its own: packets to events, handed over in batches.

An interface that goes away is waited for and opened anew; what passed in between is not seen, and
the sensor's silence says so to the engine.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TYPE_CHECKING

import msgspec

from sensor.inputs.live import InterfaceError, LiveCapture
from sensor.wire.drive import Driver

if TYPE_CHECKING:
    from dsl.schema.base import Event
    from engine.store import Store

_WAITING = 500_000
"""Events kept while the engine is busy; beyond that the oldest are dropped and counted."""
_AGAIN_S = 1.0


def sensor_name(interface: str) -> str:
    """The sensor that an interface is: the same in every run."""
    return f"interface:{interface}"


def last_number(store: Store, interface: str) -> int:
    """The greatest number that the store has of the interface's events: a run goes on from there."""
    seen = store.state(f"seen/{sensor_name(interface)}")
    ranges = msgspec.json.decode(seen, type=list[tuple[int, int]]) if seen else []
    return ranges[-1][1] if ranges else 0


class Capture:
    """Events of one interface, from an open LiveCapture; they are numbered on from `after`.

    `lost` counts events dropped because nobody took them, `dropped` packets that the kernel could
    not hand over. `away` says why the interface is not being read now, `fault` why it never will
    be again.
    """

    def __init__(self, live: LiveCapture, after: int = 0) -> None:
        self.interface = live.interface
        self.lost = 0
        self.dropped = 0
        self.away = ""
        self.fault = ""
        self._live = live
        self._after = after
        self._waiting: deque[Event] = deque(maxlen=_WAITING)
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._driver = Driver(sensor_name(live.interface), self._keep)
        name = f"capture {live.interface}"
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def take(self) -> list[Event]:
        """The events that came since the last call."""
        with self._lock:
            events = list(self._waiting)
            self._waiting.clear()
        return events

    def close(self) -> list[Event]:
        """Stop, and give what was still inside."""
        self._stop.set()
        self._live.stop()
        self._thread.join(timeout=5)
        return self.take()

    def _keep(self, event: Event) -> None:
        event.seq = (event.seq or 0) + self._after
        with self._lock:
            self.lost += len(self._waiting) == _WAITING
            self._waiting.append(event)

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                try:
                    self._read()
                except InterfaceError as error:
                    self._wait(str(error))
            self._driver.close()
        except Exception as error:  # noqa: BLE001 - a thread's defect must be told by the one that waits for it
            self.fault = f"{type(error).__name__}: {error}"
        finally:
            self._live.close()

    def _read(self) -> None:
        told = 0
        for block in self._live.blocks():
            if block is None:
                self._driver.advance(time.time_ns() // 1000)
            else:
                self._driver.packets(
                    block.data, block.linktype, block.times, block.starts, block.ends
                )
            if self._live.dropped > told:
                self._driver.dropped(self._live.dropped - told)
                self.dropped += self._live.dropped - told
                told = self._live.dropped

    def _wait(self, why: str) -> None:
        """Until the interface can be opened again."""
        self.away = why
        self._live.close()
        while not self._stop.wait(_AGAIN_S):
            try:
                self._live = LiveCapture(self.interface)
            except InterfaceError as error:
                self.away = str(error)
            else:
                self.away = ""
                return
