"""The engine: events in, ticks, changes of alerts out.

`ingest` resolves a batch and stores it with the offsets of its sensors in one transaction; `tick`
brings every detection up to date and stores rows, records and state in another. Everything the
next tick needs is in the store, so a restart neither loses nor repeats an alert. The same events
in any batches, in any order within the lateness, give the same alerts (`final=True` ends a replay).

Not thread-safe: the daemon's one worker owns it.
"""

from __future__ import annotations

from collections import Counter, deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import duckdb

from dsl.schema.registry import event_type, event_types
from dsl.schema.sensor import SensorHealth
from engine import doubles, engine_state
from engine.alert_events import SENSOR, alert_event, event_seq
from engine.arrivals import Arrivals
from engine.coverage import Coverage
from engine.deciding import carry_out
from engine.entities import Directory
from engine.entities_rows import FOREVER
from engine.event_json import event_line
from engine.habits import Asking
from engine.ingest import Ingest
from engine.models.at_hand import AsNeeded
from engine.profiles.memory import MOST_LATE, Memory, News
from engine.running import DIRECTORY_WAIT_US, CompiledDetection, Moment, Rule, Running
from engine.store import alerts as stored
from engine.store import facts, withheld
from engine.turns import Turns
from engine.watermark import Watermarks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from dsl.plan import DetectionPlan
    from dsl.schema.base import Event
    from engine.alert_records import Alert, Change
    from engine.entities_rows import DirectoryRows
    from engine.geolocation import Geolocation
    from engine.lifecycle import Decision
    from engine.lists import ListRow
    from engine.models.at_hand import Models
    from engine.profiles.known import Learning
    from engine.running import Slice
    from engine.sight import Sight
    from engine.store import Store


_MOST_PASSES: Final = 5
"""Detections over alerts of detections over alerts: so deep at most in one tick."""
_MOST_ASKED: Final = 8
"""Alerts of a tick for which profiles are asked once more what was usual."""
_LESSONS: Final = 0.3
"""Share of a tick's time in which profiles learn."""


