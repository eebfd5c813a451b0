"""Detections over a stream of events, from the begin to the end of it: the alerts, at once.

The library behind `atp replay` and the rules' tests: the same ingest, ticks and episodes as the
running engine, over a store in memory. Reads no files.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from dsl.schema.directory import DirectoryObject
from dsl.schema.registry import event_type
from engine import lateness
from engine.entities_build import directory_of
from engine.entities_rows import FOREVER
from engine.report import alert_dict, explanation
from engine.run import Engine
from engine.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from dsl.envelope import Envelope
    from dsl.plan import DetectionPlan
    from dsl.schema.base import Event
    from engine.alert_records import Alert
    from engine.directory_file import DirectoryFile
    from engine.lists import ListRow
    from engine.models.at_hand import Models
    from engine.running import CompiledDetection, Rule

BATCH = 20_000
"""Events taken in at a time."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What a replay knows beside the events.

    `directory`: declared objects, None for none; `lists`: rows of lists. `covered`: event types
    whose sources count as alive for ever, or from `since` (microseconds) on (tests of rules); None: those the recording shows, from
    its first to its last event, so that nothing is concluded from what came after it. `as_written`:
    names in the events stand as they are (tests of rules). `step`: ticks between batches, as the
    engine would have ticked; else one tick at the end. `models`: trained models; None: they are
    trained as the events go by.
    """

    directory: DirectoryFile | None = None
    lists: Sequence[ListRow] = ()
    covered: Sequence[str] | None = None
    since: int = 0
    as_written: bool = False
    step: bool = False
    models: Models | None = None


@dataclass(slots=True)
class Replayed:
    """The alerts of a replay, by number, and what is needed to show them."""

    alerts: list[Alert]
    engine: Engine
    envelopes: Mapping[str, Envelope]
    late: Mapping[str, int] = field(default_factory=dict)

    def evidence(self, alert: Alert) -> list[Event]:
        """The events behind an alert, in order."""
        read = self.engine.running[alert.detection].rule.plan.events
        return self.engine.store.events(alert.evidence, read)

    def dicts(self) -> Iterator[dict[str, object]]:
        """The alerts as JSON-ready objects."""
        for alert in self.alerts:
            yield alert_dict(alert, self.envelopes[alert.detection], self.evidence(alert))

    def explanation(self, alert: Alert) -> str:
        """What an alert says to people."""
        return explanation(alert, self.envelopes[alert.detection])


def replay(
    rules: Sequence[Rule],
    events: Iterable[Event],
    compile_detection: Callable[[DetectionPlan], CompiledDetection],
    setting: Setting | None = None,
) -> Replayed:
    """Run rules over events in the order they come; alerts that stand at the end."""
    given = setting or Setting()
    engine = Engine(
        Store(),
        rules,
        compile_detection=compile_detection,
        directory=directory_of(given.directory),
        directory_settled=FOREVER if given.directory is not None else None,
        as_written=given.as_written,
        models=given.models,
    )
    engine.put_lists({row.list for row in given.lists}, given.lists)
    if given.covered is not None:
        engine.coverage.declare(given.covered, given.since)
    left = iter(events)
    seen: set[str] = set()
    first, last = FOREVER, 0
    while batch := list(islice(left, BATCH)):
        engine.ingest(batch)
        happened = [e for e in batch if not isinstance(e, DirectoryObject)]
        if given.covered is None and happened:
            seen |= _sources(happened)
            first = min(first, *(e.ts for e in happened))
            last = max(last, *(e.ts for e in happened))
            engine.coverage.declare(seen, first, last + 1)
        if len(happened) < len(batch):
            engine.directory_settled = FOREVER  # a file that tells a directory tells all of it
        if given.step:
            engine.tick()
    engine.tick(final=True)
    standing = [a for a in engine.alerts() if a.status not in ("merged", "retracted")]
    envelopes = {rule.plan.id: rule.envelope for rule in rules}
    return Replayed(standing, engine, envelopes, dict(engine.watermarks.late))


def _sources(batch: Sequence[Event]) -> set[str]:
    """Event types whose sources a recording shows to be there; who decodes one type of the wire
    decodes them all.
    """
    seen = {event_type(e) for e in batch}
    return seen | lateness.wire_types() if any(e.via == "wire" for e in batch) else seen
