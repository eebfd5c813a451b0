"""What a tick costs as the store grows: hundreds of detections, thousands of new events a tick.

Databases of several sizes are made of one stream (`scale/stream.py`: 3.3 million events a day) and
kept. Their ticks take turns, so that whatever else the machine does falls on all of them alike; the
figure that counts is the ratio between sizes, taken of the processor time of the median tick (`cpu`).

With `--seconds` a tick is given about so much time, as the daemon gives it; how many ticks the news of
a detection waited for its turn is told beside it (`waits`: the longest wait there was).

    python bench/tick.py [--sizes 1e5,1e6] [--rules 200] [--new 10000] [--ticks 20] [--folder PATH]
        [--seconds S] [--most-ratio R] [--most-p99 MS]
"""

from __future__ import annotations

import argparse
import gc
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from scale.figures import median, p99
from scale.rules import rules
from scale.stored import Stored
from scale.templates import templates

from engine.backends.duckdb import Unsupported, compile_detection
from engine.collection import collect_rarely

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dsl.plan import DetectionPlan
    from engine.backends.duckdb import CompiledDetection
    from engine.run import Engine

WARM = 6
"""Ticks before those that are measured, of any length: the first ones decide what waited for the
watermark.
"""


@dataclass
class Measured:
    """An engine over a database, and seconds of its ticks."""

    stored: Stored
    engine: Engine
    bytes_per_event: float
    ingest: list[float] = field(default_factory=list)
    tick: list[float] = field(default_factory=list)
    used: list[float] = field(default_factory=list)
    """Seconds of processor time of the ticks, all threads together."""
    changes: int = 0
    waits: int = 0
    """For how many ticks the news of a detection waited, at most."""

    def step(self, number: int, new: int, seconds: float | None) -> None:
        """One batch, one tick."""
        batch = self.stored.batch(number, new)
        for spent, work in (
            (self.ingest, lambda: self.engine.ingest(batch)),
            (self.tick, lambda: self.engine.tick(seconds=seconds)),
        ):
            begin, used = time.perf_counter(), time.process_time()
            done = work()
            spent.append(time.perf_counter() - begin)
            if spent is self.tick:
                self.used.append(time.process_time() - used)
            self.changes += len(done) if isinstance(done, list) else 0
        self.waits = max([self.waits, *self.engine.turns.waited()])

    def forget(self) -> None:
        """What was measured so far was warming up."""
        self.ingest, self.tick, self.used, self.changes, self.waits = [], [], [], 0, 0


def main() -> int:
    """Measure; 1 if a limit is not kept."""
    options = _options()
    collect_rarely()  # as the programs do
    loaded, made = rules(options.rules)
    compiled: dict[str, CompiledDetection] = {}
    begin = time.perf_counter()
    for rule in made:
        try:
            compiled[rule.plan.id] = compile_detection(rule.plan)
        except Unsupported as reason:
            print(f"{rule.plan.id}: {reason}", file=sys.stderr)
    spent = time.perf_counter() - begin
    made = [rule for rule in made if rule.plan.id in compiled]
    print(
        f"{len(made)} detections, compiled in {spent:.1f} s ({spent / len(made) * 1000:.0f} ms each)"
    )

    def compiled_before(plan: DetectionPlan) -> CompiledDetection:
        return compiled[plan.id]

    found = templates([r for r in loaded.rules if r.plan.id in compiled], compiled_before)
    options.folder.mkdir(parents=True, exist_ok=True)
    measured = []
    for size in options.sizes:
        stored = Stored(options.folder, size, found)
        taken = stored.bytes_per_event()
        measured.append(Measured(stored, stored.engine(made, compiled_before, loaded), taken))
    gc.collect()
    gc.freeze()
    for number in range(WARM + options.ticks):
        for one in measured:
            if number == WARM:
                one.forget()
            one.step(number, options.new, options.seconds if number >= WARM else None)
    return _report(measured, options)


def _report(measured: Sequence[Measured], options: argparse.Namespace) -> int:
    print(
        f"{options.new:,} new events a tick, {options.ticks} ticks of each size in turn; milliseconds"
    )
    print(
        f"{'stored':>12} {'bytes':>6} {'ingest':>7} {'median':>7} {'p99':>7} {'cpu':>7} {'ratio':>7} {'changes':>7} {'waits':>5}"
    )
    first = median(measured[0].used)
    failed = False
    for one in measured:
        middle, late, used = median(one.tick), p99(one.tick), median(one.used)
        ratio = used / first
        failed |= ratio > options.most_ratio or late > options.most_p99
        print(
            f"{one.stored.events:12,} {one.bytes_per_event:6.1f} {median(one.ingest):7.0f} "
            f"{middle:7.0f} {late:7.0f} {used:7.0f} {ratio:7.2f} {one.changes:7,} {one.waits:5}"
        )
        for name, why in sorted(one.engine.faults.items()):
            print(f"{name}: {why}", file=sys.stderr)
            failed = True
    return 1 if failed else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=_sizes, default=[100_000, 1_000_000])
    parser.add_argument("--rules", type=int, default=200)
    parser.add_argument("--new", type=int, default=10_000)
    parser.add_argument("--ticks", type=int, default=20)
    parser.add_argument(
        "--folder", type=Path, default=Path(tempfile.gettempdir()) / "atp-bench-tick"
    )
    parser.add_argument("--seconds", type=float, help="the time a tick is given")
    parser.add_argument("--most-ratio", type=float, default=float("inf"))
    parser.add_argument("--most-p99", type=float, default=float("inf"), help="milliseconds")
    return parser.parse_args()


def _sizes(text: str) -> list[int]:
    return [int(float(part)) for part in text.split(",")]


if __name__ == "__main__":
    raise SystemExit(main())
