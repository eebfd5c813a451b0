"""Events of remote sensors, from the listener's threads to the one that stores them.

A sensor waits for its answer until its events are committed, so each has one delivery under way at
most; beyond a bound of events nobody is let in. Complaints say how the sensors stand.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from engine.instance.leases import LAPSE_US, ROUND_US, LeaseError, Leases
from engine.instance.registry import Registry, RegistryError, Sensor
from engine.web.sensors import Sensors
from sensor.delivery.sampling import Filter

if TYPE_CHECKING:
    from collections.abc import Callable

    from dsl.schema.base import Event
    from engine.daemon.serving import Site
    from engine.instance.authority import Authority

_MOST: Final = 400_000
"""Events that wait at most."""
_LOOK_S: Final = 10.0
_SILENT_US: Final = 300_000_000
_HOLD_US: Final = 120_000_000
_SKEW_US: Final = 60_000_000
_BEHIND_US: Final = 600_000_000
"""What waits longer than that at a sensor is told: the engine takes less than comes."""


class Receiving:
    """A source as `capture.Capture` is one: what sensors deliver at a site. `hold`: see `inputs.Ground`;
    `wanted`: what sensors send of ordinary traffic.
    """

    def __init__(
        self,
        site: Site,
        authority: Authority,
        registry: Registry,
        hold: Callable[[str, int], None],
        *,
        raw: bool,
        wanted: Callable[[], Filter] = Filter,
        leases: Leases | None = None,
    ) -> None:
        """They are answered when the site starts."""
        self._wanted = wanted
        self._filter = wanted()
        self._leases = leases
        self.name = f"sensors at {site.words}"
        self._site = site
        self._registry = registry
        self._hold = hold
        self._lock = threading.Lock()
        self._waiting: list[tuple[list[Event], Future[None]]] = []
        self._taken: list[Future[None]] = []
        self._events = 0
        self._behind: set[str] = set()
        self._looked = 0.0
        self._complaints: dict[str, str] = {}
        now = _now()
        for sensor in registry.sensors():
            # what gathered on their disks while the engine was away comes first
            if sensor.revoked is None:
                hold(sensor.name, now + _HOLD_US)
        self._sensors = Sensors(
            authority, registry, self._offer, raw=raw, wanted=lambda: self._filter, leases=leases
        )
        site.add(self._sensors.routes())

    @property
    def fault(self) -> str:
        """Why nothing comes any more, if nothing does."""
        return self._site.fault

    @property
    def queued(self) -> int:
        """Events that wait to be taken."""
        return self._events

    def take(self) -> list[Event]:
        """The events that came since the last call."""
        self._filter = self._wanted()  # here, where detections do not change meanwhile
        with self._lock:
            waiting, self._waiting = self._waiting, []
            behind, self._behind = self._behind, set()
        self._taken += [future for _, future in waiting]
        until = _now() + _HOLD_US
        for sensor in behind:
            self._hold(sensor, until)
        return [event for events, _ in waiting for event in events]

    def stored(self) -> None:
        """What `take` gave last is committed: its senders are told."""
        taken, self._taken = self._taken, []
        for future in taken:
            with suppress(InvalidStateError):  # who asked waits no more, and will ask again
                future.set_result(None)
        with self._lock:
            self._events = sum(len(events) for events, _ in self._waiting)

    def complaints(self) -> dict[str, str]:
        """What goes wrong, by topic; empty where nothing does."""
        if time.monotonic() - self._looked >= _LOOK_S:
            self._looked = time.monotonic()
            self._complaints = self._look()
        return self._complaints

    def close(self) -> list[Event]:
        """Let nobody in any more, and give what was still inside; who sent it is told by `stored`,
        or sends it again.
        """
        events = self.take()
        threading.Thread(target=self._site.close, name="closing", daemon=True).start()
        return events

    def _offer(self, sensor: str, events: list[Event], *, behind: bool) -> Future[None] | None:
        future: Future[None] = Future()
        with self._lock:
            if self._events and self._events + len(events) > _MOST:
                return None
            if behind:
                self._behind.add(sensor)
            if not events:
                future.set_result(None)
                return future
            self._events += len(events)
            self._waiting.append((events, future))
        return future

    def _look(self) -> dict[str, str]:
        refusals = self._sensors.refusals
        told = {
            f"refused {reason}": f"{self.name}: {number} requests were refused since the start ({reason})"
            for reason, number in refusals.items()
            if number and reason not in ("busy", "stale synchronizer")
        }
        stale = refusals["stale synchronizer"]
        words = (
            f"{self.name}: {stale} events of sensors that synchronise a domain no more were refused"
        )
        told["stale synchronizer"] = words if stale else ""
        try:
            for lease in self._leases.all() if self._leases is not None else ():
                alone = lease.holder is None or _now() - lease.seen > LAPSE_US + ROUND_US
                words = (
                    f"the domain {lease.domain} is synchronised by nobody: is a sensor with --sync "
                    "alive, and does a controller answer it?"
                )
                told[f"synchronizer {lease.domain}"] = words if alone else ""
            sensors = self._registry.sensors()
            idle = self._registry.marked_for_deletion(_now())
        except (RegistryError, LeaseError) as error:
            return {**told, "registry": str(error)}
        words = "no sensor has been there for 60 days: this instance is marked for deletion"
        told["instance"] = words if idle else ""
        for sensor in sensors:
            told |= _of_sensor(sensor)
        return told


def _of_sensor(sensor: Sensor) -> dict[str, str]:
    name, now = sensor.name, _now()
    last = sensor.seen or sensor.enrolled
    silent = sensor.revoked is None and now - last > _SILENT_US
    since = time.strftime("%Y-%m-%d %H:%M", time.gmtime(last / 1_000_000))
    side = "ahead of" if sensor.skew > 0 else "behind"
    skew = f"the clock of {name} is {abs(sensor.skew) // 1_000_000} s {side} the engine's"
    lost = sum(sensor.dropped.values())
    oldest = sensor.oldest or now
    behind = not silent and sensor.waiting > 0 and now - oldest > _BEHIND_US
    of = time.strftime("%Y-%m-%d %H:%M", time.gmtime(oldest / 1_000_000))
    waits = (
        f"{sensor.waiting} batches wait on the disk of {name}, their oldest event is of {of} UTC"
    )
    return {
        f"silent {name}": f"{name} has said nothing since {since} UTC" if silent else "",
        f"clock {name}": skew if abs(sensor.skew) > _SKEW_US else "",
        f"behind {name}": waits if behind else "",
        f"dropped {name}": f"{name} dropped {lost} events, its disk was full" if lost else "",
    }


def _now() -> int:
    return time.time_ns() // 1000
