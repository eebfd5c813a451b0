"""A live interface in a thread of its own: packets to events, handed over in batches.

An interface that goes away is waited for and opened anew; what passed in between is not seen, and
the sensor's silence says so to the engine. When packets come faster than they can be read, the
driver is told how full the buffer is, and sheds.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from dsl.schema.dns import DnsQuery
from dsl.schema.sensor import SensorHealth
from engine.daemon.waiting import Queued
from sensor.govern.allowance import Allowance
from sensor.inputs import canary
from sensor.inputs.interface import InterfaceError
from sensor.wire.drive import Driver

if TYPE_CHECKING:
    from dsl.schema.base import Event
    from sensor.inputs.interface import LiveInput

_AGAIN_S = 1.0
_WATCH_US = 250_000
"""So often the capture's filter learns of new ports."""


def sensor_name(interface: str) -> str:
    """The sensor that an interface is: the same in every run."""
    return f"interface:{interface}"


class Capture(Queued):
    """Events of one interface, from an open live input; they are numbered on from `after`. It reads
    as fast as `allowance` has it, and
    puts test frames in when `tests` says so.

    `dropped` counts packets that the kernel could not hand over, `shed` packets left unread for want
    of time. `away` says why the interface is not being read now, `fault` why it never will be again.
    """

    def __init__(
        self,
        live: LiveInput,
        after: int = 0,
        allowance: Allowance | None = None,
        tests: canary.Schedule | None = None,
    ) -> None:
        super().__init__()
        self.name = live.interface
        self.dropped = 0
        self.shed = 0
        self.away = ""
        self.fault = ""
        self._live = live
        self._after = after
        self._tests = tests
        self._allowance = Allowance() if allowance is None else allowance
        self._stop = threading.Event()
        self._fresh: list[Event] = []
        self._watched = 0
        self._driver = Driver(sensor_name(live.interface), self._fresh.append)
        name = f"capture {live.interface}"
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def lost(self) -> int:
        """Events dropped because nobody took them."""
        return self._waiting.lost

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
        driver, live, allowance = self._driver, self._live, self._allowance
        strict = False
        for block in live.blocks():
            now = time.monotonic_ns() // 1000
            pressed = driver.press(live.fill(), now, allowance.level) > 0
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
            if self._tests is not None and self._tests.due(time.time_ns() // 1000):
                self._test()
            rest = allowance.rest()
            if rest:
                self._stop.wait(rest)

    def _test(self) -> None:
        """Frames of our own, where captured ones come from; what they become bears another name."""
        now = time.time_ns() // 1000
        begun = SensorHealth(
            ts=now, sensor=f"{canary.SENSOR}{sensor_name(self.name)}", via="wire", kind="heartbeat"
        )
        self._fresh.append(begun)
        known = len(self._fresh)
        for frame in canary.frames():
            self._driver.packet(time.time_ns() // 1000, frame, canary.ETHERNET)
        for event in self._fresh[known:]:
            if isinstance(event, DnsQuery) and event.query == canary.NAME:
                event.sensor = f"{canary.SENSOR}{event.sensor}"
        self._hand_over()

    def _hand_over(self) -> None:
        fresh = self._fresh
        if not fresh:
            return
        after = self._after
        for event in fresh:
            event.seq = (event.seq or 0) + after
        self._waiting.put_all(fresh)
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
