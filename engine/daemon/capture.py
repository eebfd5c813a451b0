"""A live interface in a thread of its own: packets to events, handed over in batches.

An interface that goes away is waited for and opened anew; what passed in between is not seen, and
the sensor's silence says so to the engine. When packets come faster than they can be read, the
driver is told how full the buffer is, and sheds.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TYPE_CHECKING

import msgspec

from sensor.inputs.interface import InterfaceError
from sensor.wire.drive import Driver

if TYPE_CHECKING:
    from dsl.schema.base import Event
    from engine.store import Store
    from sensor.inputs.interface import LiveInput

_WAITING = 500_000
"""Events kept while the engine is busy; beyond that the oldest are dropped and counted."""
_AGAIN_S = 1.0
_WATCH_US = 250_000
"""So often the capture's filter learns of new ports."""


def sensor_name(interface: str) -> str:
    """The sensor that an interface is: the same in every run."""
    return f"interface:{interface}"


def last_number(store: Store, sensor: str) -> int:
    """The greatest number that the store has of a sensor's events: a run goes on from there."""
    seen = store.state(f"seen/{sensor}")
    ranges = msgspec.json.decode(seen, type=list[tuple[int, int]]) if seen else []
    return ranges[-1][1] if ranges else 0


class Capture:
    """Events of one interface, from an open live input; they are numbered on from `after`.

    `lost` counts events dropped because nobody took them, `dropped` packets that the kernel could
    not hand over, `shed` packets left unread for want of time. `away` says why the interface is not
    being read now, `fault` why it never will be again.
    """

    def __init__(self, live: LiveInput, after: int = 0) -> None:
        self.name = live.interface
        self.lost = 0
        self.dropped = 0
        self.shed = 0
        self.away = ""
        self.fault = ""
        self._live = live
        self._after = after
        self._waiting: deque[Event] = deque(maxlen=_WAITING)
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._fresh: list[Event] = []
        self._watched = 0
        self._driver = Driver(sensor_name(live.interface), self._fresh.append)
        name = f"capture {live.interface}"
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def take(self) -> list[Event]:
        """The events that came since the last call."""
        with self._lock:
            events = list(self._waiting)
            self._waiting.clear()
        return events

    def complaints(self) -> dict[str, str]:
        """What goes wrong, by topic; empty where nothing does."""
        told = {"away": f"{self.away}; waiting for it" if self.away else ""}
        for topic, number, what in (
            ("dropped", self.dropped, "packets were dropped by the kernel"),
            ("shed", self.shed, "packets were left unread, the machine is too slow"),
            ("lost", self.lost, "events were dropped, the engine is too slow"),
        ):
            told[topic] = f"{self.name}: {number} {what} since the start" if number else ""
        return told

    def close(self) -> list[Event]:
        """Stop, and give what was still inside."""
        self._stop.set()
        self._live.stop()
        self._thread.join(timeout=5)
        return self.take()

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                try:
                    self._read()
                except InterfaceError as error:
                    self._wait(str(error))
            self._driver.close()
            self._hand_over()
        except Exception as error:  # noqa: BLE001 - a thread's defect must be told by the one that waits for it
            self.fault = f"{type(error).__name__}: {error}"
        finally:
            self._live.close()

    def _read(self) -> None:
        driver, live = self._driver, self._live
        strict = False
        for block in live.blocks():
            now = time.monotonic_ns() // 1000
            pressed = driver.press(live.fill(), now) > 0
            if block is None:
                driver.advance(time.time_ns() // 1000)
            else:
                driver.packets(block.data, block.linktype, block.times, block.starts, block.ends)
            if live.dropped > self.dropped:
                driver.dropped(live.dropped - self.dropped)
                self.dropped = live.dropped
            if now - self._watched >= _WATCH_US or pressed != strict:
                self._watched = now
                strict = pressed
                live.watch(driver.tcp_ports, strict=strict)
                self.shed = driver.shed
            self._hand_over()

    def _hand_over(self) -> None:
        fresh, waiting = self._fresh, self._waiting
        if not fresh:
            return
        after = self._after
        for event in fresh:
            event.seq = (event.seq or 0) + after
        with self._lock:
            self.lost += max(0, len(waiting) + len(fresh) - _WAITING)
            waiting.extend(fresh)
        fresh.clear()

    def _wait(self, why: str) -> None:
        """Until the interface can be opened again."""
        self.away = why
        while not self._stop.wait(_AGAIN_S):
            try:
                self._live.reopen()
            except InterfaceError as error:
                self.away = str(error)
            else:
                self.away = ""
                return
