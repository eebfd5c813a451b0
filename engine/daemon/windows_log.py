"""A channel of the Windows event log of this machine, live, in a thread of its own.

Events are numbered by their records, as those of a file are, so the number of the last one that is
stored is the bookmark: a run goes on after it, and what is read twice is dropped. A channel that
cannot be read any more is subscribed to again. Knows no call of Windows.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from engine.daemon.waiting import Queued
from sensor.inputs.interface import InterfaceError
from sensor.inputs.logevents import SLOTS, LogEvents
from sensor.inputs.wintree import NoEventError
from sensor.inputs.winxml import parse_event

if TYPE_CHECKING:
    from dsl.schema.base import Event
    from sensor.inputs.wevtapi import EventLogApi, Subscription, Written

_LOOK_S: Final = 0.2
_AGAIN_S: Final = 5.0


def sensor_name(channel: str) -> str:
    """The sensor that a channel is: the same in every run."""
    return f"windows-log:{channel}"


class WindowsLog(Queued):
    """Events of one channel after the event numbered `after`. A source as `capture.Capture` is one.

    `subscription` was opened with `record_after(after)`.
    """

    fault = ""

    def __init__(
        self, api: EventLogApi, subscription: Subscription, channel: str, after: int, *, raw: bool
    ) -> None:
        super().__init__()
        self.name = f"windows log {channel}"
        self.unread = 0
        self._away = ""
        self._api, self._channel = api, channel
        self._last = record_after(after)
        self._begun_anew = False
        self._events = LogEvents(sensor_name(channel), self._waiting.put, raw=raw, by_record=True)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(subscription,), daemon=True)
        self._thread.start()

    def complaints(self) -> dict[str, str]:
        """What goes wrong, by topic; empty where nothing does."""
        anew = "its records are numbered lower than before: the log was made anew, and what it holds counts as read up to the old number"
        return {
            "away": self._away,
            "unread": f"{self.unread} records could not be read since the start" if self.unread else "",
            "anew": anew if self._begun_anew else "",
        }  # fmt: skip

    def close(self) -> list[Event]:
        """Stop, and give what was still inside."""
        self._stop.set()
        self._thread.join()
        return self.take()

    def _run(self, subscription: Subscription | None) -> None:
        while not self._stop.is_set():
            try:
                if subscription is None:
                    subscription = self._api.subscribe(self._channel, self._last)
                    self._away = ""
                self._step(subscription)
            except InterfaceError as error:
                self._away = str(error)
                if subscription is not None:
                    subscription.close()
                    subscription = None
                self._stop.wait(_AGAIN_S)
        if subscription is not None:
            subscription.close()

    def _step(self, subscription: Subscription) -> None:
        if not self._waiting.room():
            self._stop.wait(_LOOK_S)  # the log keeps what the engine has no time for
            return
        if not subscription.wait(_LOOK_S):
            return
        for written in subscription.following():
            self._tell(written)

    def _tell(self, written: Written) -> None:
        self._begun_anew |= written.number < self._last
        self._last = written.number
        try:
            record = parse_event(written.xml)
        except NoEventError:
            self.unread += 1
            return
        record.position = written.number
        self._events.take(record)


def record_after(number: int) -> int:
    """The record to go on after, where the event with this number is the last one stored: the one
    before its own, which may have told more. 0: from the beginning.
    """
    return max(0, number // SLOTS - 1)
