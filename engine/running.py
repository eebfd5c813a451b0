"""One detection at work: which slice of its rows a tick must recompute, and its alerts.

The scope rule: new events with ts in [a, z] change rows only in [a, z + look-back], so exactly
that slice is computed again and replaces what was there. Rows of an alert that is not monotone are
decided up to the watermark only; rows that need a negative fact of the directory, up to the time
for which the directory is settled, or 15 minutes later with half the confidence. A changed
parameter is a new generation, effective for later rows. Knows no SQL and no clock.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Protocol

from engine import lateness
from engine.alert_records import Alert, Change, Envelope, reconcile
from engine.alert_rows import AlertRows
from engine.entities_rows import FOREVER
from engine.protection import Slicing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import duckdb
    import pyarrow as pa

    from dsl.envelope import Envelope as RuleEnvelope
    from dsl.plan import AlertPlan, DetectionPlan
    from engine.alerts import AlertRow
    from engine.models.at_hand import Models
    from engine.models.subject import Subject
    from engine.profiles.known import Learning
    from engine.profiles.memory import Memory
    from engine.protection import Protection, Span

DIRECTORY_WAIT_US: Final = lateness.SLOW_US
"""How long a negative directory fact waits for a sync that began after the row."""
FORGET_US: Final = 24 * 3_600 * lateness.SECOND_US
"""How long rows outlive the last moment at which an event in time could join them."""


class TrainedModel(Protocol):
    """A trained model of an alert statement. `events`: the types that it learns from."""

    @property
    def subject(self) -> Subject: ...
    @property
    def events(self) -> Sequence[str]: ...

    def days(self, connection: duckdb.DuckDBPyConnection, low: int, high: int) -> list[int]:
        """Days of [low, high) that have events, in order."""

    def lesson(self, connection: duckdb.DuckDBPyConnection, day: int) -> pa.Table:
        """What a closed day teaches."""


class Need(Protocol):
    """An event of a type that lies up to `early` before a row's `ts` (microseconds); `condition`:
    what holds for it, in the words of the store, "" for any event.
    """

    @property
    def event(self) -> str: ...
    @property
    def early(self) -> int: ...
    @property
    def condition(self) -> str: ...


class CompiledAlert(Protocol):
    """An alert statement lowered to a backend."""

    @property
    def needs(self) -> Sequence[Sequence[Need]]:
        """Events without which there is no row: one of each group."""

    @property
    def look_back(self) -> int:
        """How far before a row events lie that change it, not counting what profiles learnt."""

    @property
    def owner(self) -> str:
        """The detection whose alerts withhold events from the profiles that it asks, or ""."""

    @property
    def models(self) -> Sequence[object]:
        """The models that it asks."""

    def rows(
        self,
        connection: duckdb.DuckDBPyConnection,
        lo: int,
        hi: int,
        memory: Memory | None = None,
        learnt: int = FOREVER,
        models: Models | None = None,
    ) -> list[AlertRow]:
        """All rows with ts in [lo, hi]; `memory` has what profiles learnt, those of the `owner`
        nothing from `learnt` on, `models` what was trained.
        """

    @property
    def trained(self) -> Sequence[TrainedModel]:
        """The trained models that it reads."""


class CompiledDetection(Protocol):
    """A detection lowered to a backend; `alerts` in the order of the plan."""

    @property
    def alerts(self) -> Sequence[CompiledAlert]: ...
    @property
    def learnings(self) -> Sequence[Learning]: ...
    @property
    def protection(self) -> Protection | None: ...

    def prepare(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Make what the conditions of its needs call known to a database."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A detection as the engine runs it: its checked plan and its envelope."""

    plan: DetectionPlan
    envelope: RuleEnvelope


@dataclass(frozen=True, slots=True)
class Generation:
    """A plan in force for rows with ts >= `since`."""

    since: int
    rule: Rule
    compiled: CompiledDetection


@dataclass(frozen=True, slots=True)
class Moment:
    """The engine's knowledge at a tick; microseconds, FOREVER where nothing more can come.

    `new`: earliest and latest ts of new events by type. `arrived`: whether there may be events of a
    type that meet a condition in a span. `changed_from`: answers of the directory
    changed from here on. `settled`: the directory is complete up to here; None: there is none.
    `until`: rows later than this are not asked for yet.
    `memory`: what profiles have learnt; None: they are asked of the events themselves.
    `models`: the trained models that are in force. `over`: whether the time of the tick is.
    `pieces`: in so many turns what is owed may be asked for.
    """

    now: int
    new: dict[str, tuple[int, int]]
    watermark: Callable[[Sequence[str]], int]
    arrived: Callable[[str, str, int, int], bool]
    changed_from: int | None = None
    settled: int | None = None
    final: bool = False
    until: int = FOREVER
    memory: Memory | None = None
    models: Models | None = None
    over: Callable[[], bool] = lambda: False
    pieces: int = 1


