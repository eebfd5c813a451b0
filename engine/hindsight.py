"""Detections over events that are stored already: the alerts of a period, as of then.

Nothing is taken in and nothing is resolved anew: rules run over the store day by day, as the
engine's ticks did, and look as far back as they must. An episode that began before the period is
followed to its begin, so that alerts bear the ids that the running engine gave them. Reads no files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.entities_rows import FOREVER
from engine.lateness import SECOND_US
from engine.replay import Replayed
from engine.run import Engine
from engine.running import DIRECTORY_WAIT_US
from engine.store import alerts as stored
from engine.watermark import Watermarks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from dsl.plan import DetectionPlan
    from engine.alert_records import Alert
    from engine.lists import ListRow
    from engine.models.at_hand import Models
    from engine.running import CompiledDetection, Rule
    from engine.store import Store

    Compile = Callable[[DetectionPlan], CompiledDetection]

DAY_US: Final = 86_400 * SECOND_US
_GONE: Final = frozenset({"merged", "retracted"})


class Arrived(Watermarks):
    """Watermarks of a past in which everything up to `reached` has arrived."""

    def __init__(self) -> None:
        super().__init__()
        self.reached = 0

    def reach(self, ts: int) -> None:
        """Everything up to `ts` is there, and the directory had its time to answer."""
        self.reached = ts
        self.now = min(ts, FOREVER - DIRECTORY_WAIT_US) + DIRECTORY_WAIT_US

    def of(self, events: Iterable[str]) -> int:
        """The same for all types."""
        del events
        return self.reached


def hindsight(
    store: Store,
    rules: Sequence[Rule],
    compile_detection: Compile,
    period: tuple[int, int],
    *,
    lists: Sequence[ListRow] = (),
    settled: int | None = None,
    progress: Callable[[int], None] = lambda _: None,
    models: Models | None = None,
) -> Replayed:
    """The alerts that have a row in `period` (both ends included, microseconds).

    Everything up to its end counts as arrived: FOREVER at the end of a recording. `settled`: the
    directory is complete up to there. `progress` is told the time reached. `models`: trained models;
    None: they are trained from the stored events. The table of alerts
    that detections over alerts read is emptied first.
    """
    store.delete_before("alert", FOREVER)
    spanned = store.span()
    engine = Engine(
        store, rules, compile_detection=compile_detection, directory_settled=settled, models=models
    )
    engine.put_lists({row.list for row in lists}, lists)
    found = []
    if spanned is not None and rules:
        oldest, newest = spanned[0], min(period[1], spanned[1])
        chains = [r.plan.look_back for r in rules if "alert" in r.plan.events]
        # what became true after the newest event is a row of the last tick
        begin = min(max(period[0] - max(chains, default=0), oldest), newest)
        _Past(engine, oldest, progress).run(begin, newest, period[1])
        found = [a for a in engine.alerts() if _within(a, *period)]
        _number(found, stored.all_records(store.connection))
    return Replayed(found, engine, {rule.plan.id: rule.envelope for rule in rules})


class _Past:
    """An engine taken over its store; `oldest`: nothing is stored from before it."""

    def __init__(self, engine: Engine, oldest: int, progress: Callable[[int], None]) -> None:
        self._engine = engine
        self._oldest = oldest
        self._progress = progress
        self._marks = engine.watermarks = Arrived()

    def run(self, begin: int, newest: int, end: int) -> None:
        """Tick once for each day of [begin, newest]; at last everything up to `end` has arrived."""
        every = self._engine.running.values()
        for running in every:
            running.settled = begin - 1
            running.rows.sealing = False
        gap = max(running.rows.dedup_us for running in every)
        at, followed = begin, False
        while at <= newest:
            last = min(at + DAY_US - 1, newest)
            until = last if last < newest else end
            self._marks.reach(until)
            self._tick(at, last, until)
            if not followed and (last >= begin + gap or last == newest):
                self._follow(begin)
                followed = True
            at = last + 1

    def _follow(self, begin: int) -> None:
        """Compute what lies before `begin`, as far as an episode reaches back."""
        while begin > self._oldest and (gap := self._begun_before(begin)):
            earlier = max(self._oldest, begin - gap)
            self._tick(earlier, begin - 1, begin - 1)
            begin = earlier
        for running in self._engine.running.values():
            running.rows.sealing = True

    def _begun_before(self, begin: int) -> int:
        """How far before `begin` a row may lie that belongs to an episode; 0: none can."""
        gaps = [0]
        for running in self._engine.running.values():
            gap = running.rows.dedup_us
            records = (r for rs in running.records.values() for r in rs if r.status not in _GONE)
            if any(record.first_row < begin + gap for record in records):
                gaps.append(gap)
        return max(gaps)

    def _tick(self, low: int, high: int, until: int) -> None:
        self._engine.look_again(low, high, until)
        self._engine.tick()
        self._progress(high)


def _number(found: Iterable[Alert], records: Sequence[Alert]) -> None:
    """Alerts that were told bear the number they were told with, others none that was given."""
    told = {id_: r.number for r in records for id_ in (r.id, *r.aliases)}
    highest = max(told.values(), default=0)
    for alert in found:
        alert.number = told.get(alert.id, highest + alert.number)


def _within(alert: Alert, low: int, high: int) -> bool:
    return alert.status not in _GONE and alert.last_row >= low and alert.first_row <= high
