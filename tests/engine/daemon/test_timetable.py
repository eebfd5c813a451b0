"""What is due when, and that each thing is done once: over restarts, after downtime, after failures."""

import sqlite3
from datetime import UTC, datetime

import pytest

from engine.daemon import timetable
from engine.daemon.timetable import Entry, Timetable, latest, period, upcoming
from engine.store.desk import Desk

HOUR = 3_600_000_000
AT = 15 * 60_000_000


def at(text):
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000


@pytest.mark.parametrize(
    ("every", "now", "due", "begin", "end"),
    [
        ("day", "2026-11-23T00:15", "2026-11-23T00:15", "2026-11-22", "2026-11-23"),
        ("day", "2026-11-23T00:14", "2026-11-22T00:15", "2026-11-21", "2026-11-22"),
        ("week", "2026-11-25T12:00", "2026-11-23T00:15", "2026-11-16", "2026-11-23"),
        ("week", "2026-11-23T00:14", "2026-11-16T00:15", "2026-11-09", "2026-11-16"),
        ("month", "2026-03-01T00:15", "2026-03-01T00:15", "2026-02-01", "2026-03-01"),
        ("month", "2026-01-01T00:10", "2025-12-01T00:15", "2025-11-01", "2025-12-01"),
    ],
)
def test_when_it_is_due_and_of_what(every, now, due, begin, end):
    assert latest(every, AT, at(now)) == at(due)
    assert period(every, AT, at(due)) == (at(begin), at(end) - 1)


@pytest.mark.parametrize(
    ("every", "now", "due"),
    [
        ("day", "2026-11-23T00:15", "2026-11-24T00:15"),
        ("week", "2026-11-25T12:00", "2026-11-30T00:15"),
        ("month", "2026-02-01T00:15", "2026-03-01T00:15"),
        ("month", "2026-01-31T23:00", "2026-02-01T00:15"),
    ],
)
def test_when_it_is_due_next(every, now, due):
    assert upcoming(every, AT, at(now)) == at(due)


class Doing:
    """Errands that are done at once, or when they are told to."""

    def __init__(self):
        self.waiting = []

    def put(self, errand):
        self.waiting.append(errand)

    def do(self, answer=b"x", fault=""):
        for errand in self.waiting:
            errand.done(answer, fault)
        self.waiting.clear()


class World:
    """A timetable of one daily entry, its clock, and what was finished."""

    def __init__(self, path):
        self.path = path
        self.now = at("2026-11-20T12:00")
        self.finished = []
        self.broken = None
        self.start()

    def start(self):
        self.errands = Doing()
        self.desk = Desk(self.path)
        entry = Entry("it", "day", AT, "report", lambda b, e: {"begin": b, "end": e}, self.finish)
        self.table = Timetable(lambda: [entry], self.errands, self.desk, lambda: self.now)

    def finish(self, answer, due):
        if self.broken is not None:
            raise self.broken
        self.finished.append(due)

    def step(self, now=None, **done):
        self.now = self.now if now is None else at(now)
        self.table.step()
        self.errands.do(**done)


@pytest.fixture
def world(tmp_path):
    return World(tmp_path / "desk")


def test_nothing_is_made_of_the_time_before_it_was_wanted(world):
    world.step()
    assert world.finished == []
    world.step("2026-11-21T00:14")
    assert world.finished == []
    world.step("2026-11-21T00:15")
    world.step("2026-11-21T00:16")
    assert world.finished == [at("2026-11-21T00:15")]


def test_a_restart_makes_nothing_twice(world):
    world.step()
    world.step("2026-11-21T01:00")
    world.start()
    world.step("2026-11-21T01:01")
    assert world.finished == [at("2026-11-21T00:15")]


def test_what_was_missed_is_made_once(world):
    world.step()
    world.start()
    for minute in range(3):
        world.step(f"2026-11-25T07:0{minute}")
    assert world.finished == [at("2026-11-25T00:15")]


def test_what_a_crash_cut_off_is_made_anew(world):
    world.step()
    world.now = at("2026-11-21T01:00")
    world.table.step()  # begun, and never done
    world.start()
    world.step()
    assert world.finished == [at("2026-11-21T00:15")]


def test_it_is_begun_once_while_it_takes_long(world):
    world.step()
    world.now = at("2026-11-21T01:00")
    world.table.step()
    world.table.step()
    assert len(world.errands.waiting) == 1


@pytest.mark.parametrize("broken", [OSError("disk full"), sqlite3.OperationalError("locked"), None])
def test_a_failure_is_told_and_tried_again(world, monkeypatch, broken):
    monkeypatch.setattr(timetable, "_AGAIN_S", 0.0)
    world.step()
    world.broken = broken
    world.step("2026-11-21T01:00", fault="" if broken else "no such thing")
    assert world.finished == []
    assert "it could not be made" in world.table.complaints["it"]
    world.broken = None
    world.step()
    assert world.finished == [at("2026-11-21T00:15")]
    assert world.table.complaints["it"] == ""


def test_a_failure_waits_before_it_is_tried_again(world):
    world.step()
    world.step("2026-11-21T01:00", fault="no")
    world.step()
    assert world.finished == []


def test_a_clock_that_jumps_back_makes_nothing(world):
    world.step()
    world.step("2026-11-21T01:00")
    world.step("2026-11-19T01:00")
    world.step("2026-11-21T02:00")
    assert len(world.finished) == 1
