"""Event logs that grow, wrap around, are archived, cleared and replaced: every record once."""

import os
import random
import signal
import time
from pathlib import Path

import pytest
from evtxfile import log, read

from engine.daemon import bookmarks
from engine.daemon.bookmarks import Bookmarks
from engine.daemon.folders import Folders
from engine.daemon.reader import Reader
from engine.ingest_seen import Seen
from engine.store import Store
from sensor.inputs import evtx
from sensor.inputs.evtxchunk import CHUNK_SIZE, HEADER_SIZE
from sensor.inputs.logs import read_log

DATA = Path(os.environ.get("ATP_DATA", Path(__file__).parents[4] / "shared" / "data"))
LOG = DATA / "evtx" / "omerbenamram+evtx" / "samples__security.evtx"


class Taken:
    """An engine that only takes, and drops repeats as the real one does."""

    def __init__(self, store):
        self.store = store
        self.seen, self.times, self.repeated, self.fails = Seen(), [], 0, None

    raw = False

    def keep(self, rows):
        self.store.append((), rows)

    def states(self, prefix):
        return self.store.states(prefix)

    def ingest(self, events):
        if self.fails:
            raise self.fails
        for event in events:
            if not self.seen.add(event.sensor, event.seq):
                self.repeated += 1
            elif type(event).__name__ == "AuditChange":
                self.times.append(event.ts)


