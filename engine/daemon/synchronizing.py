"""A directory that is synchronised for as long as this process holds the lease of its domain.

Whoever loses the lease, or has not been told for twenty minutes that it still holds it, stops: ten
minutes before another may begin. Who gets it under another number than it had begins anew: what
changed meanwhile another has told.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, Protocol

from engine.instance.leases import ENGINE, LeaseError
from sensor.delivery.fencing import Fence, fenced

if TYPE_CHECKING:
    from collections.abc import Callable

    from dsl.schema.base import Event
    from engine.instance.leases import Leases

STALE_S: Final = 20 * 60.0
ASK_S: Final = 10.0


class Tenure(Protocol):
    """Says which number this process holds a domain under."""

    def __call__(self, domain: str, *, answered: bool = True) -> int | None:
        """The number, None: it does not hold it (any more). `answered`: a controller of it answers, as
        far as is known.
        """


class Synchronisation(Protocol):
    """A source of a directory's events, as `sensor.inputs.directory` has them."""

    @property
    def fault(self) -> str: ...
    def take(self) -> list[Event]: ...
    def complaints(self) -> dict[str, str]: ...
    def close(self) -> list[Event]: ...


class Synchronizing:
    """A source of the daemon. `begin` starts the synchronisation under a number. `travels`: whether
    events bear it, because the engine is elsewhere.
    """

    def __init__(
        self,
        name: str,
        domain: str,
        tenure: Tenure,
        begin: Callable[[int], Synchronisation],
        *,
        travels: bool,
    ) -> None:
        self.name = name
        self.fault = ""
        self._domain = domain
        self._tenure = tenure
        self._begin = begin
        self._travels = travels
        self._token: int | None = None
        self._inner: Synchronisation | None = None

    def take(self) -> list[Event]:
        """The events since the last call, if this process is the one to tell them."""
        complaints = {} if self._inner is None else self._inner.complaints()
        token = self._tenure(self._domain, answered=not complaints.get("directory"))
        if token != self._token:
            if self._inner is not None:
                self._inner.close()  # what it had not told yet the next holder tells
                self._inner = None
            self._token = token
            if token is not None:
                self._inner = self._begin(token)
        if self._inner is None or token is None:
            return []
        if self._inner.fault:
            self.fault = self._inner.fault
        return self._marked(self._inner.take(), token)

    def complaints(self) -> dict[str, str]:
        """What goes wrong, by topic; empty where nothing does, or another synchronises."""
        return {} if self._inner is None else self._inner.complaints()

    def close(self) -> list[Event]:
        """Stop, and give what was still inside."""
        if self._inner is None or self._token is None:
            return []
        return self._marked(self._inner.close(), self._token)

    def _marked(self, events: list[Event], token: int) -> list[Event]:
        if self._travels:
            for event in events:
                event.sensor = fenced(event.sensor or "", Fence(self._domain, token))
        return events


class Granted:
    """What the engine granted a sensor, with the answers of deliveries. `clock`: steady, in seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.candidates: set[str] = set()
        """Domains that this sensor can synchronise."""
        self.unanswered: set[str] = set()
        """Those of which no controller answers."""
        self._clock = clock
        self._granted: dict[str, tuple[int, float]] = {}

    def __call__(self, domain: str, *, answered: bool = True) -> int | None:
        """See `Tenure`; who asks is a candidate."""
        self.candidates.add(domain)
        (self.unanswered.discard if answered else self.unanswered.add)(domain)
        token, at = self._granted.get(domain, (None, 0.0))
        return token if token is not None and self._clock() - at < STALE_S else None

    def answered(self, leases: dict[str, int], asked: float) -> None:
        """What the engine said to a delivery that was sent at a time; what it does not name is not
        ours.
        """
        self._granted = {domain: (token, asked) for domain, token in leases.items()}


class OfEngine:
    """The engine itself as a candidate: it asks the file of leases, every ten seconds."""

    def __init__(self, leases: Leases, clock: Callable[[], float] = time.monotonic) -> None:
        self._leases = leases
        self._clock = clock
        self._known: dict[str, tuple[int | None, float]] = {}

    def __call__(self, domain: str, *, answered: bool = True) -> int | None:
        """See `Tenure`. Where the file cannot be used nothing is held."""
        token, at = self._known.get(domain, (None, -ASK_S))
        if self._clock() - at >= ASK_S:
            try:
                now = time.time_ns() // 1000
                token = self._leases.ask(ENGINE, domain, now, answered=answered)
            except LeaseError:
                token = None
            self._known[domain] = token, self._clock()
        return token
