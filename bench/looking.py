"""The portal with many who look: pages over HTTPS by fifty people, while events are ingested.

A process is the daemon (service with all shipped detections, listener, pages) over a database with many
events and alerts; another makes ordinary traffic and hands it over; this one is the browsers. Each person
has a session and a connection, and opens a page of theirs every few seconds, in an order of chance; who is
on the timeline holds its stream of events, too. Beside it stands the same over an empty database: the
ratio tells what the alerts and events cost. `alone` is a page that nobody else asks for, to tell waiting from work.

    python bench/looking.py [--alerts N] [--events N] [--people N] [--think S] [--seconds S] [--rate EVENTS]
        [--folder PATH] [--most-median MS] [--most-p99 MS]
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import multiprocessing
import os
import random
import ssl
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import psutil
from scale import desk as alerts_made
from scale import stream
from scale.figures import median, p99
from scale.stored import Stored
from scale.templates import templates
from sustained import Load, make

from engine.backends.duckdb import compile_detection
from engine.cli.rules import load_rules
from engine.daemon.folders import Folders
from engine.daemon.service import Service
from engine.instance.authority import create_authority
from engine.store.desk import Desk, beside
from engine.store.reads import reads_of
from engine.web.app import application
from engine.web.listener import Listener, open_port
from portal.access.accounts import Accounts
from portal.access.roles import Role
from portal.access.sessions import Sessions
from portal.pages.view import COOKIE
from portal.reading.sources import Sources
from portal.routes import pages, people_of
from portal.site import now

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

_HOST = f"ws7.{stream.DOMAIN}"
PAGES = (
    "/", "/?status=any&severity=high", "/?status=closed", f"/?entity={_HOST}", "/alerts/{number}",
    "/entities?q=ws1", "/suggest?q=u1", f"/entity?name={_HOST}", f"/entity?name=u7@{stream.DOMAIN}",
    f"/entity/usual?name={_HOST}", f"/entity?name={_HOST}&tab=alerts", f"/entity/card?name={_HOST}", "/detections", "/detections/attack",
    "/detections/dns_zone_transfer", "/detections/dns_zone_transfer/settings", "/alerts/{number}/exclude",
    "/incidents", "/lists", "/lists/dns_scanners", "/reports", "/hunt", "/health", "/sensors", "/audit", "/people", "/account",
)  # fmt: skip
"""Every page; paths to an entity are `bench/paths.py`'s."""


class Told(NamedTuple):
    """What the daemon's process says when it is ready."""

    port: int
    certificate: str
    tokens: list[str]
    alerts: int
    events: int
    took: float


def serve(
    options: argparse.Namespace, folder: Path, events: int, alerts: int, told: Connection
) -> None:
    """The daemon, until nobody listens any more."""
    begin = time.monotonic()
    loaded = load_rules(())
    compiled = {rule.plan.id: compile_detection(rule.plan) for rule in loaded.rules}
    found = templates(loaded.rules, lambda plan: compiled[plan.id])
    stored = Stored(folder, events, found)
    engine = stored.engine(loaded.rules, lambda plan: compiled[plan.id], loaded)
    file = folder / "portal.duckdb"
    for old in folder.glob(f"{file.name}.*"):
        old.unlink()
    context = multiprocessing.get_context("spawn")
    batches = context.Queue(20)
    load = Load(batches)
    load.take = list  # type: ignore[method-assign]  # nothing, before all is made
    service = Service(
        engine, Folders([], engine.store, [], lambda _p, _e: None), [load], None, quiet=True,
        desk=Desk(beside(file)), in_force=loaded.in_force,
    )  # fmt: skip
    end = stream.BEGIN + stored.rounds * stream.GAP
    last = alerts_made.fill(engine, service, end, alerts)
    people = people_of(file)
    Accounts(people).add("somebody", Role.ADMINISTRATOR, "correct horse battery", now())
    sessions = Sessions(people)
    tokens = [sessions.open("somebody", "127.0.0.1", "bench", now()) for _ in range(options.people)]
    reads = reads_of(engine.store)
    sources = Sources(file, beside(file), reads, lambda: service.status, clock=lambda: last)
    authority = create_authority(Path(tempfile.mkdtemp(dir=folder)) / "instance", ["localhost"])
    port = open_port("127.0.0.1", 0)
    number = port.getsockname()[1]
    listener = Listener(application(pages(sources, people)), port, authority)
    service.step()
    listener.start()
    with sources.desk() as desk:
        made = desk.count()
    took = time.monotonic() - begin
    told.send(Told(number, authority.certificate_pem, tokens, made, stored.events, took))
    maker = context.Process(target=make, args=(found, options.rate, batches), daemon=True)
    maker.start()
    load = service._sources[0]
    del load.take
    load._begin = time.monotonic()
    gc.collect()
    gc.freeze()
    stop = threading.Event()
    threading.Thread(target=lambda: (told.poll(None), stop.set()), daemon=True).start()
    while not stop.is_set():
        step = time.monotonic()
        service.step()
        stop.wait(max(0.0, 1.0 - (time.monotonic() - step)))
    told.send((load.events, load.behind, psutil.Process().memory_info().rss >> 20))
    listener.close()
    reads.close()
    maker.terminate()
    service.close()
    os._exit(0)  # threads of both databases are of no use any more


