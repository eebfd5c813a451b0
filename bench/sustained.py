"""The daemon's service under a steady load for a long time: memory, ticks, the file, each minute a line.

A process of its own makes ordinary traffic (`scale/stream.py`) and hands it over packed, as a sensor does; the
service with all shipped detections takes it, ticks, and keeps house as `atp-run` does. The stream is that of a domain
with 3.3 million events a day, so at 10,000 events a second a day passes in five and a half minutes: what is remembered
by days turns over faster than in life. `behind`: seconds of events that wait; `memory`: resident, of the service's process.

    python bench/sustained.py [--minutes N] [--rate EVENTS] [--folder PATH] [--most-p99 MS] [--most-behind S]
"""

from __future__ import annotations

import argparse
import gc
import multiprocessing
import queue
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import psutil
from scale import stream
from scale.figures import median, p99
from scale.stored import Stored
from scale.templates import templates

from dsl.schema.registry import event_types
from engine.backends.duckdb import compile_detection
from engine.cli.rules import load_rules
from engine.collection import collect_rarely
from engine.daemon.folders import Folders
from engine.daemon.retaining import Retaining
from engine.daemon.service import Service
from engine.store import Store
from engine.store.kept import used_bytes

if TYPE_CHECKING:
    from multiprocessing.queues import Queue

    import pyarrow as pa

    from dsl.schema.base import Event

_AHEAD = 20
"""Batches that are made before they are wanted."""
_TICK_S = 1.0


def make(found: dict[str, pa.Table], rate: int, batches: Queue[bytes]) -> None:
    """Make a second's events after another, packed, for ever."""
    store = Store()
    stream.prepare(store.connection, found)
    pack = msgspec.msgpack.Encoder().encode
    width = rate // stream.ROUND
    number = 0
    while True:
        events = stream.events(store.connection, number * width, (number + 1) * width)
        batches.put(pack(sorted(events, key=lambda e: e.ts)))
        number += 1


class Load:
    """A source that gives `rate` events for every second that passed since `begin`."""

    name = "load"
    fault = ""

    def __init__(self, batches: Queue[bytes]) -> None:
        self._batches = batches
        structs = tuple(event.struct for event in event_types().values())
        kind = structs[0]
        for struct in structs[1:]:
            kind |= struct  # type: ignore[assignment]  # a union of all of them
        self._decode = msgspec.msgpack.Decoder(list[kind]).decode  # type: ignore[valid-type]
        self._begin = time.monotonic()
        self.given = 0
        """Seconds of events."""
        self.events = 0

    @property
    def behind(self) -> float:
        """Seconds of events that wait."""
        return max(0.0, time.monotonic() - self._begin - self.given)

    def take(self) -> list[Event]:
        """What came since the last call, of two seconds at most: as a full spool would be emptied."""
        taken: list[Event] = []
        for _ in range(min(2, int(self.behind))):
            with suppress(queue.Empty):
                taken += self._decode(self._batches.get(timeout=0.2))
                self.given += 1
        self.events += len(taken)
        return taken

    def complaints(self) -> dict[str, str]:
        """Nothing goes wrong."""
        return {}

    def close(self) -> list[Event]:
        """Nothing is left inside."""
        return []


def main() -> int:
    """Measure; 1 if a limit is not kept."""
    options = _options()
    collect_rarely()  # as the programs do
    loaded = load_rules(())
    compiled = {rule.plan.id: compile_detection(rule.plan) for rule in loaded.rules}
    found = templates(loaded.rules, lambda plan: compiled[plan.id])
    context = multiprocessing.get_context("spawn")
    batches: Queue[bytes] = context.Queue(_AHEAD)
    maker = context.Process(target=make, args=(found, options.rate, batches), daemon=True)
    maker.start()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        stored = Stored(Path(folder), 0, found)
        engine = stored.engine(loaded.rules, lambda plan: compiled[plan.id], loaded)
        gc.collect()
        gc.freeze()
        first = batches.get()  # the maker has begun
        del first
        load = Load(batches)
        service = Service(
            engine, Folders([], engine.store, [], lambda _p, _e: None), [load], None, quiet=True,
            retaining=Retaining({}),  # the stream is of days long past
        )  # fmt: skip
        ticks: list[float] = []
        tick = engine.tick

        def timed(**given: object) -> object:
            begin = time.perf_counter()
            changes = tick(**given)  # type: ignore[arg-type]  # as the service calls it
            ticks.append(time.perf_counter() - begin)
            return changes

        engine.tick = timed  # type: ignore[method-assign, assignment]
        failed = _run(service, load, ticks, engine.store, options)
        for name, why in sorted(engine.faults.items()):
            print(f"{name}: {why}", file=sys.stderr)
            failed = True
        service.close()
    maker.terminate()
    return 1 if failed else 0


def _run(
    service: Service, load: Load, ticks: list[float], store: Store, options: argparse.Namespace
) -> bool:
    print(f"{options.rate:,} events a second")
    print(
        f"{'minute':>6} {'events':>11} {'behind s':>8} {'memory MB':>9} {'tick ms':>8} {'p99 ms':>7} "
        f"{'used MB':>8} {'bytes an event':>14}"
    )
    failed = False
    process = psutil.Process()
    for minute in range(1, options.minutes + 1):
        ticks.clear()
        until = time.monotonic() + 60
        while time.monotonic() < until:
            begin = time.monotonic()
            service.step()
            time.sleep(max(0.0, _TICK_S - (time.monotonic() - begin)))
        store.checkpoint()
        used, late = used_bytes(store.connection), p99(ticks)
        memory = process.memory_info().rss >> 20
        print(
            f"{minute:6} {load.events:11,} {load.behind:8.1f} {memory:9,} {median(ticks):8.0f} "
            f"{late:7.0f} {used >> 20:8,} {used / max(1, load.events):14.1f}",
            flush=True,
        )
        failed |= late > options.most_p99 or load.behind > options.most_behind
    return failed


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=int, default=3)
    parser.add_argument("--rate", type=int, default=10_000)
    parser.add_argument("--folder", type=Path, help="where the database is made")
    parser.add_argument("--most-p99", type=float, default=float("inf"), help="milliseconds")
    parser.add_argument("--most-behind", type=float, default=float("inf"), help="seconds")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
