"""Errands of the daemon: begun between two ticks, done in a thread beside them, one at a time, in order.

Asked for by commands at the desk, or by the daemon's own timetable.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from engine import errands
from engine.cli.ground import first_line
from engine.store import requests

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from engine.errands import Place, Work
    from engine.store.desk import Desk
    from engine.store.requests import Request

_FAREWELL_S: Final = 10.0


@dataclass(frozen=True)
class Errand:
    """Work to do; `done` gets the answer and "", or nothing and why it was not done, in the thread that
    owns the store.
    """

    kind: str
    arguments: Mapping[str, object]
    done: Callable[[bytes, str], None]


class Errands:
    """Does what it is asked. `place`: where, as of now."""

    def __init__(self, place: Callable[[], Place], desk: Desk) -> None:
        """What was begun before the daemon's end is refused. Raises sqlite3.Error."""
        self._place = place
        self._desk = desk
        self._waiting: deque[Errand] = deque()
        self._job: _Job | None = None
        self.erasure: Request | None = None
        """What the daemon is to end for."""
        requests.clean(desk, place().now)

    @property
    def busy(self) -> bool:
        """Whether anything is being worked on, or waits for its turn."""
        return self._job is not None or bool(self._waiting)

    def put(self, errand: Errand) -> None:
        """Do this after what waits."""
        self._waiting.append(errand)

    def step(self) -> None:
        """Take up what is asked, begin what is next, hand over what is done. Raises sqlite3.Error."""
        for request in requests.waiting(self._desk):
            if requests.begun(self._desk, request.id):
                if request.kind == "erase" and request.arguments.get("yes") is True:
                    self.erasure = request
                    return
                self.put(Errand(request.kind, request.arguments, self._answer_to(request.id)))
        if self._job is not None:
            if self._job.is_alive():
                return
            job, self._job = self._job, None
            job.errand.done(job.answer, job.fault)
        if self._waiting:
            self._begin(self._waiting.popleft())

    def close(self) -> None:
        """Stop what is going on, or wait for it a little; the rest is refused at the next start."""
        if self._job is not None:
            if isinstance(self._job.work, errands.Stoppable):
                self._job.work.stop()
            self._job.join(_FAREWELL_S)
            if not self._job.is_alive():
                self._job.errand.done(self._job.answer, self._job.fault)

    def _begin(self, errand: Errand) -> None:
        try:
            work = errands.begin(errand.kind, self._place(), errand.arguments)
        except Exception as error:  # noqa: BLE001 - whatever was asked must not end the daemon
            errand.done(b"", _why(error))
            return
        self._job = _Job(errand, work)
        self._job.start()

    def _answer_to(self, id_: str) -> Callable[[bytes, str], None]:
        def done(answer: bytes, fault: str) -> None:
            if fault:
                requests.refuse(self._desk, id_, fault)
            else:
                requests.answer(self._desk, id_, answer)

        return done


@dataclass(eq=False)
class _Job(threading.Thread):
    errand: Errand
    work: Work
    answer: bytes = b""
    fault: str = field(default="")

    def __post_init__(self) -> None:
        super().__init__(name=f"errand {self.errand.kind}", daemon=True)

    def run(self) -> None:
        try:
            self.answer = self.work()
        except Exception as error:  # noqa: BLE001 - told to who asked
            self.fault = _why(error)


def _why(error: Exception) -> str:
    return first_line(str(error)) or type(error).__name__
