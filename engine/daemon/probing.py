"""Names of unresolved clients, asked for while the daemon runs, as events.

What the engine could not resolve with certainty is offered to the prober; its answers come back as
`host_binding`, and each ten minutes a `sensor_health` of kind `probe` for each method says how many
questions it asked and how many stayed without a name.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

from dsl.schema.sensor import HostBinding, SensorHealth
from sensor.inputs.names.prober import Prober

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from ipaddress import IPv4Network, IPv6Network

    from dsl.schema.base import Event
    from sensor.inputs.names import Method
    from sensor.inputs.names.prober import Answer

SENSOR: Final = "probes"
REPORT_S: Final = 600.0
_FAILING: Final = 0.9
_FEW: Final = 20
"""Fewer questions than that say nothing about a method."""
_WAITING: Final = 10_000


class Probing:
    """A source as `capture.Capture` is one. `unresolved` gives the addresses that the engine could
    not resolve since it was asked last; events are numbered on from `after`.
    """

    name = "probes"

    def __init__(
        self,
        methods: Sequence[Method],
        networks: Sequence[IPv4Network | IPv6Network],
        rate: float,
        unresolved: Callable[[], Iterable[str]],
        after: int = 0,
    ) -> None:
        self._unresolved = unresolved
        self._seq = after
        self._answers: list[Answer] = []
        self._lock = threading.Lock()
        self._reported = time.monotonic()
        self._since = time.time_ns() // 1000
        self._told: dict[str, tuple[int, int]] = {}
        self._failing: dict[str, str] = {}
        self._prober = Prober(methods, networks, rate, self._answered)

    @property
    def fault(self) -> str:
        """Why it never asks again, if it does not."""
        return self._prober.fault

    def take(self) -> list[Event]:
        """The answers since the last call; what could not be resolved meanwhile is asked."""
        self._prober.offer(self._unresolved())
        with self._lock:
            answers, self._answers = self._answers, []
        events: list[Event] = [
            HostBinding(ts=a.ts, via="wire", ip=a.address, host=a.host, method=a.word)
            for a in answers
        ]
        if time.monotonic() - self._reported >= REPORT_S:
            events += self._report()
        return self._numbered(events)

    def complaints(self) -> dict[str, str]:
        """Methods by which almost nobody answers."""
        return self._failing

    def close(self) -> list[Event]:
        """Stop, and give what was still inside."""
        self._prober.close()
        return [*self.take(), *self._numbered(self._report())]

    def _answered(self, answer: Answer) -> None:
        with self._lock:
            if len(self._answers) < _WAITING:
                self._answers.append(answer)

    def _report(self) -> list[Event]:
        now = time.time_ns() // 1000
        events: list[Event] = []
        for word in sorted(self._prober.asked):
            counted = self._prober.asked[word], self._prober.silent[word]
            before = self._told.get(word, (0, 0))
            asked, silent = (n - b for n, b in zip(counted, before, strict=True))
            if not asked:
                continue
            self._told[word] = counted
            events.append(
                SensorHealth(
                    ts=now, via="wire", kind="probe", activity=word, from_ts=self._since,
                    to_ts=now, asked=asked, lost=silent,
                )
            )  # fmt: skip
            failing = asked >= _FEW and silent > asked * _FAILING
            share = f"{silent} of {asked} questions by {word} were not answered"
            self._failing[word] = f"{share}; is the way to the hosts open?" if failing else ""
        self._since, self._reported = now, time.monotonic()
        return events

    def _numbered(self, events: list[Event]) -> list[Event]:
        for event in events:
            self._seq += 1
            event.sensor, event.seq = SENSOR, self._seq
        return events
