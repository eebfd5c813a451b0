"""Event tracing of this machine, live, in a thread of its own.

A session has no memory: what came while nobody read is lost, and counted. One that ends (somebody
stopped it) is started again. Knows no call of Windows.
"""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING, Final

from engine.daemon.waiting import Queued
from sensor.inputs.etwapi import Lost
from sensor.inputs.interface import InterfaceError
from sensor.inputs.logevents import LogEvents

if TYPE_CHECKING:
    from dsl.schema.base import Event
    from sensor.inputs.etwapi import Session, TraceApi
    from sensor.map.record import Record

SESSION: Final = "atp"
"""The session's name: `logman query atp -ets`."""
SENSOR: Final = "etw"
_AGAIN_S: Final = 5.0


class Tracing(Queued):
    """Events of a session; numbered on from `after`, raw ones from `after_raw`. A source as
    `capture.Capture` is one.
    """

    fault = ""

    def __init__(
        self, api: TraceApi, session: Session, after: int = 0, after_raw: int = 0, *, raw: bool
    ) -> None:
        super().__init__()
        self.name = "event traces"
        self._api = api
        self._session: Session | None = session
        self._away = ""
        self._lost = self._before = Lost(0, 0)
        self._unread = 0
        self._computer = socket.getfqdn()
        self._events = LogEvents(SENSOR, self._waiting.put, raw=raw, told=(after + 1, after_raw))
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def complaints(self) -> dict[str, str]:
        """What goes wrong, by topic; empty where nothing does."""
        self._count()
        events, buffers = self._lost_in_all()
        lost = f"Windows lost {events} events and {buffers} buffers of them since the start: the machine is too slow"
        dropped = (
            f"{self._waiting.lost} events were dropped since the start, the engine is too slow"
        )
        unread = f"{self._unread} events could not be read since the start, by a defect of atp"
        return {
            "away": self._away,
            "dropped": lost if events or buffers else "",
            "lost": dropped if self._waiting.lost else "",
            "unread": unread if self._unread else "",
        }

    def close(self) -> list[Event]:
        """Stop the session, and give what was still inside."""
        self._stop.set()
        session = self._session
        if session is not None:
            session.stop()
        self._thread.join()
        self._events.end()
        return self.take()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                if self._session is None:
                    self._session = self._api.start(SESSION)
                    self._away = ""
                    if self._stop.is_set():
                        self._session.stop()
                        return
                self._session.read(self._tell)
                why = "the session was stopped by somebody else"
            except InterfaceError as error:
                why = str(error)
            if self._stop.is_set():
                return
            self._away, session, self._session = why, self._session, None
            self._before, self._lost = self._lost_in_all(), Lost(0, 0)
            if session is not None:
                session.stop()
            self._stop.wait(_AGAIN_S)

    def _tell(self, record: Record) -> None:
        try:
            record.computer = self._computer
            self._events.take(record)
        except Exception:  # noqa: BLE001 - raised into Windows, it would end the session
            self._unread += 1

    def _lost_in_all(self) -> Lost:
        before, now = self._before, self._lost
        return Lost(before.events + now.events, before.buffers + now.buffers)

    def _count(self) -> None:
        session = self._session
        if session is None:
            return
        try:
            self._lost = session.lost()
        except InterfaceError:
            return  # told by the thread that reads
