"""What the daemon does by the clock: each thing once when it is due, also over restarts, in UTC.

What was missed while the daemon did not run is done once, for the last time that it was due. How far each
thing got is noted at the desk when it is done, so what a crash cuts off is begun anew.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from engine.daemon.errands import Errands
    from engine.store.desk import Desk

Every = Literal["day", "week", "month"]
EVERY: Final[tuple[Every, ...]] = ("day", "week", "month")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_US: Final = 86_400_000_000
_NOTE: Final = "timetable "
_AGAIN_S: Final = 300.0
"""So long after a failure it is tried again."""


@dataclass(frozen=True)
class Entry:
    """One thing: an errand `kind` whenever a `every` is over, `at` microseconds behind its end. `arguments`:
    of the time that is over, [begin, end]. `finish` takes the answer for that `due`; raises OSError,
    sqlite3.Error where it cannot, and is called again then.
    """

    name: str
    every: Every
    at: int
    kind: str
    arguments: Callable[[int, int], Mapping[str, object]]
    finish: Callable[[bytes, int], None]


class Timetable:
    """Keeps the entries that there are at the time. `complaints`: what went wrong, by name of the entry; empty
    where nothing did.
    """

    def __init__(
        self,
        entries: Callable[[], Sequence[Entry]],
        errands: Errands,
        desk: Desk,
        clock: Callable[[], int],
    ) -> None:
        self.complaints: dict[str, str] = {}
        self._entries = entries
        self._errands = errands
        self._desk = desk
        self._clock = clock
        self._begun: set[str] = set()
        self._again: dict[str, float] = {}

    def step(self) -> None:
        """Begin what is due. Raises sqlite3.Error."""
        now, entries = self._clock(), self._entries()
        for gone in self.complaints.keys() - {entry.name for entry in entries}:
            del self.complaints[gone]
        for entry in entries:
            if entry.name in self._begun or time.monotonic() < self._again.get(entry.name, 0.0):
                continue
            due = latest(entry.every, entry.at, now)
            noted = self._desk.value(_key(entry))
            if noted is None:
                self._desk.note(_key(entry), str(due))  # what was before it was wanted is not made
            elif int(noted) < due:
                self._begin(entry, due)

    def _begin(self, entry: Entry, due: int) -> None:
        begin, end = period(entry.every, entry.at, due)

        def done(answer: bytes, fault: str) -> None:
            self._begun.discard(entry.name)
            try:
                if not fault:
                    entry.finish(answer, due)
                    self._desk.note(_key(entry), str(due))
            except Exception as error:  # noqa: BLE001 - told, and tried again
                fault = str(error) or type(error).__name__
            self.complaints[entry.name] = (
                f"{entry.name} could not be made: {fault}" if fault else ""
            )
            if fault:
                self._again[entry.name] = time.monotonic() + _AGAIN_S

        self._begun.add(entry.name)
        from engine.daemon.errands import Errand  # noqa: PLC0415 - a sensor, too, knows the options

        self._errands.put(Errand(entry.kind, entry.arguments(begin, end), done))


def latest(every: Every, at: int, now: int) -> int:
    """When it was due last, at `now`: `at` after the end of the last day, week (Sunday) or month that is over."""
    return _micros(_start(every, _moment(now - at))) + at


def upcoming(every: Every, at: int, now: int) -> int:
    """When it is due next, after `now`."""
    days = {"day": 1, "week": 7, "month": 31}[every]
    return latest(every, at, latest(every, at, now) + days * _DAY_US)


def period(every: Every, at: int, due: int) -> tuple[int, int]:
    """First and last microsecond of the day, week or month that was over when it was due."""
    end = _start(every, _moment(due - at))
    return _micros(_start(every, end - timedelta(microseconds=1))), _micros(end) - 1


def _start(every: Every, moment: datetime) -> datetime:
    """The start of the day, week or month that a moment lies in."""
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    if every == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if every == "month" else day


def _moment(ts: int) -> datetime:
    return _EPOCH + timedelta(microseconds=ts)


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def every_of(word: str | None) -> Every | None:
    """How often a word says; None: it is none of them."""
    return next((every for every in EVERY if every == word), None)


def forget(desk: Desk, name: str) -> None:
    """An entry is no more; one of that name that comes later begins anew."""
    desk.connection.execute("DELETE FROM desk WHERE key = ?", (_NOTE + name,))


def _key(entry: Entry) -> str:
    return _NOTE + entry.name
