"""The engine: events in, ticks, changes of alerts out.

`ingest` resolves a batch and stores it with the offsets of its sensors in one transaction; `tick`
brings every detection up to date and stores rows, records and state in another. Everything the
next tick needs is in the store, so a restart neither loses nor repeats an alert. The same events
in any batches, in any order within the lateness, give the same alerts (`final=True` ends a replay).

Not thread-safe: the daemon's one worker owns it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import duckdb

from dsl.schema.registry import event_type, event_types
from dsl.schema.sensor import SensorHealth
from engine import engine_state
from engine.alert_events import SENSOR, alert_event, event_seq
from engine.arrivals import Arrivals
from engine.coverage import Coverage
from engine.entities import Directory
from engine.entities_rows import FOREVER
from engine.event_json import event_line
from engine.ingest import Ingest
from engine.profiles.memory import Memory, News
from engine.running import DIRECTORY_WAIT_US, CompiledDetection, Moment, Rule, Running
from engine.store import alerts as stored
from engine.store import facts
from engine.watermark import Watermarks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from dsl.plan import DetectionPlan
    from dsl.schema.base import Event
    from engine.alert_records import Alert, Change
    from engine.entities_rows import DirectoryRows
    from engine.geolocation import Geolocation
    from engine.lists import ListRow
    from engine.profiles.known import Learning
    from engine.running import Slice
    from engine.store import Store


_MOST_PASSES: Final = 5
"""Detections over alerts of detections over alerts: so deep at most in one tick."""


class Engine:
    """Detections at work over a store.

    `directory` holds what is declared; `directory_settled` says up to when it is complete
    (FOREVER for a file that names everything, None where there is no directory). `keep` writes
    rows and records to the store; a replay needs none of that. `clock` gives wall-clock
    microseconds, None in a replay, whose clock are the events. `as_written`: rule tests, whose
    names stand as they are.
    """

    def __init__(
        self,
        store: Store,
        rules: Sequence[Rule],
        *,
        compile_detection: Callable[[DetectionPlan], CompiledDetection],
        directory: Directory | None = None,
        directory_settled: int | None = None,
        keep: bool = False,
        clock: Callable[[], int] | None = None,
        as_written: bool = False,
        geolocation: Geolocation | None = None,
    ) -> None:
        self.store = store
        self.directory = directory or Directory()
        self.directory_settled = directory_settled
        self.coverage = Coverage()
        self.watermarks = Watermarks()
        self._compile = compile_detection
        self._keep = keep
        self._clock = clock
        self._new: dict[str, tuple[int, int]] = {}
        self._arrivals = Arrivals()
        self._next_number = 1
        self._until = FOREVER
        self._reached: dict[str, int] = {}
        """Up to when each synchronisation of a directory is complete."""
        self._unwritten: list[DirectoryRows] = []
        self._uncovered: set[str] = set()
        self._written: dict[str, str] = {}
        self.faults: dict[str, str] = {}
        """Detections the database could not compute at the last tick, and what it said."""
        self.running = {rule.plan.id: Running(rule, compile_detection(rule.plan)) for rule in rules}
        self._ingest = Ingest(self.directory, as_written=as_written, geolocation=geolocation)
        self.memory: Memory | None = None
        """What profiles have learnt, where there are any and state is kept."""
        if keep:
            ticked = engine_state.resume(
                store.connection, self._ingest, self.watermarks, self.coverage, self.running
            )
            # A tick that was cut short may have given ids to alerts' events.
            self._ingest.next_id = max(self._ingest.next_id, store.highest_id() + 1)
            self._new = store.ranges_after(ticked)
            for kind, newest in store.newest_by_type().items():
                self._arrivals.add(kind, -FOREVER, newest)
            self._next_number = stored.highest_number(store.connection) + 1

    @property
    def repeated(self) -> int:
        """Events dropped because a sensor sent them twice."""
        return self._ingest.repeated

    def alerts(self) -> list[Alert]:
        """All records in memory, merged and retracted ones too, by number."""
        every = (
            r for running in self.running.values() for rs in running.records.values() for r in rs
        )
        return sorted(every, key=lambda r: r.number)

    # --- in ---------------------------------------------------------------------------------------

    def put_lists(self, names: Iterable[str], rows: Sequence[ListRow]) -> None:
        """Replace lists; effective for what is computed from now on."""
        facts.put_lists(self.store.connection, names, rows)

    def ingest(self, events: Sequence[Event]) -> int:
        """Take a batch; how many of its events were new. All of them are stored, or none.

        If it raises, none is and the sensors must send them again, to a new engine.
        """
        fresh = self._ingest.take(events)
        if not fresh:
            return 0
        self.watermarks.observe(fresh, self._clock() if self._clock else None)
        self.coverage.observe(fresh)
        state = engine_state.of_batch(self._ingest, fresh) if self._keep else None
        synced = any(event.via == "sync" for event in fresh)
        recounted, self._ingest.recounted = self._ingest.recounted, []
        self.store.append(fresh, state, self.directory.take_rows() if synced else None, recounted)
        self._synced(fresh)
        for event in (*fresh, *recounted):
            kind = event_type(event)
            low, high = self._new.get(kind, (event.ts, event.ts))
            self._new[kind] = (min(low, event.ts), max(high, event.ts))
        for kind, (low, high) in self._new.items():
            self._arrivals.add(kind, low, high)
        return len(fresh)

    def _synced(self, events: Iterable[Event]) -> None:
        """A heartbeat of who synchronises a directory says that it is complete up to then."""
        for event in events:
            if not isinstance(event, SensorHealth) or event.kind != "heartbeat":
                continue
            sensor = event.sensor or ""
            if (sensor, "directory_object") in self.coverage.domains:
                self._reached[sensor] = max(self._reached.get(sensor, 0), event.ts)
                self.directory_settled = min(self._reached.values())

    def take_unresolved(self) -> list[str]:
        """Addresses of clients since the last call whose hosts are not known with certainty."""
        return self._ingest.take_unresolved()

    def look_again(self, low: int, high: int, until: int) -> None:
        """The stored events with ts in [low, high] count as new at the next tick, which asks for
        rows up to `until`.
        """
        self._until = until
        self._new = {kind: (low, high) for kind in event_types() if kind != "alert"}
        for kind in self._new:
            self._arrivals.add(kind, -FOREVER, FOREVER)
        self._ingest.next_id = max(self._ingest.next_id, self.store.highest_id() + 1)

    def change(self, rule: Rule) -> None:
        """A rule is new, or has other parameters or another version: in force for rows after what
        was seen so far.
        """
        compiled = self._compile(rule.plan)
        running = self.running.get(rule.plan.id)
        if running is None:
            self.running[rule.plan.id] = Running(rule, compiled)
            self.running[rule.plan.id].begin(self.watermarks.now + 1)
        elif running.rule.plan != rule.plan:
            running.change(rule, compiled, self.watermarks.now + 1)

    # --- tick -------------------------------------------------------------------------------------

    def tick(self, *, final: bool = False) -> list[Change]:
        """Bring all alerts up to date; `final` decides everything still open (end of a replay).

        If it raises, the store is as before and the engine is not: open a new one.
        """
        if self._clock is not None:
            self.watermarks.observe((), self._clock())
        self._write_facts()
        changed_from = self.directory.take_changed_from()
        self._learn(changed_from)
        moment = Moment(
            now=self.watermarks.now,
            new=self._new,
            watermark=self.watermarks.of,
            arrived=self._arrivals.any,
            changed_from=changed_from,
            settled=self.directory_settled,
            final=final,
            until=self._until,
            memory=self.memory,
        )
        self._new = {}
        first = [n for n, r in self.running.items() if "alert" not in r.rule.plan.events]
        readers = [n for n in self.running if n not in first]
        changes = self._pass(first, moment, last=not readers)
        told = changes
        for i in range(_MOST_PASSES if readers else 0):
            span = self._tell(told)
            if i and span is None:
                break
            new = ({} if i else moment.new) | ({} if span is None else {"alert": span})
            told = self._pass(readers, replace(moment, new=new), last=True)
            changes += told
        return changes

    def _pass(self, names: Sequence[str], moment: Moment, *, last: bool) -> list[Change]:
        """Some detections brought up to date; the last pass notes how far the tick got."""
        slices = {name: self._compute(self.running[name], moment) for name in names}
        connection = self.store.connection
        connection.begin()
        try:
            changes = [c for name, made in slices.items() for c in self._apply(name, made, moment)]
            if self._keep:
                self._keep_alerts(changes)
            if self._keep and last:
                state = engine_state.of_tick(
                    self._ingest, self.watermarks, self.coverage, self.running.values()
                )
                fresh = {k: v for k, v in state.items() if self._written.get(k) != v}
                facts.put_state(connection, fresh)
                self._written = state
        except BaseException:
            connection.rollback()
            raise
        connection.commit()
        return changes

    def _tell(self, changes: Sequence[Change]) -> tuple[int, int] | None:
        """Changed alerts as events; the span of time in which they changed."""
        changed = {c.alert.number: c.alert for c in changes}
        if not changed:
            return None
        seqs = {event_seq(id_) for a in changed.values() for id_ in (a.id, *a.aliases)}
        times = self.store.delete_sent("alert", SENSOR, seqs)
        for alert in changed.values():
            event = alert_event(alert, self.running[alert.detection].rule.envelope)
            if event is not None:
                event.id = self._ingest.next_id
                self._ingest.next_id += 1
                self.store.append([event])
                self._arrivals.add("alert", event.ts, event.ts)
                times.append(event.ts)
        return (min(times), max(times)) if times else None

    def _learn(self, changed_from: int | None) -> None:
        """Profiles learn what the watermark has passed."""
        if not self._keep:
            return
        learnings = [
            (learning, self._learnt_to(learning))
            for running in self.running.values()
            for generation in running.generations
            for learning in generation.compiled.learnings
            # alerts as events are written anew whenever they change
            if "alert" not in learning.profile.events
        ]
        if self.memory is None and learnings:
            self.memory = Memory(self.store.parts)
        if self.memory is not None:
            now, highest = self.watermarks.now, self._ingest.next_id - 1
            self.memory.keep_up(learnings, self.store, News(highest, self._new, changed_from, now))

    def _learnt_to(self, learning: Learning) -> int:
        """Up to when a profile's rows are final."""
        mark = self.watermarks.of(learning.profile.events)
        if not learning.directory:
            return mark
        return min(mark, max(self.directory_settled or 0, self.watermarks.now - DIRECTORY_WAIT_US))

    def _write_facts(self) -> None:
        """What the directory and coverage have learnt, for the rules to read."""
        rows = self.directory.take_rows()
        if rows is not None:
            self._unwritten.append(rows)
        self._uncovered |= self.coverage.take_changed()
        if not self._unwritten and not self._uncovered:
            return
        connection = self.store.connection
        connection.begin()
        try:
            for rows in self._unwritten:
                facts.put_directory(connection, rows)
            spans = [row for kind in sorted(self._uncovered) for row in self.coverage.rows(kind)]
            facts.put_coverage(connection, self._uncovered, spans)
        except BaseException:
            connection.rollback()
            raise
        connection.commit()
        self._unwritten, self._uncovered = [], set()

    def _compute(self, running: Running, moment: Moment) -> list[Slice]:
        """A detection's slices; one that the database cannot compute must not stop the others."""
        name = running.rule.plan.id
        try:
            slices = running.compute(self.store.connection, moment)
        except duckdb.Error as error:
            self.faults[name] = str(error)
            return []
        self.faults.pop(name, None)
        return slices

    def _apply(self, name: str, slices: Sequence[Slice], moment: Moment) -> list[Change]:
        running = self.running[name]
        changes, changed = running.apply(slices, self._number)
        sealed = running.rows.seal(running.settled_before(moment))
        if self._keep:
            self._keep_rows(running, changed, sealed)
        return changes

    def _number(self) -> int:
        number = self._next_number
        self._next_number += 1
        return number

    # --- kept -------------------------------------------------------------------------------------

    def _keep_rows(self, running: Running, changed: Sequence[Slice], sealed: set[bytes]) -> None:
        connection, name = self.store.connection, running.rule.plan.id
        for part in changed:
            rows = running.rows.open_rows(part.rows)
            stored.put_slice(connection, name, part.index, (part.low, part.high), rows)
        for key in sealed:
            stored.put_sealed(connection, name, key, running.rows.held[key])
        stored.forget_rows(connection, name, running.forget(self.watermarks.now))

    def _keep_alerts(self, changes: Sequence[Change]) -> None:
        changed = {c.alert.number: c.alert for c in changes}
        if not changed:
            return
        connection = self.store.connection
        stored.put_records(connection, changed.values())
        copied = stored.evidence_ids(connection, list(changed))
        missing = {n: set(a.evidence) - copied[n] for n, a in changed.items()}
        read = {k for a in changed.values() for k in self.running[a.detection].rule.plan.events}
        events = self.store.events(set().union(*missing.values()), sorted(read))
        lines = {e.id or 0: event_line(e).decode() for e in events}
        copies = [
            (n, i, lines[i]) for n, ids in missing.items() for i in sorted(ids & lines.keys())
        ]
        stored.put_evidence(connection, copies)
        stored.put_outbox(connection, changes)
