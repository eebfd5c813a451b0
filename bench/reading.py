"""What a tick loses while the portal reads: ticks alone, beside pages, beside the heaviest query there may be.

`bench/reading.py [EVENTS]`. The same run is its own peer: each line says how many times longer its ticks take.
"""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

from dsl.schema.dns import DnsQuery
from dsl.schema.kerberos import KerberosAs
from engine.cli.rules import load_rules
from engine.run import Engine
from engine.store import Store
from engine.store.reads import ReadError, reads_of
from portal.reading import events
from portal.reading.query import answered

SECOND = 1_000_000
START = 1_767_614_400_000_000
BATCH = 1_000
TICKS = 20
HEAVY = "SELECT count(*) FROM dns_query a, dns_query b WHERE a.seq + b.seq = 7777"


class Stream:
    """Events of 500 clients, a second a batch."""

    def __init__(self):
        self.random = random.Random(7)
        self.seq = 0

    def batch(self, number):
        made = []
        for _ in range(number):
            self.seq += 1
            ts, host = START + self.seq * SECOND // BATCH, self.random.randrange(500)
            common = {"ts": ts, "sensor": "s", "seq": self.seq, "via": "wire"}
            common["src_ip"] = f"10.0.{host // 250}.{host % 250 + 1}"
            if self.seq % 4:
                made.append(DnsQuery(query=f"h{host}.corp.test", qtype="a", **common))
            else:
                made.append(KerberosAs(account=f"u{host}@CORP.TEST", **common))
        return made


def ticks(engine, stream):
    took = []
    for _ in range(TICKS):
        engine.ingest(stream.batch(BATCH))
        began = time.monotonic()
        engine.tick(seconds=0.5)
        took.append(time.monotonic() - began)
    return took


def beside(work, engine, stream):
    """Ticks while a thread does this again and again; what became of it how often."""
    stop, done = threading.Event(), Counter()

    def run():
        while not stop.is_set():
            try:
                work()
                done["answered"] += 1
            except ReadError as error:
                done[str(error)] += 1

    thread = threading.Thread(target=run)
    thread.start()
    took = ticks(engine, stream)
    stop.set()
    thread.join()
    return took, done


def main():
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 500_000
    loaded = load_rules(())
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "atp.duckdb")
        engine = Engine(store, loaded.rules, keep=True, compile_detection=loaded.compile_detection)
        engine.put_lists(loaded.lists, loaded.rows)
        stream = Stream()
        for _ in range(number // 50_000):
            engine.ingest(stream.batch(50_000))
        engine.tick()
        reads = reads_of(store)
        sources = SimpleNamespace(reads=reads)
        ticks(engine, stream)  # warm
        alone = ticks(engine, stream)

        def page():
            events.of_entity(sources, "u7@corp.test")
            time.sleep(0.1)

        cases = {
            "a page ten times a second": page,
            "the heaviest query": lambda: answered(sources, HEAVY),
        }
        base = statistics.median(alone)
        print(f"{number:,} events, {len(loaded.rules)} detections, {BATCH} events a tick")
        print(f"alone: median {base * 1000:.0f} ms, longest {max(alone) * 1000:.0f} ms")
        for name, work in cases.items():
            took, done = beside(work, engine, stream)
            middle = statistics.median(took)
            times = ", ".join(f"{n} {what}" for what, n in done.items())
            print(
                f"beside {name}: median {middle * 1000:.0f} ms ({middle / base:.2f} times), "
                f"longest {max(took) * 1000:.0f} ms; {times}"
            )
        reads.close()
        store.close()


if __name__ == "__main__":
    main()
