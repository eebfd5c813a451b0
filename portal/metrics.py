"""Metrics in the text of Prometheus, and of OpenMetrics where that is asked for.

All of it comes from the engine's last picture, the desk and the registry: to be scraped takes nothing
from the tick. Labels are words of ours and names of sensors, types, detections and sinks, never of what was seen.
References: the Prometheus text format 0.0.4, OpenMetrics 1.0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import choose_encoder
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from dsl.schema.enums import SEVERITY
from engine.status import BOUNDS_S
from engine.store.desk import Filter
from portal.access.roles import Permission
from portal.api.problems import HEADERS
from portal.reading import sensors

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from starlette.requests import Request
    from starlette.routing import Route

    from engine.status import Status
    from portal.api.endpoint import Caller
    from portal.api.gate import Gate
    from portal.reading.sources import Sources

PATH: Final = "/metrics"
_SECOND_US: Final = 1_000_000
_FILES: Final = ("", ".wal", ".desk", ".learnt", ".spool", ".directory")


def route(sources: Sources, gate: Gate) -> Route:
    """What Prometheus asks, with a token of any role."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(sources, gate))

    async def scraped(request: Request, _: Caller) -> Response:
        encode, kind = choose_encoder(request.headers.get("accept", ""))
        body = await run_in_threadpool(encode, registry)
        return Response(body, headers={**HEADERS, "content-type": kind})

    return gate.guarded(PATH, "GET", Permission.READ, scraped)


class _Collector:
    def __init__(self, sources: Sources, gate: Gate) -> None:
        self._sources = sources
        self._gate = gate

    def collect(self) -> Iterator[Metric]:
        """Everything, as it stands now."""
        status = self._sources.status()
        yield from _of_events(status)
        yield from _of_ticks(status, self._sources.clock())
        yield from _of_detections(status)
        yield from self._of_alerts()
        yield from _of_sinks(status)
        yield from self._of_sensors()
        yield _gauge(
            "atp_store_bytes", "size of a file of the engine", "file",
            ((f"database{end}", size) for end, size in self._sizes()),
        )  # fmt: skip
        refused = CounterMetricFamily(
            "atp_api_tokens_refused", "requests with a token that is none"
        )
        refused.add_metric([], self._gate.failures.count)
        yield refused

    def _of_alerts(self) -> Iterator[Metric]:
        with self._sources.desk() as desk:
            rows = desk.tally(Filter())
        found: dict[tuple[str, str], int] = {(s, "open"): 0 for s in SEVERITY}
        for _, severity, stands, _, number, _ in rows:
            found[severity, stands] = found.get((severity, stands), 0) + number
        told = GaugeMetricFamily("atp_alerts", "alerts", labels=["severity", "status"])
        for labels, number in sorted(found.items()):
            told.add_metric(labels, number)
        yield told

    def _of_sensors(self) -> Iterator[Metric]:
        lines = sensors.listed(self._sources)
        live = [s for s in lines if s["state"] != "revoked"]
        yield _gauge("atp_sensor_up", "1 where a sensor said something in the last five minutes", "sensor",
                     ((s["name"], float(s["state"] == "live")) for s in live))  # fmt: skip
        yield _gauge("atp_sensor_lag_seconds", "age of the oldest event that a sensor has not delivered", "sensor",
                     ((s["name"], s["lag_seconds"]) for s in live if s["lag_seconds"] is not None))  # fmt: skip
        yield _gauge("atp_sensor_skew_seconds", "clock of a sensor less the engine's", "sensor",
                     ((s["name"], s["skew_seconds"]) for s in live))  # fmt: skip
        yield _gauge("atp_sensor_waiting_bytes", "what waits on the disk of a sensor", "sensor",
                     ((s["name"], s["waiting_bytes"]) for s in live))  # fmt: skip
        yield _counter("atp_sensor_events", "events that a sensor delivered", "sensor",
                       ((s["name"], s["events"]) for s in live))  # fmt: skip
        dropped = CounterMetricFamily(
            "atp_sensor_dropped_events",
            "events dropped on a sensor's disk",
            labels=["sensor", "type"],
        )
        for s in live:
            for kind, number in s["dropped"].items():
                dropped.add_metric([s["name"], kind], number)
        yield dropped

    def _sizes(self) -> Iterator[tuple[str, int]]:
        for end in _FILES:
            path = self._sources.database.with_name(f"{self._sources.database.name}{end}")
            if path.exists():
                yield end, path.stat().st_size