@dataclass(frozen=True, slots=True)
class Slice:
    """Rows of an alert statement in [low, high] were computed again."""

    index: int
    low: int
    high: int
    rows: list[AlertRow]


class Running:
    """State of one detection: generations, rows, records, and how far rows were decided."""

    def __init__(self, rule: Rule, compiled: CompiledDetection) -> None:
        self.generations = [Generation(0, rule, compiled)]
        self.rows = AlertRows(max((a.dedup for a in rule.plan.alerts), default=0))
        self.records: dict[bytes, list[Alert]] = {}
        self.suppressed: dict[bytes, int] = {}
        """Dedup value -> when what people suppressed was last seen."""
        self.decided: dict[int, int] = {}
        """Alert statement -> ts up to which its rows were decided."""
        self.settled = -1
        self.newest = -1
        """Greatest ts of an event the detection reads."""
        self.owed: tuple[int, int] | None = None
        """Earliest and latest ts for which its rows may have changed and were not computed yet."""
        self.left: int | None = None
        """From when on its last slices were left for want of time."""
        self.rest = 0
        """In how many turns the rest is asked for of what was owed, where the last turn was a piece of it; 0: it was not."""
        self.asked_to = 0
        """The highest id of an event when it last asked for all that was owed; of a part, in proportion."""

    @property
    def rule(self) -> Rule:
        """The rule in force now."""
        return self.generations[-1].rule

    @property
    def compiled(self) -> CompiledDetection:
        """The rule in force now, as it runs."""
        return self.generations[-1].compiled

    @property
    def stateless(self) -> bool:
        """Whether it only reads what is stored: it asks no profile and no model."""
        return not any(
            g.compiled.learnings
            or g.compiled.protection is not None
            or any(a.models or a.owner for a in g.compiled.alerts)
            for g in self.generations
        )

    def change(self, rule: Rule, compiled: CompiledDetection, since: int) -> None:
        """The rule or its parameters changed; rows before `since` stay as they were judged."""
        self.generations.append(Generation(since, rule, compiled))
        self.rows.dedup_us = max((a.dedup for a in rule.plan.alerts), default=0)

    def reword(self, rule: Rule) -> None:
        """The same plan with another envelope: what is told from now on is told so."""
        self.generations[-1] = replace(self.generations[-1], rule=rule)

    def begin(self, since: int) -> None:
        """After a restart: the rule at hand is in force for rows with ts >= `since`."""
        self.generations = [replace(self.generations[-1], since=since)]

    # --- slices -----------------------------------------------------------------------------------

    def compute(self, connection: duckdb.DuckDBPyConnection, moment: Moment) -> list[Slice]:
        """The slices that changed knowledge asks for, computed; `left` where time was short.

        Where the backend fails, everything is as before and the next call asks for it again.
        """
        before = dict(self.decided), self.settled
        span = self._span(moment)
        try:
            made = self._compute(connection, moment, span)
        except BaseException:
            self.decided, self.settled = before
            self.owed = span
            raise
        self.owed = None
        return made

    def defer(self, moment: Moment) -> None:
        """Leave what changed knowledge asks for to a later call."""
        self.owed = self._span(moment)

    def idle(self, moment: Moment) -> bool:
        """Whether nothing came that its rows need: to compute it then asks the store nothing."""
        if any(g.compiled.protection is not None for g in self.generations):
            return False
        before = dict(self.decided)
        wanted = self._wanted(moment, self._span(moment))
        self.decided = before
        return not any(
            _needed(generation.compiled.alerts[index], low, high, moment)
            for generation in self.generations
            for index, low, high in wanted
            if index < len(generation.compiled.alerts)
        )

    def _span(self, moment: Moment) -> tuple[int, int] | None:
        """Earliest and latest ts for which the detection's rows may have changed: of its new
        events, and from where on the directory answers otherwise.
        """
        read = [moment.new[kind] for kind in self.rule.plan.events if kind in moment.new]
        read += [self.owed] if self.owed else []
        self.newest = max(self.newest, *(z for _, z in read), -1)
        if moment.changed_from is not None and moment.changed_from <= self.newest:
            read.append((moment.changed_from, self.newest))
        if not read:
            return None
        return min(a for a, _ in read), max(z for _, z in read)

    def _compute(
        self, connection: duckdb.DuckDBPyConnection, moment: Moment, span: tuple[int, int] | None
    ) -> list[Slice]:
        wanted, rest = self._piece(self._wanted(moment, span), moment)
        made, left = self._slices(connection, wanted, moment)
        self.rest = moment.pieces - 1 if rest and not left else 0
        left = [*left, *rest]
        self.settled = max(self.settled, min(_settled(moment), self.newest))
        for index, low, _ in left:
            self.decided[index] = min(self.decided[index], low - 1)
        self.left = min((low for _, low, _ in left), default=None)
        return made

    def _wanted(self, moment: Moment, span: tuple[int, int] | None) -> list[Span]:
        """The slices to compute; they count as decided."""
        if self.newest < 0:
            return []
        settled = _settled(moment)
        watermark = FOREVER if moment.final else moment.watermark(self.rule.plan.events)
        wanted: list[Span] = []
        limits = [self._limit(a, moment, watermark) for a in self.rule.plan.alerts]
        for index, alert in enumerate(self.rule.plan.alerts):
            limit = limits[index]
            if self.compiled.alerts[index].owner:
                # what the others tell of a time decides what it may be told
                limit = min(limits)
            spans = self._spans(index, span, limit)
            if alert.waits_for_directory and self.settled < min(settled, limit):
                # What was decided without the directory is judged again now that it is complete.
                spans.append(
                    (self.settled + 1, min(settled, limit, self.newest + self._look_back(index)))
                )
            wanted += [(index, low, high) for low, high in _joined(spans)]
        return wanted

    def _piece(self, wanted: list[Span], moment: Moment) -> tuple[list[Span], list[Span]]:
        """What a turn asks for of the slices that are wanted, and what lies behind that."""
        low = min((a for _, a, _ in wanted), default=0)
        high = min(max((z for *_, z in wanted), default=-1), self.newest)
        if moment.pieces < 2 or high - low < moment.pieces:
            return wanted, []
        last = low + (high - low) // moment.pieces
        return (
            [(i, a, min(z, last)) for i, a, z in wanted if a <= last],
            [(i, max(a, last + 1), z) for i, a, z in wanted if z > last],
        )

    def _look_back(self, index: int) -> int:
        """What an event in time changes of an alert's rows: those that far after it."""
        return self.compiled.alerts[index].look_back

    def _limit(self, alert: AlertPlan, moment: Moment, watermark: int) -> int:
        """Up to which ts rows of an alert may be decided now."""
        limit = FOREVER if alert.monotone else watermark
        if alert.waits_for_directory and not moment.final:
            limit = min(limit, max(moment.settled or 0, moment.now - DIRECTORY_WAIT_US))
        return min(limit, moment.until)

    def _spans(self, index: int, span: tuple[int, int] | None, limit: int) -> list[tuple[int, int]]:
        """What new events touched, and what the limit has passed since."""
        last = min(limit, self.newest + self._look_back(index))
        done = self.decided.get(index)
        spans = []
        if span is not None:
            reached = span[1] + self._look_back(index)
            spans.append((span[0], min(reached, last)))
        if done is not None and done < last:
            spans.append((done + 1, last))
        if done is None or last > done:
            self.decided[index] = last
        if done is None and span is None:
            spans.append((0, last))
        return spans

    def _slices(
        self, connection: duckdb.DuckDBPyConnection, spans: Sequence[Span], moment: Moment
    ) -> tuple[list[Slice], list[Span]]:
        """The rows of spans, by the plans in force then; the spans for which there was no time."""
        made: list[Slice] = []
        left: list[Span] = []
        for generation, following in zip(
            self.generations, [*self.generations[1:], None], strict=True
        ):
            count = len(generation.compiled.alerts)
            last = FOREVER if following is None else following.since - 1
            parts = [(i, max(a, generation.since), min(z, last)) for i, a, z in spans if i < count]
            parts = [p for p in parts if p[1] <= p[2]]
            if left:
                left += parts
                continue
            found, left = self._generation(connection, generation, parts, moment)
            made += found
        return made, left

    def _generation(
        self,
        connection: duckdb.DuckDBPyConnection,
        generation: Generation,
        spans: Sequence[Span],
        moment: Moment,
    ) -> tuple[list[Slice], list[Span]]:
        compiled, memory = generation.compiled, moment.memory

        def rows(span: Span, learnt: int = FOREVER) -> list[AlertRow]:
            index, low, high = span
            alert = compiled.alerts[index]
            if not _needed(alert, low, high, moment):
                return []
            found = alert.rows(connection, low, high, memory, learnt, moment.models)
            return self._rated(found, generation, index, moment)

        if compiled.protection is None:
            return [Slice(*span, rows(span)) for span in spans], []
        asks = frozenset(i for i, alert in enumerate(compiled.alerts) if alert.owner)
        name, protection = self.rule.plan.id, compiled.protection
        slicing = Slicing(connection, name, protection, asks, rows, memory, moment.over)
        made, left = slicing.run(spans)
        return [Slice(*span, found) for span, found in made], left

    def _rated(
        self, rows: list[AlertRow], generation: Generation, index: int, moment: Moment
    ) -> list[AlertRow]:
        """Rows with the envelope's severity and confidence where they have none of their own; half
        the confidence where the directory could not be asked.
        """
        envelope = generation.rule.envelope
        waits = generation.rule.plan.alerts[index].waits_for_directory
        known = moment.settled if moment.settled is not None else -1
        rated = []
        for row in rows:
            confidence = envelope.confidence if row.confidence is None else row.confidence
            if waits and row.ts > known:
                confidence = round(confidence / 2)
            severity = row.severity or envelope.severity
            rated.append(replace(row, severity=severity, confidence=float(confidence)))
        return rated

    # --- alerts -----------------------------------------------------------------------------------

    def apply(
        self, slices: Sequence[Slice], next_number: Callable[[], int]
    ) -> tuple[list[Change], list[Slice]]:
        """Put slices in place; the changes of alerts, and the slices that changed rows."""
        touched: set[bytes] = set()
        changed = []
        for part in slices:
            keys = self.rows.replace(part.index, part.low, part.high, part.rows)
            if keys:
                touched |= keys
                changed.append(part)
        return [c for key in sorted(touched) for c in self._reconcile(key, next_number)], changed

    def put_back_records(self, records: Iterable[Alert]) -> None:
        """Records kept over a restart, with the cuts that closing them made."""
        for record in records:
            self.records.setdefault(record.dedup, []).append(record)
        for key in self.records:
            self._cut(key)

    def judged(self, record: Alert, next_number: Callable[[], int]) -> list[Change]:
        """What else changes now that people decided about one of the records."""
        if record.status == "suppressed":
            self.suppressed[record.dedup] = record.last_row
        else:
            self.suppressed.pop(record.dedup, None)
        if record not in self.records.get(record.dedup, ()):
            return []
        self._cut(record.dedup)
        return [c for c in self._reconcile(record.dedup, next_number) if c.alert is not record]

    def _cut(self, key: bytes) -> None:
        cuts = tuple(sorted({r.closed_to for r in self.records[key] if r.closed_to is not None}))
        if cuts:
            self.rows.cuts[key] = cuts
        else:
            self.rows.cuts.pop(key, None)

    def _reconcile(self, key: bytes, next_number: Callable[[], int]) -> list[Change]:
        rule = self.rule
        names = tuple(name for name, _ in rule.plan.alerts[0].dedup_by) if rule.plan.alerts else ()
        params = dict(rule.plan.params)
        envelope = Envelope(rule.plan.id, rule.plan.version, params, names, self.rows.dedup_us)
        records = self.records.setdefault(key, [])
        quiet = self.suppressed.get(key)
        made = reconcile(records, self.rows.episodes(key), envelope, next_number, quiet)
        known = {r.number for r in records}
        records += [c.alert for c in made if c.alert.number not in known]
        last = max((r.last_row for r in records if r.status == "suppressed"), default=None)
        if any(c.kind == "opened" and c.alert.status == "open" for c in made):
            self.suppressed.pop(key, None)
        elif last is not None:
            self.suppressed[key] = max(last, quiet or last)
        return made

    def settled_before(self, moment: Moment) -> int:
        """Rows older than this can be changed by no event that comes in time."""
        if moment.final:
            return 0
        limits = [moment.watermark(self.rule.plan.events)]
        limits += [self._limit(alert, moment, limits[0]) for alert in self.rule.plan.alerts]
        limits += [] if self.left is None else [self.left]
        return min(limits)

    def forget(self, now: int) -> set[bytes]:
        """Drop rows and records that nothing can join any more; answers their dedup values."""
        reach = self.rows.dedup_us + max(
            map(self._look_back, range(len(self.rule.plan.alerts))), default=0
        )
        reach += FORGET_US
        gone = self.rows.forget(now - reach)
        for key in gone:
            self.records.pop(key, None)
        return gone


def _needed(alert: CompiledAlert, low: int, high: int, moment: Moment) -> bool:
    """Whether there may be rows in [low, high]: of each group that they need some event came."""
    return all(
        any(moment.arrived(n.event, n.condition, low - n.early, high) for n in group)
        for group in alert.needs
    )


def _settled(moment: Moment) -> int:
    """Up to when the directory is complete."""
    return FOREVER if moment.settled is None and moment.final else moment.settled or 0


def _joined(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans united where they touch; empty ones left out."""
    joined: list[tuple[int, int]] = []
    for low, high in sorted(s for s in spans if s[0] <= s[1]):
        if joined and low <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(joined[-1][1], high))
        else:
            joined.append((low, high))
    return joined