class Engine:
    """Detections at work over a store.

    `directory` holds what is declared; `directory_settled` says up to when it is complete
    (FOREVER for a file that names everything, None where there is no directory). `keep` writes
    rows and records to the store; a replay needs none of that. `clock` gives wall-clock
    microseconds, None in a replay, whose clock are the events. `as_written`: rule tests, whose
    names stand as they are. `models`: where trained models come from; None: they are trained from
    the stored events as they are needed.
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
        models: Models | None = None,
        geolocation: Geolocation | None = None,
    ) -> None:
        self.store = store
        self.directory = directory or Directory()
        self.directory_settled = directory_settled
        self.coverage = Coverage()
        self.sight: Sight | None = None
        """What arrives of each controller, where somebody wants to know."""
        self.watermarks = Watermarks()
        self._compile = compile_detection
        self.models: Models = models or AsNeeded()
        self._keep = keep
        self._clock = clock
        self._new: dict[str, tuple[int, int]] = {}
        self._arrivals = Arrivals()
        self.turns = Turns()
        self.lessons = Turns()
        self._noted = 0
        """The highest id of an event of which it is noted what conditions it meets."""
        self._next_number = 1
        self._until = FOREVER
        self._reached: dict[str, int] = {}
        """Up to when each synchronisation of a directory is complete."""
        self._unwritten: list[DirectoryRows] = []
        self._uncovered: set[str] = set()
        self._written: dict[str, str] = {}
        self.taken: Counter[tuple[str, str]] = Counter()
        """Events that were new, by type and sensor."""
        self.faults: dict[str, str] = {}
        """Detections the database could not compute at the last tick, and what it said."""
        self.running = {rule.plan.id: Running(rule, compile_detection(rule.plan)) for rule in rules}
        self._ingest = Ingest(self.directory, as_written=as_written, geolocation=geolocation)
        for running in self.running.values():
            self._watch(running.compiled)
        self._helper: ThreadPoolExecutor | None = None
        self._usual = Asking(compile_detection)
        self.memory: Memory | None = None
        """What profiles have learnt, where there are any and state is kept."""
        if keep:
            self._helper = ThreadPoolExecutor(1, thread_name_prefix="detections")
            ticked = engine_state.resume(
                store.connection, self._ingest, self.watermarks, self.coverage, self.running
            )
            # A tick that was cut short may have given ids to alerts' events.
            self._ingest.next_id = max(self._ingest.next_id, store.highest_id() + 1)
            self._new = store.ranges_after(ticked)
            for name in doubles.NAMES:
                self._ingest.recall(store.latest(name, doubles.RECALLED, doubles.RECALLED_US))
            for kind, newest in store.newest_by_type().items():
                self._arrivals.may(kind, -FOREVER, newest)
            self._noted = self._ingest.next_id - 1
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
        if self.sight is not None:
            self.sight.observe(fresh)
        state = engine_state.of_batch(self._ingest, fresh) if self._keep else None
        synced = any(event.via == "sync" for event in fresh)
        changed, self._ingest.changed = self._ingest.changed, []
        self.store.append(fresh, state, self.directory.take_rows() if synced else None, changed)
        self._synced(fresh)
        self.taken.update((event_type(event), event.sensor or "") for event in fresh)
        for event in (*fresh, *changed):
            kind = event_type(event)
            low, high = self._new.get(kind, (event.ts, event.ts))
            self._new[kind] = (min(low, event.ts), max(high, event.ts))
        for event in changed:
            # it may meet conditions now that were asked of it before
            self._arrivals.may(event_type(event), event.ts, event.ts)
        return len(fresh)

    def keep(self, rows: Mapping[str, str]) -> None:
        """Rows of state of who reads for the engine, beside its own."""
        self.store.append((), rows)

    def states(self, prefix: str) -> dict[str, str]:
        """All such rows whose key begins with a prefix, by the rest of the key."""
        return self.store.states(prefix)

    @property
    def raw(self) -> bool:
        """Whether any of the detections reads records of logs as they came."""
        return any("windows_event" in r.rule.plan.events for r in self.running.values())

    def take_unresolved(self) -> list[str]:
        """Addresses of clients since the last call whose hosts are not known with certainty."""
        return self._ingest.take_unresolved()

    def _synced(self, events: Iterable[Event]) -> None:
        """A heartbeat of who synchronises a directory says that it is complete up to then."""
        for event in events:
            if not isinstance(event, SensorHealth) or event.kind != "heartbeat":
                continue
            sensor = event.sensor or ""
            if (sensor, "directory_object") in self.coverage.domains:
                self._reached[sensor] = max(self._reached.get(sensor, 0), event.ts)
                self.directory_settled = min(self._reached.values())

    def look_again(self, low: int, high: int, until: int) -> None:
        """The stored events with ts in [low, high] count as new at the next tick, which asks for
        rows up to `until`.
        """
        self._until = until
        self._new = {kind: (low, high) for kind in event_types() if kind != "alert"}
        for kind in self._new:
            self._arrivals.may(kind, -FOREVER, FOREVER)
        self._ingest.next_id = max(self._ingest.next_id, self.store.highest_id() + 1)

    def decide(self, decisions: Sequence[Decision], state: Mapping[str, str]) -> list[Change]:
        """Carry out what people decided about alerts; `state` is stored with it. All or nothing.

        If it raises, the store is as before and the engine is not: open a new one.
        """
        connection = self.store.connection
        connection.begin()
        try:
            now = max([self.watermarks.now, *(d.ts for d in decisions)])
            changes = carry_out(connection, self.running, decisions, now, self._number)
            self._keep_alerts([c for c in changes if c.alert.detection in self.running])
            facts.put_state(connection, state)
        except BaseException:
            connection.rollback()
            raise
        connection.commit()
        if any("alert" in r.rule.plan.events for r in self.running.values()):
            span = self._tell([c for c in changes if c.alert.detection in self.running])
            if span is not None:
                low, high = self._new.get("alert", span)
                self._new["alert"] = (min(low, span[0]), max(high, span[1]))
        return changes

    def change(self, rule: Rule) -> None:
        """A rule is new, or has other parameters or another version: in force for rows after what
        was seen so far.
        """
        running = self.running.get(rule.plan.id)
        if running is None:
            compiled = self._watched(rule)
            running = self.running[rule.plan.id] = Running(rule, compiled)
            if self._keep:
                engine_state.take_up(self.store.connection, running)
            running.begin(self.watermarks.now + 1)
        elif running.rule.plan != rule.plan:
            running.change(rule, self._watched(rule), self.watermarks.now + 1)
        else:
            running.reword(rule)

    def put_rules(
        self, rules: Sequence[Rule], compile_detection: Callable[[DetectionPlan], CompiledDetection]
    ) -> None:
        """These detections instead of those at work, in force for rows after what was seen so far.
        One that is gone keeps what it told, and goes on with it should it come back.
        """
        self._compile = compile_detection
        for gone in self.running.keys() - {rule.plan.id for rule in rules}:
            del self.running[gone]
            self.faults.pop(gone, None)
        self.turns.keep({rule.plan.id for rule in rules})
        for rule in rules:
            self.change(rule)

    def _watched(self, rule: Rule) -> CompiledDetection:
        compiled = self._compile(rule.plan)
        self._watch(compiled)
        return compiled

    def _watch(self, compiled: CompiledDetection) -> None:
        """Note from now on which events meet the conditions of a detection."""
        compiled.prepare(self.store.connection)
        if self._keep:
            compiled.prepare(self.store.beside)
        for alert in compiled.alerts:
            for need in (need for group in alert.needs for need in group):
                self._arrivals.watch(need.event, need.condition)

    # --- tick -------------------------------------------------------------------------------------

    def tick(self, *, final: bool = False, seconds: float | None = None) -> list[Change]:
        """Bring all alerts up to date; `final` decides everything still open (end of a replay).

        `seconds`: about how long it may take. Detections for which no time is left are owed their
        news until a later tick, those that have waited longest come first; None: none waits.

        If it raises, the store is as before and the engine is not: open a new one.
        """
        if self._clock is not None:
            self.watermarks.observe((), self._clock())
        self._write_facts()
        changed_from = self.directory.take_changed_from()
        self._note()
        self.turns.begin(None if final else seconds)
        # beside a detection that takes longer than a tick no profile learns, and in the next tick they do
        paused = not self.lessons.paused and self.turns.choose(self.running)
        self.lessons.begin(None if seconds is None else seconds * _LESSONS, paused=paused)
        self._learn(changed_from)
        moment = Moment(
            now=self.watermarks.now,
            new=self._new,
            watermark=self._marks().__getitem__,
            arrived=self._arrivals.any,
            changed_from=changed_from,
            settled=self.directory_settled,
            final=final,
            until=self._until,
            memory=self.memory,
            models=self.models,
            over=self.turns.over,
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
            new = {} if i else dict(moment.new)
            if span is not None:
                low, high = new.get("alert", span)
                new["alert"] = (min(low, span[0]), max(high, span[1]))
            told = self._pass(readers, replace(moment, new=new), last=True)
            changes += told
        return changes

    def _marks(self) -> Mapping[Sequence[str], int]:
        """Watermarks for this tick, by what detections read: each asks several times."""
        read = {running.rule.plan.events for running in self.running.values()}
        of_type = {kind: self.watermarks.of([kind]) for kinds in read for kind in kinds}
        now = self.watermarks.now
        return {kinds: min((of_type[k] for k in kinds), default=now) for kinds in read}

    def _note(self) -> None:
        """Note what conditions the new events meet."""
        for kind, (low, high) in self._new.items():
            conditions = self._arrivals.conditions(kind)
            self._arrivals.add(kind, "", low, high)
            try:
                spans = self.store.met(kind, conditions, self._noted) if conditions else []
            except (duckdb.DataError, duckdb.OperationalError, duckdb.InvalidInputException):
                # a condition that cannot be computed is told of by its detection
                self._arrivals.may(kind, low, high)
                continue
            for condition, span in zip(conditions, spans, strict=True):
                if span is not None:
                    self._arrivals.add(kind, condition, *span)
        self._noted = self._ingest.next_id - 1

    def _pass(self, names: Sequence[str], moment: Moment, *, last: bool) -> list[Change]:
        """Some detections brought up to date; the last pass notes how far the tick got."""
        slices = self._computed(self.turns.order(names), moment)
        connection = self.store.connection
        connection.begin()
        try:
            changes = [c for name, made in slices.items() for c in self._apply(name, made, moment)]
            if self._keep:
                self._ask_usual(changes)
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
                self._arrivals.may("alert", event.ts, event.ts)
                times.append(event.ts)
        return (min(times), max(times)) if times else None

    def _learn(self, changed_from: int | None) -> None:
        """Profiles learn what the watermark has passed."""
        if not self._keep:
            return
        learnings = [
            (learning, self._learnt_to(learning, running))
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
            news = News(
                highest, self._new, changed_from, now, withheld.latest(self.store.connection)
            )
            self.memory.keep_up(learnings, self.store, news, self.lessons)

    def _learnt_to(self, learning: Learning, running: Running) -> int:
        """Up to when a profile's rows are final. Never beyond the newest event: old logs come long
        behind the clock, and a time that was learnt empty would not be learnt again.
        """
        mark = self.watermarks.of(learning.profile.events)
        read = [z for kind, (_, z) in self._new.items() if kind in running.rule.plan.events]
        newest = max([running.newest, *read])
        if newest >= 0:
            mark = min(mark, newest)
        if not learning.directory:
            return mark
        return min(mark, max(self.directory_settled or 0, self.watermarks.now - DIRECTORY_WAIT_US))

    def closed_to(self, events: Iterable[str]) -> int:
        """Up to when everything of these types is in, and has been judged."""
        owed = [r.owed[0] for r in self.running.values() if r.owed is not None]
        owed += [r.left for r in self.running.values() if r.left is not None]
        return min(self.watermarks.of(events), self.watermarks.now - DIRECTORY_WAIT_US, *owed)

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

    def _computed(self, names: Sequence[str], moment: Moment) -> dict[str, list[Slice]]:
        """The slices of those whose turn it is, in the order given. Where state is kept a second
        thread has a connection of its own; what learns or withholds stays with the first.
        """
        if self._helper is None:
            return self._compute_line(deque(names), moment, self.store.connection, 0)
        alone = [n for n in names if not self.running[n].stateless]
        left = deque(n for n in names if self.running[n].stateless)
        helped = self._helper.submit(self._compute_line, left, moment, self.store.beside, 1)
        try:
            made = self._compute_line(deque(alone), moment, self.store.connection, 0)
            made |= self._compute_line(left, moment, self.store.connection, 0)
        finally:
            others = helped.result()
        made |= others
        return {name: made[name] for name in names if name in made}

    def _compute_line(
        self, left: deque[str], moment: Moment, connection: duckdb.DuckDBPyConnection, line: int
    ) -> dict[str, list[Slice]]:
        """The slices of those left whose turn it is in a line; others may take from it, too."""
        made = {}
        while left:
            try:
                name = left.popleft()
            except IndexError:  # another thread took the last
                break
            running = self.running[name]
            free = running.idle(moment)
            with self.turns.turn(name, line, free=free) as now:
                if now:
                    made[name] = self._turn(running, moment, connection, free=free)
                else:
                    running.defer(moment)
            if now and running.left is not None:
                self.turns.wait(name, first=bool(running.rest))
        return made

    def _turn(
        self, running: Running, moment: Moment, connection: duckdb.DuckDBPyConnection, *, free: bool
    ) -> list[Slice]:
        """A detection's slices, or a piece of them where all would take too long; nothing of a `free` one does."""
        name, highest = running.rule.plan.id, self._ingest.next_id - 1
        owed = highest - running.asked_to
        pieces = 1 if free else self.turns.pieces(name, owed, running.rest)
        made = self._compute(running, replace(moment, pieces=pieces), connection)
        done = owed // pieces if running.rest else owed
        running.asked_to += done
        if running.left is None or running.rest:
            self.turns.covered(name, done)
        return made

    def _compute(
        self, running: Running, moment: Moment, connection: duckdb.DuckDBPyConnection
    ) -> list[Slice]:
        """A detection's slices; one that the database cannot compute must not stop the others."""
        name = running.rule.plan.id
        try:
            slices = running.compute(connection, moment)
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
        gone = running.forget(self.watermarks.now)
        stored.forget_rows(connection, name, gone)
        stored.forget_deleted(connection, name, gone)
        protection = running.compiled.protection
        if changed and protection is not None:
            # what comes too late to be learnt asks for nothing older
            oldest = self.watermarks.now - protection.over - MOST_LATE
            withheld.forget(connection, name, oldest)

    def _ask_usual(self, changes: Sequence[Change]) -> None:
        """Put what profiles know beside the alerts that were raised; in a storm beside the first."""
        raised = [c.alert for c in changes if c.kind == "opened"]
        asking = [a for a in raised if self.running[a.detection].compiled.learnings]
        by_detection: dict[str, list[Alert]] = {}
        for alert in asking[:_MOST_ASKED]:
            by_detection.setdefault(alert.detection, []).append(alert)
        for name, alerts in by_detection.items():
            built = self.running[name].rule.plan
            # beside the transaction at hand, which a failing statement would end
            usual = self._usual.ask(built, alerts, self.store.beside, self.memory)
            for alert, told in zip(alerts, usual, strict=True):
                alert.usual = told

    def _keep_alerts(self, changes: Sequence[Change]) -> None:
        changed = {c.alert.number: c.alert for c in changes}
        if not changed:
            return
        connection = self.store.connection
        stored.put_records(connection, changed.values())
        quiet = [a for a in changed.values() if a.status == "suppressed"]
        stored.put_suppressed(connection, quiet)
        stored.forget_suppressed(
            connection, [c.alert for c in changes if c.kind == "opened" and c.alert not in quiet]
        )
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
