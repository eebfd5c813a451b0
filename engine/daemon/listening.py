"""Syslog or JSON in a thread of its own: messages to events, handed over in batches.

What could not be read is counted, and written to a file of its own where people can look at it.
TCP, TLS and HTTP senders are kept waiting while the engine is busy; of UDP the oldest events are
dropped and counted then.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from engine.daemon.waiting import Queued
from engine.printable import printable
from sensor.inputs.damage import Damage
from sensor.inputs.logevents import LogEvents

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from dsl.schema.base import Event
    from sensor.inputs.jsonport import JsonPort
    from sensor.inputs.syslog import Syslog
    from sensor.map.record import Record
    from sensor.map.zeek_row import Row

    Read = Callable[[bytes], Iterator[Record | Row | Damage]]

_SHOWN: Final = 2_000
"""Characters of a message that are kept for inspection."""
_FILE_LIMIT: Final = 8 << 20


def sensor_name(kind: str, place: str) -> str:
    """The sensor that a place is: the same in every run."""
    return f"{kind}:{place}"


class Listening(Queued):
    """Events of one place, whose messages `read` understands; numbered on from `after`, raw ones from `after_raw`. A source as
    `capture.Capture` is one.

    `unread` counts messages that could not be read.
    """

    fault = ""

    def __init__(
        self,
        kind: str,
        port: Syslog | JsonPort,
        read: Read,
        rejected: Path,
        after: int = 0,
        after_raw: int = 0,
        *,
        raw: bool,
    ) -> None:
        super().__init__()
        self.name = f"{kind} {port.place.name}"
        self.unread = 0
        self._port = port
        self._read = read
        self._rejected = rejected
        self._after = {False: after + 1, True: after_raw}
        self._sensor = sensor_name(kind, port.place.name)
        self._events = LogEvents(self._sensor, self._emit, raw=raw)
        port.start(self._message, self._waiting.room)

    def complaints(self) -> dict[str, str]:
        """What goes wrong, by topic; empty where nothing does."""
        unread = f"{self.unread} messages could not be read since the start, see {self._rejected}"
        lost = f"{self._waiting.lost} events were dropped since the start, the engine is too slow"
        refused = (
            f"{self._port.refused} connections were refused since the start, there are too many"
        )
        dropped = f"{self._port.dropped} datagrams were dropped by the system since the start"
        return {
            "dropped": dropped if self._port.dropped else "",
            "unread": unread if self.unread else "",
            "lost": lost if self._waiting.lost else "",
            "refused": refused if self._port.refused else "",
        }

    def close(self) -> list[Event]:
        """Stop, and give what was still inside."""
        self._port.close()
        self._events.end()
        return self.take()

    def _message(self, message: bytes, peer: str) -> None:
        try:
            for item in self._read(message):
                if isinstance(item, Damage):
                    self._reject(message, peer, item.reason)
                else:
                    self._events.take(item)
        except Exception as error:  # noqa: BLE001 - nobody's message may end the listening
            self._reject(message, peer, f"a defect of atp, {type(error).__name__}: {error}")

    def _emit(self, event: Event) -> None:
        event.seq = (event.seq or 0) + self._after[event.sensor != self._sensor]
        self._waiting.put(event)

    def _reject(self, message: bytes, peer: str, why: str) -> None:
        self.unread += 1
        text = printable(message[:_SHOWN].decode("utf-8", errors="replace"))
        line = f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} {peer} {why}: {text}\n"
        try:
            if self._rejected.exists() and self._rejected.stat().st_size > _FILE_LIMIT:
                self._rejected.replace(self._rejected.with_name(self._rejected.name + ".1"))
            with self._rejected.open("a", encoding="utf-8") as file:
                file.write(line)
        except OSError:
            return  # counted all the same
