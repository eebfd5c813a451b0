"""Alerts out: changes are put into the spool in order, and a thread of each sink delivers its own.

What a receiver has not acknowledged goes again, also after a restart; a message may arrive twice when the
daemon is killed between both, and bears the same id then. Receivers that fail are tried again after a
second, then after twice as long, at most five minutes.
"""

from __future__ import annotations

import random
import sqlite3
import threading
import time
from typing import TYPE_CHECKING, Final

import msgspec

from engine.daemon.outputs import Message, RefusedError, UnreachableError
from engine.printable import printable
from engine.store.spool import Spool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from engine.daemon.outputs import Sender
    from engine.daemon.sinks_file import Sink
    from engine.store.alerts import Waiting
    from engine.store.spool import Counts

    Tagged = Callable[[Mapping[str, object], str], bool]

DAY_US: Final = 86_400_000_000
_LONGEST_S: Final = 300.0
_IDLE_S: Final = 30.0
_FAREWELL_S: Final = 5.0
_EVIDENCE: Final = 100
"""Events of an alert that go out with it; the rest is here."""


class Dispatch:
    """Sinks of a daemon over the spool in a file. `identity`: of the database, for ids of messages."""

    def __init__(self, path: Path, sinks: Sequence[Sink], identity: str, tagged: Tagged) -> None:
        """Begin to deliver what waits. Raises sqlite3.Error."""
        self._spool = Spool(path)
        self._sinks = sinks
        self._identity = identity
        self._tagged = tagged
        self._lines = [_Line(path, sink) for sink in sinks]
        for line in self._lines:
            line.start()

    def take(self, told: Iterable[tuple[Waiting, Mapping[str, object]]], last: int) -> None:
        """Put changes up to the number `last` into the spool, each once. Raises sqlite3.Error."""
        changes = list(told)
        now = time.time_ns() // 1000
        with self._spool.transaction():
            for sink in self._sinks:
                taken = self._spool.taken(sink.name, self._identity)
                if taken > last:
                    taken = -1  # an older copy of the database lies there now
                self._spool.took(sink.name, self._identity, last)
                for change, alert in changes:
                    if change.seq > taken:
                        self._put(sink, change, alert, now)
        for line in self._lines:
            line.wake()

    def tell_of_health(self, alert: Mapping[str, object], status: str) -> None:
        """Put an issue of health into the spool, in the form of an alert. Raises sqlite3.Error."""
        now = time.time_ns() // 1000
        change = "opened" if status == "open" else "closed"
        with self._spool.transaction():
            for sink in self._sinks:
                if sink.filter.lets_health(alert):
                    self._spool.took(
                        sink.name, self._identity, self._spool.taken(sink.name, self._identity)
                    )
                    id_ = f"{self._identity}.health.{alert['detection']}.{now}"
                    self._spool.put(sink.name, id_, now, change, packed(alert))
        for line in self._lines:
            line.wake()

    def tell_of_report(self, sinks: Iterable[str], id_: str, letter: Mapping[str, object]) -> None:
        """Put a report into the spool for sinks by name, each id once. Raises sqlite3.Error."""
        now = time.time_ns() // 1000
        data = msgspec.json.encode(letter)
        with self._spool.transaction():
            for name in sinks:
                if self._spool.posted(name, id_, now):
                    continue
                self._spool.took(name, self._identity, self._spool.taken(name, self._identity))
                self._spool.put(name, f"{self._identity}.{id_}", now, "report", data)
        for line in self._lines:
            line.wake()

    def counts(self) -> list[Counts]:
        """What waits and what became of the rest, of the sinks there are."""
        names = {sink.name for sink in self._sinks}
        return [c for c in self._spool.counts() if c.name in names]

    def complaints(self) -> dict[str, str]:
        """What goes wrong, by sink; empty texts where nothing does."""
        return {f"sink {line.sink.name}": line.complaint for line in self._lines}

    def keep_house(self) -> None:
        """Forget what is too old to matter."""
        now = time.time_ns() // 1000
        self._spool.forget_told(now - 2 * DAY_US)
        self._spool.forget_posted(now - 90 * DAY_US)

    def close(self) -> None:
        """Stop; what waits goes out after the next start."""
        for line in self._lines:
            line.stop()
        for line in self._lines:
            line.join(_FAREWELL_S)
        self._spool.close()

    def _put(self, sink: Sink, change: Waiting, alert: Mapping[str, object], now: int) -> None:
        if not sink.filter.lets(change.kind, alert, lambda tag: self._tagged(alert, tag)):
            return
        number = change.alert.number
        before = self._spool.last_told(sink.name, number)
        lately = before is not None and now - before < DAY_US
        if change.kind == "updated" and not change.raised and lately:
            return
        self._spool.told(sink.name, number, now)
        id_ = f"{self._identity}.{change.seq}"
        self._spool.put(sink.name, id_, now, change.kind, packed(alert))


def packed(alert: Mapping[str, object]) -> bytes:
    """An alert as it goes out: not more of its evidence than a reader takes in."""
    evidence = alert["evidence"]
    some = evidence[:_EVIDENCE] if isinstance(evidence, list) else []
    return msgspec.json.encode({**alert, "evidence": some})


class _Line(threading.Thread):
    """Delivers the messages of one sink in order. `complaint`: why it does not, now."""

    def __init__(self, path: Path, sink: Sink) -> None:
        super().__init__(name=f"sink {sink.name}", daemon=True)
        self.sink = sink
        self.complaint = ""
        self._path = path
        self._news = threading.Event()
        self._stopped = threading.Event()

    def wake(self) -> None:
        self._news.set()

    def stop(self) -> None:
        self._stopped.set()
        self._news.set()

    def run(self) -> None:
        spool: Spool | None = None
        sender = self.sink.open()
        failures = 0
        while not self._stopped.is_set():
            try:
                spool = spool or Spool(self._path)
                sent = self._some(spool, sender)
                failures = 0
            except UnreachableError as error:
                self.complaint = (
                    f"the sink {self.sink.name} does not deliver: {printable(str(error))}"
                )
                failures += 1
                self._note(spool, str(error))
                self._stopped.wait(_pause(failures))
                continue
            except sqlite3.Error as error:
                self.complaint = f"the spool of sinks cannot be used: {error}"
                failures += 1
                self._stopped.wait(_pause(failures))
                continue
            if not sent:
                self._news.wait(_IDLE_S)
                self._news.clear()
        sender.close()
        if spool is not None:
            spool.close()

    def _some(self, spool: Spool, sender: Sender) -> bool:
        """Deliver a few; whether there were any."""
        waiting = spool.first(self.sink.name)
        for one in waiting:
            if self._stopped.is_set():
                break
            message = Message(one.id, one.ts, one.change, msgspec.json.decode(one.alert))
            try:
                sender.send(message)
            except RefusedError as error:
                spool.refused(self.sink.name, one.seq)
                self.complaint = f"the sink {self.sink.name}: {printable(str(error))}; left out"
                continue
            spool.delivered(self.sink.name, one.seq)
            self.complaint = ""
        return bool(waiting)

    def _note(self, spool: Spool | None, why: str) -> None:
        try:
            if spool is not None:
                spool.trouble(self.sink.name, why)
        except sqlite3.Error as error:
            self.complaint = f"the spool of sinks cannot be used: {error}"


def _pause(failures: int) -> float:
    """Seconds to wait after so many failures in a row; spread, so that not all sinks come at once."""
    longest: float = min(_LONGEST_S, 2.0 ** min(failures - 1, 10))
    return longest * random.uniform(0.75, 1.0)  # noqa: S311 - no secret