class Person:
    """One who looks, with a connection that stays open."""

    def __init__(self, told: Told, token: str, trust: ssl.SSLContext, seed: int) -> None:
        self._told, self._trust = told, trust
        self._ask = (
            "GET {} HTTP/1.1\r\nHost: localhost\r\n"
            f"Cookie: {COOKIE}={token}\r\nSec-Fetch-Site: same-origin\r\n\r\n"
        )
        self._rng = random.Random(seed)

    async def look(self, think: float, until: float, spent: dict[str, list[float]]) -> None:
        """Page after page; seconds of each go into `spent`."""
        reader, writer = await self._open()
        live: asyncio.StreamWriter | None = None
        await asyncio.sleep(self._rng.random() * think)
        while time.monotonic() < until:
            page = self._rng.choice(PAGES)
            spent[page].append(await self.get(reader, writer, page))
            if live is not None:
                live.close()
                live = None
            if page == "/":
                _, live = await self._open()
                live.write(self._ask.format("/live").encode())
            await asyncio.sleep(think * self._rng.uniform(0.5, 1.5))
        writer.close()

    async def get(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, page: str
    ) -> float:
        """Seconds until a page was there whole."""
        number = self._rng.randint(1, max(1, self._told.alerts))
        path = page.format(number=number)
        begin = time.perf_counter()
        writer.write(self._ask.format(path).encode())
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        status = head.split(b" ", 2)[1]
        length = int(head.split(b"content-length: ", 1)[1].split(b"\r\n", 1)[0])
        await reader.readexactly(length)
        spent = time.perf_counter() - begin
        if status != b"200" and self._told.alerts:
            print(f"{path}: {status.decode()}", flush=True)
        return spent

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(
            "localhost", self._told.port, ssl=self._trust, limit=1 << 20
        )


def measured(
    options: argparse.Namespace, folder: Path, events: int, alerts: int
) -> tuple[dict[str, list[float]], dict[str, float]]:
    """Seconds by page under load, and of each page alone (the median of five)."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    daemon = context.Process(target=serve, args=(options, folder, events, alerts, theirs))
    daemon.start()
    told: Told = ours.recv()
    print(f"{told.events:,} events, {told.alerts:,} alerts, made in {told.took:.0f} s", flush=True)
    trust = ssl.create_default_context(cadata=told.certificate)
    spent: dict[str, list[float]] = {page: [] for page in PAGES}

    async def everybody() -> dict[str, float]:
        people = [Person(told, t, trust, i) for i, t in enumerate(told.tokens)]
        reader, writer = await people[0]._open()
        alone = {}
        for page in PAGES:
            found = sorted([await people[0].get(reader, writer, page) for _ in range(5)])
            alone[page] = found[2]
        until = time.monotonic() + options.seconds
        await asyncio.gather(*(p.look(options.think, until, spent) for p in people))
        return alone

    alone = asyncio.run(everybody())
    ours.send("enough")
    taken, behind, memory = ours.recv()
    print(f"{taken:,} events came meanwhile, {behind:.0f} s behind; {memory:,} MB", flush=True)
    daemon.join(60)
    with suppress(ValueError):
        daemon.kill()
    return spent, alone


def main() -> int:
    """Measure; 1 where a page takes longer than it may."""
    options = _options()
    with tempfile.TemporaryDirectory() as made:
        folder = options.folder or Path(made)
        folder.mkdir(parents=True, exist_ok=True)
        full, alone = measured(options, folder, int(options.events), int(options.alerts))
        empty, _ = measured(options, folder, 0, 0)
    print(
        f"{options.people} people, a page every {options.think:g} s each, {options.rate:,} events a second; ms"
    )
    print(
        f"{'page':44} {'times':>5} {'alone':>6} {'median':>6} {'p99':>6}   empty: {'median':>6} {'p99':>6}"
    )
    everything: list[float] = []
    for page in PAGES:
        everything += full[page]
        figures = [alone[page] * 1000, *(f(v[page]) for v in (full, empty) for f in (median, p99))]
        print(
            f"{page:44} {len(full[page]):5}",
            "{:6.0f} {:6.0f} {:6.0f}          {:6.0f} {:6.0f}".format(*figures),
            flush=True,
        )
    usual, late = median(everything), p99(everything)
    print(f"{'all':44} {len(everything):5} {'':6} {usual:6.0f} {late:6.0f}")
    return int(usual > options.most_median or late > options.most_p99)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--alerts", type=float, default=100_000)
    parser.add_argument("--events", type=float, default=5_000_000)
    parser.add_argument("--people", type=int, default=50)
    parser.add_argument("--think", type=float, default=10.0)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--rate", type=int, default=1_000)
    parser.add_argument("--folder", type=Path, help="where the databases are made, and kept")
    parser.add_argument("--most-median", type=float, default=float("inf"))
    parser.add_argument("--most-p99", type=float, default=float("inf"))
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
