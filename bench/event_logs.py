"""Records of an .evtx a second: the whole way into the store with all detections on, beside the bare Rust reader and python-evtx.

    python bench/event_logs.py [FILE] [--rounds 3] [--records 100000]

FILE (default: the largest Security log of $ATP_DATA) is made into one long log whose last record is of now, 50 records a second. In turn,
ROUNDS times: `bare`, the library `evtx` alone, records as JSON, one thread; `mapped`, our reader with the mapping; `whole`, as `atp-run`
reads it: a process that reads beside the engine, names, store on disk, ticks with all detections, until the last event is judged. Once:
python-evtx, the first ten seconds of FILE. Prints medians of the rounds, of wall time and of processor time (all processes), and ratios.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from scale import longlog

from engine.cli.rules import Loaded, load_rules
from engine.daemon.folders import Folders
from engine.daemon.service import Service
from engine.entities_rows import FOREVER
from engine.run import Engine
from engine.store import Store
from sensor.inputs.logs import read_log

if TYPE_CHECKING:
    from collections.abc import Callable

APART_US = 20_000
PEER_S = 10.0


class Spent:
    """Seconds of wall time and of processor time of work."""

    def __init__(self, work: Callable[[], int]) -> None:
        wall, used = time.perf_counter(), _processor()
        self.count = work()
        self.wall = time.perf_counter() - wall
        self.used = _processor() - used


def _processor() -> float:
    """Seconds of this process and of those it has ended."""
    every = (resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(u.ru_utime + u.ru_stime for u in every)


def bare(path: Path) -> int:
    from evtx import PyEvtxParser  # noqa: PLC0415 - the peer

    return sum(1 for _ in PyEvtxParser(str(path), 1).records_json())


def peer(path: Path) -> int:
    """python-evtx, for a while."""
    from Evtx.Evtx import Evtx  # noqa: PLC0415 - the peer

    begin, count = time.perf_counter(), 0
    with Evtx(str(path)) as log:
        for record in log.records():
            record.xml()
            count += 1
            if time.perf_counter() - begin > PEER_S:
                break
    return count


def mapped(path: Path) -> int:
    events = 0

    def emit(_event: object) -> None:
        nonlocal events
        events += 1

    read_log(path, emit)
    return events


class Whole:
    """A daemon's inside over a folder with the log in it."""

    def __init__(self, folder: Path, loaded: Loaded) -> None:
        watched = folder / "watched"
        self._store = Store(folder / "atp.db")
        self._engine = Engine(
            self._store,
            loaded.rules,
            compile_detection=loaded.compile_detection,
            keep=True,
            clock=lambda: time.time_ns() // 1000,
        )
        self._engine.put_lists(loaded.lists, loaded.rows)
        self._service = Service(self._engine, Folders([watched], self._store), [], None, quiet=True)
        self._service.step()  # a file is read at the second look

    def run(self) -> int:
        """Read it all, and tick; how many events there are."""
        self._service.step()
        return self._store.count(0, FOREVER)

    def close(self) -> None:
        self._store.close()


def whole(path: Path, loaded: Loaded) -> Spent:
    with tempfile.TemporaryDirectory(dir=path.parent) as name:
        folder = Path(name)
        (folder / "watched").mkdir()
        os.link(path, folder / "watched" / path.name)
        one = Whole(folder, loaded)
        try:
            return Spent(one.run)
        finally:
            one.close()


def some_log() -> Path | None:
    data = Path(os.environ.get("ATP_DATA", "../shared/data"))
    return max(data.rglob("*ecurity.evtx"), key=lambda p: (p.stat().st_size, p), default=None)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("file", nargs="?", type=Path, default=some_log())
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--records", type=int, default=100_000)
    options = parser.parse_args()
    if options.file is None:
        print("no .evtx: name one, or set ATP_DATA")
        return
    loaded = load_rules(())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "long.evtx"
        with path.open("wb") as stream:
            begin = time.time_ns() // 1000 - options.records * APART_US
            records = longlog.write(stream, options.file, options.records, begin, APART_US)
        measure(path, options.file, records, loaded, options.rounds)


def measure(path: Path, source: Path, records: int, loaded: Loaded, rounds: int) -> None:
    found: dict[str, list[Spent]] = {"bare": [], "mapped": [], "whole": []}
    for _ in range(rounds):
        found["bare"].append(Spent(lambda: bare(path)))
        found["mapped"].append(Spent(lambda: mapped(path)))
        found["whole"].append(whole(path, loaded))
    slow = Spent(lambda: peer(source))
    load = ", ".join(f"{n:.1f}" for n in os.getloadavg())
    print(f"{records} records, {found['whole'][0].count} events, {len(loaded.rules)} detections,"
          f" {len(os.sched_getaffinity(0))} processors, load {load}")  # fmt: skip
    print(f"{'':12} {'records/s':>10} {'of processor time':>18} {'events/s':>10}")
    rates = {}
    for name, spent in found.items():
        wall, used = (statistics.median(getattr(s, w) for s in spent) for w in ("wall", "used"))
        rates[name] = records / wall, records / used
        events = "" if name == "bare" else f"{spent[0].count / wall:10,.0f}"
        print(f"{name:12} {rates[name][0]:10,.0f} {rates[name][1]:18,.0f} {events}")
    rates["python-evtx"] = slow.count / slow.wall, slow.count / slow.used
    print(f"{'python-evtx':12} {rates['python-evtx'][0]:10,.0f} {rates['python-evtx'][1]:18,.0f}")
    for other in ("bare", "python-evtx"):
        wall, used = (rates["whole"][i] / rates[other][i] for i in (0, 1))
        print(f"whole / {other}: {wall:.2f} of wall time, {used:.2f} of processor time")


if __name__ == "__main__":
    main()
