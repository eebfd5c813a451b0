"""The daemon's look at its own health, once a minute: issues to the desk, the terminal and the sinks."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import msgspec

from engine.blindness import BlindMap, Cell, blindness
from engine.daemon.canary import Canaries
from engine.health import Ground, Report, Trial, found
from engine.health.life import step
from engine.sight import Sight
from engine.sinks.trial import plain_alert
from engine.store import health as stored
from engine.store.health import MAP

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from dsl.schema.base import Event
    from engine.daemon.dispatch import Dispatch
    from engine.daemon.retaining import Retaining
    from engine.daemon.timetable import Timetable
    from engine.health.life import Standing
    from engine.run import Engine
    from engine.store.desk import Desk
    from engine.store.spool import Counts

EVERY_S: Final = 60.0
SIGHT: Final = "sight"
TRIALS: Final = "trials"


class SelfWatch:
    """Health of an engine whose database lies in a folder; told at a desk and by sinks."""

    def __init__(
        self,
        engine: Engine,
        folder: Path,
        desk: Desk,
        dispatch: Dispatch | None = None,
        timetable: Timetable | None = None,
        retaining: Retaining | None = None,
    ) -> None:
        self._engine = engine
        self._folder = folder
        self._desk = desk
        self._dispatch = dispatch
        self._timetable = timetable
        self._retaining = retaining
        self._again = time.monotonic() + EVERY_S
        self._since = engine.watermarks.now
        self._late = dict(engine.watermarks.late)
        self._counts = {c.name: c for c in self._all_counts()}
        self._canaries = Canaries(trials_of(desk), self._passed)
        self._sight = engine.sight = sight_of(desk)

    def step(self, complaints: Mapping[str, str]) -> None:
        """Look, if it is time. Raises sqlite3.Error."""
        if time.monotonic() < self._again:
            return
        self._again = time.monotonic() + EVERY_S
        self.look(complaints)

    def without_tests(self, events: Sequence[Event]) -> list[Event]:
        """The events that are no nightly test; tests are tried."""
        return self._canaries.without(events)

    def _passed(self, sensor: str, at: int) -> None:
        """A test went all the way: sinks that take health are told, so that theirs is seen, too."""
        text = f"The nightly test of the sensor {sensor} came through. Nothing happened."
        alert = plain_alert("test_alert", "Test alert", text, "informational", at, at)
        if self._dispatch is not None:
            self._dispatch.tell_of_health(alert | {"kill_chain": "health"}, "open")

    def look(self, complaints: Mapping[str, str]) -> list[Standing]:
        """What is new or over. Raises sqlite3.Error."""
        now = self._engine.watermarks.now
        ground = self._ground(now, complaints)
        issues = found(ground)
        with self._desk.transaction():
            self._desk.note(SIGHT, msgspec.json.encode(self._sight).decode())
            self._desk.note(TRIALS, msgspec.json.encode(self._canaries.trials).decode())
            self._desk.note(MAP, msgspec.json.encode(BlindMap(now, list(ground.cells))).decode())
            changed, told = step(stored.standings(self._desk), issues, now)
            stored.put(self._desk, changed)
        if self._dispatch is not None:
            for standing in told:
                self._dispatch.tell_of_health(_alert(standing), standing.status)
        return told

    def _ground(self, now: int, complaints: Mapping[str, str]) -> Ground:
        engine = self._engine
        late, counts = dict(engine.watermarks.late), self._all_counts()
        said = stored.reports(engine.store.connection, self._since, now)
        known = engine.memory.known.values() if engine.memory is not None else ()
        ground = Ground(
            now=now,
            since=self._since,
            folder=self._folder,
            alive=engine.coverage.alive,
            reports=[Report(*report) for report in said],
            late={kind: number - self._late.get(kind, 0) for kind, number in late.items()},
            marks={kind: engine.watermarks.of([kind]) for kind in engine.watermarks.marks},
            forgotten={k.name: (k.upkeep.cut, k.upkeep.forgotten) for k in known},
            complaints=complaints,
            faults=engine.faults,
            sinks=[self._lately(c) for c in counts],
            cells=self._cells(now),
            trials=self._canaries.trials,
            shortened="" if self._retaining is None else self._retaining.complaint(),
            waits=engine.turns.waits(),
            undone={} if self._timetable is None else dict(self._timetable.complaints),
        )
        self._since, self._late = now, late
        self._counts = {c.name: c for c in counts}
        return ground

    def _cells(self, now: int) -> list[Cell]:
        detections = {name: one.rule.plan.events for name, one in self._engine.running.items()}
        controllers = (host for host, *_ in self._engine.directory.domain_controllers())
        return blindness(detections, self._sight, controllers, now)

    def _all_counts(self) -> Iterable[Counts]:
        return [] if self._dispatch is None else self._dispatch.counts()

    def _lately(self, counts: Counts) -> Counts:
        """What was refused and dropped since the last look."""
        before = self._counts.get(counts.name, counts)
        return counts._replace(
            refused=counts.refused - before.refused, dropped=counts.dropped - before.dropped
        )


def trials_of(desk: Desk) -> dict[str, Trial]:
    """The last test of each sensor."""
    kept = desk.value(TRIALS)
    return {} if kept is None else msgspec.json.decode(kept, type=dict[str, Trial])


def sight_of(desk: Desk) -> Sight:
    """What was known of each controller when the daemon ended; nothing where that cannot be read."""
    kept = desk.value(SIGHT)
    try:
        return Sight() if kept is None else msgspec.json.decode(kept, type=Sight)
    except msgspec.MsgspecError:  # of another release
        return Sight()


def _alert(standing: Standing) -> dict[str, object]:
    """An issue in the form of an alert, as sinks know it."""
    issue = standing.issue
    title = issue.title if standing.status == "open" else f"{issue.title}: over"
    return plain_alert(
        f"health_{issue.check}", title, f"{issue.text}. What mends it: {issue.remedy}.",
        issue.severity, standing.opened, standing.seen,
    ) | {"status": standing.status, "kill_chain": "health"}  # fmt: skip
