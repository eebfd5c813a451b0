"""JSON lines that grow, are rotated and truncated, with kills in between: every event once."""

from __future__ import annotations

import gzip
import json
import random
import shutil
import signal
import time
from datetime import UTC, datetime, timedelta

import pytest

from engine.daemon.folders import Folders
from engine.daemon.reader import Reader
from engine.ingest_seen import Seen
from engine.store import Store

BEGIN = datetime.now(UTC) - timedelta(hours=1)


def line(number):
    at = (BEGIN + timedelta(seconds=number)).isoformat()
    system = {
        "Provider": {"Name": "Microsoft-Windows-Security-Auditing"}, "EventID": 4776,
        "TimeCreated": {"SystemTime": at}, "Channel": "Security", "EventRecordID": number,
        "Computer": "dc1.corp.test",
    }  # fmt: skip
    data = {"TargetUserName": f"user{number}", "Workstation": "WS9", "Status": "0x0"}
    return json.dumps({"Event": {"System": system, "EventData": data}}) + "\n"


def lines(first, last):
    return "".join(map(line, range(first, last)))


class Taken:
    """An engine that only takes, and drops repeats as the real one does."""

    def __init__(self, store):
        self.store, self.seen = store, Seen()
        self.accounts, self.repeated = [], 0

    raw = False

    def keep(self, rows):
        self.store.append((), rows)

    def states(self, prefix):
        return self.store.states(prefix)

    def ingest(self, events):
        for event in events:
            if not self.seen.add(event.sensor, event.seq):
                self.repeated += 1
            elif type(event).__name__ == "NtlmAuth":
                self.accounts.append(int(event.account.removeprefix("user")))


class Machine:
    """A daemon over a folder that can be killed: only what is in the store is left."""

    def __init__(self, watched, store):
        self.watched, self.store, self.engine = watched, store, Taken(store)
        self.kill()

    def kill(self):
        self.reader = Reader(self.engine, Folders([self.watched], self.store), lambda: None)

    def look(self):
        self.reader.step()
        self.reader.step()

    def add(self, text, name="log.json"):
        with (self.watched / name).open("a") as file:
            file.write(text)

    @property
    def seen(self):
        assert len(self.engine.accounts) == len(set(self.engine.accounts))
        return sorted(self.engine.accounts)


@pytest.fixture
def machine(watched, store, monkeypatch):
    monkeypatch.setattr("engine.daemon.folders._PATIENCE", 0)
    return Machine(watched, store)


def numbers(last):
    return list(range(last))


@pytest.mark.parametrize("killed", [False, True])
def test_only_what_is_new_is_read(machine, killed):
    machine.add(lines(0, 20))
    machine.look()
    if killed:
        machine.kill()
    machine.add(lines(20, 30))
    machine.look()
    assert machine.seen == numbers(30)
    assert machine.engine.repeated == 0


def test_a_line_half_written(machine):
    whole = line(20)
    machine.add(lines(0, 20) + whole[:50])
    machine.look()
    assert machine.seen == numbers(20)
    machine.add(whole[50:])
    machine.look()
    assert machine.seen == numbers(21)


@pytest.mark.parametrize("first", [1, 20])
@pytest.mark.parametrize("killed", [False, True])
def test_renamed_and_begun_anew(machine, watched, killed, first):
    """Also one so short that its beginning alone does not tell it."""
    machine.add(lines(0, first))
    machine.look()
    machine.add(lines(first, first + 10))
    if killed:
        machine.kill()
    (watched / "log.json").rename(watched / "log.json.1")
    machine.add(lines(first + 10, 50))
    machine.look()
    machine.add(lines(50, 60))
    machine.look()
    assert machine.seen == numbers(60)
    assert machine.engine.repeated == 0


@pytest.mark.parametrize("killed", [False, True])
def test_copied_and_truncated(machine, watched, killed):
    machine.add(lines(0, 20))
    machine.look()
    machine.add(lines(20, 25))
    shutil.copy(watched / "log.json", watched / "log.json.1")
    if killed:
        machine.kill()
    (watched / "log.json").write_text("")
    machine.look()
    machine.add(lines(25, 70))
    machine.look()
    assert machine.seen == numbers(70)


def test_packed_after_it_was_rotated(machine, watched):
    machine.add(lines(0, 20))
    machine.look()
    machine.add(lines(20, 30))
    packed = gzip.compress((watched / "log.json").read_bytes())
    (watched / "log.json").unlink()
    (watched / "log.json.1.gz").write_bytes(packed)
    machine.look()
    assert machine.seen == numbers(30)


def test_killed_between_events_and_bookmark(machine, store, monkeypatch):
    machine.add(lines(0, 20))
    with monkeypatch.context() as patched:
        patched.setattr(machine.reader._folders, "done", None)
        with pytest.raises(TypeError):
            machine.look()
    machine.kill()
    machine.add(lines(20, 30))
    machine.look()
    assert machine.seen == numbers(30)
    assert machine.engine.repeated > 0


def stored(path):
    """How often each account's logon is in the database, after the daemon's end."""
    store = Store(path)
    rows = store.connection.execute("SELECT account, count(*) FROM ntlm_auth GROUP BY ALL")
    found = dict(rows.fetchall())
    store.close()
    return found


@pytest.mark.slow
def test_a_process_killed_while_a_log_grows_and_is_rotated(atp_run, watched, tmp_path):
    """kill -9 at any moment, five times: nothing is lost or taken twice."""
    rng = random.Random()
    log, done = watched / "log.json", 0
    for round_ in range(5):
        run = atp_run()
        if rng.random() < 0.7:
            run.begun()
        end = time.monotonic() + rng.uniform(0.5, 3)
        while time.monotonic() < end:
            with log.open("a") as file:
                file.write(lines(done, done + 10))
            done += 10
            time.sleep(0.05)
        run.stop(signal.SIGKILL)
        if round_ % 2:
            log.rename(watched / f"log.json.{round_}")
        elif round_ == 2:
            shutil.copy(log, watched / "log.json.copy")
            log.write_text("")
    for seconds in (3, 10, 30):  # as busy as the machine may be
        run = atp_run().begun()
        time.sleep(seconds)
        assert run.stop()[0] == 0
        found = stored(tmp_path / "atp.duckdb")
        if len(found) == done:
            break
    assert len(found) == done
    assert set(found.values()) == {1}