class Machine:
    """A daemon over a folder, that can be killed: only what is in the store is left."""

    def __init__(self, watched, store):
        self.watched, self.engine, self.store = watched, Taken(store), store
        self.now = 0.0
        self.start()

    def start(self):
        self.folders = Folders([self.watched], self.store)
        self.reader = Reader(self.engine, self.folders, lambda: None)

    def look(self):
        self.reader.step()
        self.reader.step()

    @property
    def numbers(self):
        return sorted(t // 1_000_000 - 1_700_000_000 for t in self.engine.times)


@pytest.fixture
def machine(watched, store, monkeypatch):
    monkeypatch.setattr(evtx, "any_reader", lambda _wanted: read)
    monkeypatch.setattr("engine.daemon.folders._PATIENCE", 0)
    return Machine(watched, store)


def all_of(first, last):
    return list(range(first, last + 1))


def test_only_what_is_new_is_taken(machine, watched):
    path = watched / "Security.evtx"
    path.write_bytes(log((1, 10)))
    machine.look()
    path.write_bytes(log((1, 20), (21, 25)))
    machine.look()
    assert machine.numbers == all_of(1, 25)
    assert machine.engine.repeated == 0


@pytest.mark.parametrize("killed", [False, True])
def test_a_log_wraps_around(machine, watched, killed, capsys):
    path = watched / "Security.evtx"
    path.write_bytes(log((1, 10), (11, 20)))
    machine.look()
    if killed:
        machine.start()
    path.write_bytes(log((21, 30), (11, 20)))
    machine.look()
    path.write_bytes(log((21, 30), (31, 36)))
    machine.look()
    assert machine.numbers == all_of(1, 36)
    assert machine.engine.repeated == 0
    assert "overwritten" not in capsys.readouterr().err


def test_killed_between_events_and_bookmark(machine, watched):
    path = watched / "Security.evtx"
    path.write_bytes(log((1, 10)))
    machine.look()
    path.write_bytes(log((1, 30)))
    append, machine.store.append = machine.store.append, None  # the bookmark is never written
    with pytest.raises(TypeError):
        machine.look()
    machine.store.append = append
    machine.start()
    machine.look()
    assert machine.numbers == all_of(1, 30)
    assert machine.engine.repeated > 0


def test_records_overwritten_before_they_were_read_are_told(machine, watched, capsys):
    path = watched / "Security.evtx"
    path.write_bytes(log((1, 10)))
    machine.look()
    path.write_bytes(log((15, 20)))
    machine.look()
    assert machine.numbers == [*all_of(1, 10), *all_of(15, 20)]
    assert "4 records were overwritten" in capsys.readouterr().err


def test_an_archive_and_the_log_after_it(machine, watched, capsys):
    (watched / "Security.evtx").write_bytes(log((1, 10)))
    machine.look()
    (watched / "Security.evtx").write_bytes(log((17, 20)))
    (watched / "Archive-Security-2026-11-23.evtx").write_bytes(log((1, 16)))
    machine.look()
    assert machine.numbers == all_of(1, 20)
    assert machine.engine.repeated == 0
    assert capsys.readouterr().err == ""


def test_an_archive_that_comes_later(machine, watched):
    (watched / "Security.evtx").write_bytes(log((1, 10)))
    machine.look()
    (watched / "Security.evtx").write_bytes(log((8000, 8000)))
    machine.look()
    (watched / "Security.evtx").write_bytes(log((8000, 8900)))
    machine.look()
    (watched / "Archive-Security-2026-11-23.evtx").write_bytes(log((5, 900)))
    machine.look()
    assert machine.numbers == [*all_of(1, 900), *all_of(8000, 8900)]


def test_copies_tell_nothing_new(machine, watched):
    (watched / "a.evtx").write_bytes(log((1, 10)))
    machine.look()
    (watched / "b.evtx").write_bytes(log((1, 10)))
    machine.look()
    assert machine.numbers == all_of(1, 10)


@pytest.mark.parametrize(
    "after", [log((1, 5), seconds=1_800_000_000), log((4, 9), seconds=1_600_000_000)]
)
def test_another_log_of_the_same_name(machine, watched, after):
    """The machine was installed anew: its numbers begin again."""
    path = watched / "Security.evtx"
    path.write_bytes(log((1, 10)))
    machine.look()
    path.write_bytes(after)
    machine.look()
    assert len(machine.numbers) in {15, 16}
    assert machine.engine.repeated == 0


def test_a_cleared_log_goes_on(machine, watched, capsys):
    path = watched / "Security.evtx"
    path.write_bytes(log((1, 10)))
    machine.look()
    path.write_bytes(log((11, 11)))
    machine.look()
    assert machine.numbers == all_of(1, 11)
    assert capsys.readouterr().err == ""


def test_an_empty_log(machine, watched):
    path = watched / "Security.evtx"
    path.write_bytes(log())
    machine.look()
    path.write_bytes(log((1, 3)))
    machine.look()
    assert machine.numbers == all_of(1, 3)


def test_spans_are_joined_and_bounded():
    assert bookmarks._joined([(5, 9), (1, 4), (20, 30), (8, 12)]) == [(1, 12), (20, 30)]
    many = bookmarks._joined([(10 * i, 10 * i + 1) for i in range(1000)])
    assert len(many) <= bookmarks._SPANS
    assert many[-1] == (9990, 9991)
    assert many[0][0] == 0


def test_bookmarks_are_in_the_store(watched, tmp_path):
    path = watched / "Security.evtx"
    path.write_bytes(log((1, 10)))
    store = Store(tmp_path / "db")
    first = Bookmarks(store)
    store.append((), first.advance(first.find(path), path, 10))
    assert Bookmarks(store).find(path) == (1, ((1, 10),), 0)
    store.close()


@pytest.mark.slow
@pytest.mark.data
def test_a_process_killed_while_a_log_grows(atp_run, watched, tmp_path):
    """kill -9 at any moment, five times, over a real log: nothing is lost or taken twice."""
    if not LOG.is_file():
        assert os.environ.get("CI") != "true", f"{LOG} is missing"
        pytest.skip(f"{LOG} is not here")
    wanted = []
    read_log(LOG, wanted.append)
    wanted = sum(type(e).__name__ == "Logon" for e in wanted)
    rng, data = random.Random(), LOG.read_bytes()
    at = HEADER_SIZE
    with (watched / "Security.evtx").open("wb", buffering=0) as grown:
        grown.write(data[:at])
        while at < len(data):
            run = atp_run()
            if rng.random() < 0.7:
                run.begun()
            end = time.monotonic() + rng.uniform(0.5, 3)
            while time.monotonic() < end and at < len(data):
                grown.write(data[at : at + CHUNK_SIZE])
                at += CHUNK_SIZE
                time.sleep(0.3)
            run.stop(signal.SIGKILL)
    for seconds in (3, 10, 30):  # as busy as the machine may be
        run = atp_run().begun()
        time.sleep(seconds)
        assert run.stop()[0] == 0
        store = Store(tmp_path / "atp.duckdb")
        found = store.connection.execute(
            "SELECT count(*), count(DISTINCT (sensor, seq)) FROM logon"
        ).fetchone()
        store.close()
        if found[0] == wanted:
            break
    assert found == (wanted, wanted)