def _of_events(status: Status) -> Iterator[Metric]:
    events = CounterMetricFamily("atp_events", "events that were taken", labels=["type", "source"])
    for (kind, source), number in sorted(status.taken.items()):
        events.add_metric([kind, source], number)
    yield events
    yield _counter(
        "atp_late_events", "events that came later than allowed", "type", status.late.items()
    )
    yield _gauge(
        "atp_queued_events", "events that wait to be stored", "source", status.queued.items()
    )
    yield _gauge(
        "atp_watermark_lag_seconds", "how far a watermark is behind the newest time", "type",
        ((kind, max(0, status.now - mark) / _SECOND_US) for kind, mark in status.marks.items()),
    )  # fmt: skip


def _of_ticks(status: Status, now: int) -> Iterator[Metric]:
    ticks = HistogramMetricFamily("atp_tick_seconds", "how long ticks took")
    buckets, total = [], 0
    for bound, number in zip([*map(str, BOUNDS_S), "+Inf"], status.ticks.counts, strict=True):
        total += number
        buckets.append((bound, float(total)))
    ticks.add_metric([], buckets, status.ticks.seconds)
    yield ticks
    if status.at:
        ago = GaugeMetricFamily("atp_tick_age_seconds", "time since the last tick ended")
        ago.add_metric([], max(0, now - status.at) / _SECOND_US)
        yield ago


def _of_detections(status: Status) -> Iterator[Metric]:
    learning = sum(any(p.waits for p in each) for each in status.learning.values())
    states = {
        "enabled": len(status.rules) - len(status.faults), "fault": len(status.faults),
        "learning": learning, "waiting": len(status.waited), "disabled": len(status.in_force.disabled),
    }  # fmt: skip
    yield _gauge(
        "atp_detections",
        "detections; waiting: had no turn in the last tick",
        "state",
        states.items(),
    )
    longest = GaugeMetricFamily(
        "atp_longest_wait_ticks", "ticks for which a detection waits for its turn"
    )
    longest.add_metric([], max(status.waited, default=0))
    yield longest
    forgotten = CounterMetricFamily(
        "atp_profile_overflow", "what a profile had no room for", labels=["profile", "what"]
    )
    for profile, (values, keys) in sorted(status.forgotten.items()):
        forgotten.add_metric([profile, "values"], values)
        forgotten.add_metric([profile, "keys"], keys)
    yield forgotten
    complaints = GaugeMetricFamily("atp_complaints", "what goes wrong now")
    complaints.add_metric([], len(status.complaints))
    yield complaints


def _of_sinks(status: Status) -> Iterator[Metric]:
    yield _gauge("atp_sink_waiting_messages", "alerts that wait to be delivered", "sink",
                 ((c.name, c.waiting) for c in status.sinks))  # fmt: skip
    for what in ("sent", "refused", "dropped"):
        yield _counter(f"atp_sink_{what}_messages", f"alerts that were {what}", "sink",
                       ((c.name, getattr(c, what)) for c in status.sinks))  # fmt: skip


def _gauge(name: str, help_: str, label: str, values: Iterable[tuple[str, float]]) -> Metric:
    told = GaugeMetricFamily(name, help_, labels=[label])
    for key, value in sorted(values):
        told.add_metric([key], value)
    return told


def _counter(name: str, help_: str, label: str, values: Iterable[tuple[str, float]]) -> Metric:
    told = CounterMetricFamily(name, help_, labels=[label])
    for key, value in sorted(values):
        told.add_metric([key], value)
    return told
