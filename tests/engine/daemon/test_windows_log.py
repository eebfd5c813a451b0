"""A channel read live, over an event log of the test's own: bookmarks, damage, a log that goes away."""

from __future__ import annotations

import threading
import time

import pytest

from engine.daemon import windows_log
from engine.daemon.inputs import Ground
from engine.daemon.inputs.windows_log import _Channel
from engine.daemon.windows_log import WindowsLog, record_after
from engine.ingest_seen import Seen
from sensor.inputs.interface import InterfaceError
from sensor.inputs.wevtapi import Written


def xml(number):
    return (
        f"<Event><System><Provider Name='Microsoft-Windows-Security-Auditing'/><EventID>4776</EventID>"
        f"<TimeCreated SystemTime='2026-01-05T12:00:{number % 60:02d}.5Z'/><Channel>Security</Channel>"
        f"<EventRecordID>{9000 + number}</EventRecordID><Computer>dc1.corp.test</Computer></System><EventData>"
        f"<Data Name='TargetUserName'>u{number}</Data><Data Name='Status'>0x0</Data></EventData></Event>"
    )


class Log:
    """An event log of one channel, as `EventLogApi`; its own subscription, too."""

    def __init__(self, last=0):
        self.texts = {n: xml(n) for n in range(1, last + 1)}
        self.came, self.at, self.asked, self.fails = threading.Event(), 0, [], 0
        self.closed = 0

    def add(self, number, text=None):
        self.texts[number] = text or xml(number)
        self.came.set()

    def subscribe(self, channel, after):
        assert channel == "Security"
        self.asked.append(after)
        if self.fails:
            self.fails -= 1
            raise InterfaceError("the Windows log Security cannot be read: gone")
        self.at = after
        self.came.set()
        return self

    def wait(self, seconds):
        return self.came.wait(seconds)

    def following(self):
        if self.fails:
            raise InterfaceError("the Windows log Security cannot be read: gone")
        found = sorted(n for n in self.texts if n > self.at)[:2]
        if not found:
            self.came.clear()
            return []
        self.at = found[-1]
        return [Written(n, self.texts[n]) for n in found]

    def close(self):
        self.closed += 1


class Engine:
    """What a store keeps of a run: who was seen, and the greatest number."""

    def __init__(self):
        self.seen, self.accounts, self.repeated = Seen(), [], 0

    def take(self, events):
        for event in events:
            if not self.seen.add(event.sensor, event.seq):
                self.repeated += 1
            elif type(event).__name__ == "NtlmAuth":
                self.accounts.append(int(event.account.removeprefix("u")))

    def last(self, sensor):
        ranges = self.seen.ranges.get(sensor)
        return ranges[-1][1] if ranges else 0


@pytest.fixture
def begin(tmp_path, monkeypatch):
    monkeypatch.setattr(windows_log, "_AGAIN_S", 0.01)
    monkeypatch.setattr(windows_log, "_LOOK_S", 0.01)
    running = []

    def start(log, engine, raw=False):
        ground = Ground(engine.last, raw, tmp_path, tmp_path, lambda: ())
        source = _Channel(log, "Security").start(ground)
        running.append(source)
        return source

    yield start
    for source in running:
        source.close()


def wait(engine, source, last):
    end = time.monotonic() + 20
    while time.monotonic() < end:
        engine.take(source.take())
        if sorted(engine.accounts) == list(range(1, last + 1)):
            return
        time.sleep(0.01)
    raise AssertionError(engine.accounts, source.complaints())


def test_from_the_oldest_record_on_and_as_they_come(begin):
    log, engine = Log(5), Engine()
    source = begin(log, engine)
    wait(engine, source, 5)
    log.add(6)
    wait(engine, source, 6)
    assert log.asked == [0]
    assert not any(source.complaints().values())


def test_a_run_goes_on_where_the_store_ends(begin):
    log, engine = Log(5), Engine()
    source = begin(log, engine)
    wait(engine, source, 5)
    source.close()
    log.add(6), log.add(7)
    wait(engine, begin(log, engine), 7)
    assert log.asked == [0, 4]
    assert engine.repeated > 0  # the last record may have told more, so it is read again


def test_raw_records(begin):
    log, engine = Log(3), Engine()
    source = begin(log, engine, raw=True)
    wait(engine, source, 3)
    assert [r for name, r in engine.seen.ranges.items() if name.endswith(" raw")] == [[(1, 3)]]


def test_what_is_no_event_is_counted(begin):
    log, engine = Log(1), Engine()
    source = begin(log, engine)
    wait(engine, source, 1)
    log.add(2, "<Event>torn")
    log.add(3, xml(2))
    wait(engine, source, 2)
    assert source.complaints()["unread"].startswith("1 records")


def test_a_log_that_goes_away_is_subscribed_to_again(begin):
    log, engine = Log(3), Engine()
    source = begin(log, engine)
    wait(engine, source, 3)
    log.fails = 3
    log.add(4)
    wait(engine, source, 4)
    assert log.asked[-1] == 3
    assert log.closed == 1
    assert not source.complaints()["away"]
    assert not source.fault


def test_a_log_made_anew_is_told(begin):
    log, engine = Log(3), Engine()
    source = begin(log, engine)
    wait(engine, source, 3)
    log.texts, log.at = {}, 0
    log.add(1)
    end = time.monotonic() + 20
    while not source.complaints()["anew"] and time.monotonic() < end:
        time.sleep(0.01)
    assert "made anew" in source.complaints()["anew"]


@pytest.mark.parametrize(("number", "record"), [(0, 0), (4096, 0), (2 * 4096 + 7, 1)])
def test_the_record_to_go_on_after(number, record):
    assert record_after(number) == record


def test_nobody_reads_while_there_is_no_room(begin, monkeypatch):
    monkeypatch.setattr("engine.daemon.waiting.Waiting.room", lambda _self: False)
    log = Log(3)
    source = begin(log, Engine())
    time.sleep(0.1)
    assert source.take() == []
    assert log.at == 0


def test_elsewhere_than_on_windows(atp_run):
    run = atp_run("--windows-log", "Security")
    assert run.process.wait(60) == 2
    assert "error: Windows logs are read live on Windows only" in run.err
    assert "hint: elsewhere forward them" in run.err


def test_the_source_is_one(begin):
    source = begin(Log(), Engine())
    assert isinstance(source, WindowsLog)
    assert (source.name, source.fault) == ("windows log Security", "")
