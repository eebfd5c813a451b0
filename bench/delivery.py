"""Events a second from a sensor's process through spool and HTTPS into the store, beside the same events put in directly.

    .venv/bin/python bench/delivery.py [BATCHES]

The events of the bundled recording, repeated with other numbers and times, BATCHES (10) of 20,000. Directly: `Engine.ingest`
without rules. Delivered: a sensor in a process of its own encodes, writes its spool (fsync each batch) and sends; the engine
answers over TLS, decodes, ingests, acknowledges. Prints both, the ratio, bytes an event, and the processor time of the stages, which a busy machine changes least.
"""

from __future__ import annotations

import copy
import multiprocessing as mp
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from engine.daemon.receiving import Receiving
from engine.instance.authority import create_authority
from engine.instance.registry import Registry
from engine.run import Engine
from engine.store import Store
from engine.web.listener import open_port
from sensor.delivery.batch import MOST_EVENTS, counts, decode, encode
from sensor.delivery.enrolment import enrol, fingerprint_of
from sensor.delivery.identity import SPOOL, load_identity
from sensor.delivery.sender import Sender
from sensor.delivery.spool import Packed, Spool
from sensor.inputs.files import read_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dsl.schema.base import Event

ROOT = Path(__file__).parent.parent


def batches(count: int) -> Iterator[list[Event]]:
    recorded: list[Event] = []
    read_file(ROOT / "examples" / "intrusion.pcap.gz", recorded.append, sensor="bench")
    by = max(e.ts for e in recorded) - min(e.ts for e in recorded) + 1
    number = 0
    for _ in range(count):
        batch = []
        while len(batch) < MOST_EVENTS:
            event = copy.copy(recorded[number % len(recorded)])
            event.ts += number // len(recorded) * by
            number += 1
            event.seq = number
            batch.append(event)
        yield batch


def spooled(folder: Path, made: list[list[Event]]) -> Spool:
    spool = Spool(folder / SPOOL, 1 << 40, 1e9)
    for batch in made:
        times = [e.ts for e in batch]
        spool.append(Packed(encode(batch), counts(batch), min(times), max(times)), {})
    return spool


def sensor(folder: Path, count: int, ready, done) -> None:
    made = list(batches(count))
    ready.set()
    spool = spooled(folder, made)
    sender = Sender(load_identity(folder), spool, "bench", "")
    sender.start()
    while spool.waiting().batches:
        time.sleep(0.01)
    done.set()
    sender.close(0)


def direct(folder: Path, made: list[list[Event]]) -> float:
    engine = Engine(
        Store(folder / "direct.duckdb"), [], compile_detection=lambda _: None, keep=True
    )
    began = time.perf_counter()
    for batch in made:
        engine.ingest(batch)
    seconds = time.perf_counter() - began
    engine.store.close()
    return seconds


def delivered(folder: Path, count: int) -> tuple[float, int]:
    authority = create_authority(folder / "instance", [])
    registry = Registry(folder / "instance" / "sensors.sqlite")
    port = open_port("127.0.0.1", 0)
    url = f"https://127.0.0.1:{port.getsockname()[1]}"
    receiving = Receiving(port, authority, registry, lambda _s, _u: None, raw=False)
    key, state = registry.new_access_key(), folder / "sensor"
    enrol(state, url, fingerprint_of(authority.certificate_pem), key, "bench", "bench", "")
    engine = Engine(
        Store(folder / "delivered.duckdb"), [], compile_detection=lambda _: None, keep=True
    )
    context = mp.get_context("spawn")
    ready, done = context.Event(), context.Event()
    process = context.Process(target=sensor, args=(state, count, ready, done))
    process.start()
    ready.wait()
    began = time.perf_counter()
    taken = 0
    while not done.is_set():
        events = receiving.take()
        for start in range(0, len(events), MOST_EVENTS):
            taken += engine.ingest(events[start : start + MOST_EVENTS])
        receiving.stored()
        if not events:
            time.sleep(0.005)
    seconds = time.perf_counter() - began
    process.join()
    receiving.close()
    engine.store.close()
    return seconds, taken


def stage(what: str, seconds: float, events: int) -> None:
    print(f"  {what:<22}{seconds / events * 1e6:7.2f} us an event")


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made = list(batches(count))
        events = sum(map(len, made))
        alone = time.process_time()
        seconds = direct(folder, made)
        alone = time.process_time() - alone
        began = time.process_time()
        encoded = [encode(batch) for batch in made]
        to_bytes = time.process_time() - began
        began = time.process_time()
        assert sum(len(decode(data).events) for data in encoded) == events
        back = time.process_time() - began
        began = time.process_time()
        spooled(folder, made).close()
        to_disk = time.process_time() - began - to_bytes
        busy = time.process_time()
        whole, taken = delivered(folder, count)
        busy = time.process_time() - busy
        assert taken == events
    print(f"{events} events, {sum(map(len, encoded)) / events:.1f} bytes an event")
    print(f"directly   {events / seconds:10,.0f} events/s")
    print(f"delivered  {events / whole:10,.0f} events/s, {seconds / whole:.2f} of that")
    print("processor time")
    stage("engine, directly", alone, events)
    stage("engine, delivered", busy, events)
    for what, spent in (("encode", to_bytes), ("spool", max(to_disk, 0)), ("decode", back)):
        stage(what, spent, events)


if __name__ == "__main__":
    main()
