"""Records a second of both readers of .evtx files, alone and with the mapping, and their ratio.

    .venv/bin/python bench/event_logs.py [FILE] [ROUNDS]

FILE: an .evtx; default: one of a few MB from $ATP_DATA. The best of ROUNDS (3) for the Rust reader, one round for the one in Python.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from sensor.inputs.damage import Damage
from sensor.inputs.evtx import read_evtx
from sensor.inputs.evtxchunk import python_reader, rust_reader
from sensor.map.windows import map_record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sensor.inputs.evtxchunk import ChunkReader
    from sensor.map.record import Record


def records(path: Path, reader: ChunkReader) -> Iterator[Record]:
    with path.open("rb") as stream:
        yield from (r for r in read_evtx(stream, reader=reader) if not isinstance(r, Damage))


def rate(work: Callable[[], int], rounds: int) -> tuple[int, float]:
    """Records, and records a second in the best round."""
    count, best = 0, float("inf")
    for _ in range(rounds):
        begin = time.perf_counter()
        count = work()
        best = min(best, time.perf_counter() - begin)
    return count, count / best


def some_log() -> Path | None:
    """The largest log of the data folder that the reader in Python ends within a minute."""
    data = Path(os.environ.get("ATP_DATA", "../shared/data"))
    logs = [p for p in data.rglob("*.evtx") if p.stat().st_size < 3_000_000]
    return max(logs, key=lambda p: p.stat().st_size, default=None)


def main() -> None:
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else some_log()
    if path is None:
        print("no .evtx: name one, or set ATP_DATA")
        return
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    rates = {}
    for name, make, times in (("rust", rust_reader, rounds), ("python", python_reader, 1)):
        reader = make()
        count, rates[name] = rate(lambda r=reader: sum(1 for _ in records(path, r)), times)
        print(f"{name:7} {count:8} records {rates[name]:12,.0f} records/s")
    print(f"ratio   {rates['rust'] / rates['python']:.0f}")
    reader = rust_reader()
    count, mapped = rate(
        lambda: sum(1 for r in records(path, reader) if map_record(r) or r), rounds
    )
    print(f"mapped  {count:8} records {mapped:12,.0f} records/s")


if __name__ == "__main__":
    main()
