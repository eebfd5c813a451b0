"""When the sources of each event type were alive: what an absence may be concluded from.

A sensor is alive from sign to sign (an event of the type, or a heartbeat) while these are at most
two minutes apart; a reported gap, and what was shed, cut holes. A domain is covered where all its known sensors of
the type were alive at once. Recordings and tests declare their coverage instead. Knows no store.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from dsl.schema.registry import event_type, event_types
from dsl.schema.sensor import SensorHealth
from engine import lateness
from engine.entities_rows import FOREVER
from sensor.delivery.protocol import SPOOL

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dsl.schema.base import Event

Spans = list[tuple[int, int]]
"""Sorted, disjoint, half-open."""
_MOST_SPANS: Final = 10_000


class CoverageRow(msgspec.Struct, frozen=True, order=True):
    """Sources of a type were alive in [valid_from, valid_to); domain "" = in all domains."""

    domain: str
    type: str
    valid_from: int
    valid_to: int = FOREVER


class Coverage:
    """Coverage by (sensor, event type). Times in microseconds."""

    def __init__(self) -> None:
        self.alive: dict[tuple[str, str], Spans] = {}
        self.domains: dict[tuple[str, str], set[str]] = {}
        self._declared: dict[str, Spans] = {}
        self._changed: set[str] = set()

    def declare(self, types: Iterable[str], begin: int = 0, end: int = FOREVER) -> None:
        """Types whose sources were alive in [begin, end), as the caller knows."""
        for kind in types:
            self._declared[kind] = united([*self._declared.get(kind, []), (begin, end)])
            self._changed.add(kind)

    def observe(self, events: Sequence[Event]) -> None:
        """Signs of life and reported gaps in a batch, resolved."""
        for event in sorted(events, key=lambda e: e.ts):
            if isinstance(event, SensorHealth):
                self._health(event)
                continue
            kind = event_type(event)
            self._sign(event.sensor or "", kind, event.ts)
            self.domains.setdefault((event.sensor or "", kind), set()).add(event.domain or "")

    def _health(self, event: SensorHealth) -> None:
        sensor = event.sensor or ""
        if event.kind == "heartbeat":
            for kind in self._kinds(sensor, event.activity):
                self._sign(sensor, kind, event.ts)
        elif event.kind in ("gap", "shed"):
            begin = event.ts if event.from_ts is None else event.from_ts
            end = event.ts if event.to_ts is None else event.to_ts
            if event.kind == "shed":
                kinds = lateness.types_of_protocol(event.activity or "")
            else:
                kinds = self._kinds(sensor, event.activity)
            for kind in kinds:
                for name in self._inputs(sensor):
                    self.alive[name, kind] = without(self.alive.get((name, kind), []), begin, end)
                self._changed.add(kind)
            every = event.activity in (None, "*")
            for kind in self._declared if every else kinds & self._declared.keys():
                self._declared[kind] = without(self._declared[kind], begin, end)
                self._changed.add(kind)

    def _inputs(self, sensor: str) -> set[str]:
        """Whom a sensor speaks of: itself; the spool of a remote one, of all of its inputs."""
        remote, _, own = sensor.partition("/")
        if own != SPOOL:
            return {sensor}
        return {name for name, _ in self.alive if name.partition("/")[0] == remote}

    def _kinds(self, sensor: str, activity: str | None) -> frozenset[str]:
        """The types a sensor speaks of: the one named, or all it was seen to send; who sends one
        type from the wire decodes them all.
        """
        if activity not in (None, "*"):
            return frozenset({activity} if activity in event_types() else ())
        sent = frozenset(kind for name, kind in self.domains if name == sensor)
        return sent | lateness.wire_types() if sent & lateness.wire_types() else sent

    def _sign(self, sensor: str, kind: str, ts: int) -> None:
        spans = self.alive.setdefault((sensor, kind), [])
        self._changed.add(kind)
        if spans and spans[-1][0] <= ts <= spans[-1][1] + lateness.IDLE_US:
            spans[-1] = (spans[-1][0], max(spans[-1][1], ts + 1))
            return
        joined = united([*spans, (ts, ts + 1)], apart=lateness.IDLE_US)
        self.alive[sensor, kind] = joined[-_MOST_SPANS:]

    def take_changed(self) -> set[str]:
        """Types whose coverage changed since the last call."""
        changed, self._changed = self._changed, set()
        return changed

    def rows(self, kind: str) -> list[CoverageRow]:
        """Rows of one type, by domain, then in time."""
        declared = self._declared.get(kind)
        if declared is not None:
            return [CoverageRow("", kind, *span) for span in declared]
        by_domain: dict[str, list[Spans]] = {}
        for (sensor, type_), spans in self.alive.items():
            if type_ == kind and spans:
                # "" means all domains, so it takes all sensors.
                for domain in self.domains.get((sensor, kind), set()) | {""}:
                    by_domain.setdefault(domain, []).append(spans)
        rows = []
        for domain, all_spans in sorted(by_domain.items()):
            common: Spans = [(0, FOREVER)]
            for spans in all_spans:
                # A sensor that joined later is not missed before its first sign.
                since = (0, spans[0][0]) if len(all_spans) > 1 else spans[0]
                common = both(common, united([since, *spans]))
            begin = min(spans[0][0] for spans in all_spans)
            rows += [CoverageRow(domain, kind, *span) for span in both(common, [(begin, FOREVER)])]
        return rows


def united(spans: Iterable[tuple[int, int]], apart: int = 0) -> Spans:
    """Spans joined where they touch or lie at most `apart` from one another."""
    joined: Spans = []
    for begin, end in sorted(spans):
        if joined and begin <= joined[-1][1] + apart:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((begin, end))
    return joined


def without(spans: Spans, begin: int, end: int) -> Spans:
    """Spans less [begin, end)."""
    kept = []
    for a, b in spans:
        kept += [s for s in ((a, min(b, begin)), (max(a, end), b)) if s[0] < s[1]]
    return kept


def both(left: Spans, right: Spans) -> Spans:
    """Where both are."""
    return united(
        (max(a, c), min(b, d)) for a, b in left for c, d in right if max(a, c) < min(b, d)
    )
