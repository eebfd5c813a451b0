"""A file read in a process beside gives what it gives read here, also when that process is killed."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import msgspec
import pytest

from sensor.inputs import beside
from sensor.inputs.beside import read_beside
from sensor.inputs.files import read_file

LOG = Path(__file__).parents[3] / "examples" / "events.xml"


class Taker:
    def __init__(self):
        self.events, self.steps, self.end = [], [], None

    def read(self, reader, **more):
        given = (LOG, self.events.append, lambda *s: self.steps.append(s), "here", self.at_end)
        return reader(*given, raw=True, **more)

    def at_end(self):
        assert self.end is None
        self.end = len(self.events)

    @property
    def told(self):
        return [msgspec.to_builtins(e) for e in self.events], self.end


@pytest.fixture(autouse=True)
def two_processors(monkeypatch):
    monkeypatch.setattr(beside, "_processors", lambda: 2)


def test_events_and_summary_are_the_same():
    here, there = Taker(), Taker()
    assert there.read(read_beside, least=0) == here.read(read_file)
    assert there.told == here.told
    assert there.steps
    assert not multiprocessing.active_children()


def test_a_small_file_is_read_here(monkeypatch):
    monkeypatch.setattr(beside, "_told", None)
    here, there = Taker(), Taker()
    assert there.read(read_beside, least=LOG.stat().st_size + 1) == here.read(read_file)
    assert there.told == here.told


def test_what_the_caller_raises_ends_the_other_process():
    taker = Taker()

    def stop(*_):
        raise InterruptedError

    with pytest.raises(InterruptedError):
        read_beside(LOG, taker.events.append, stop, least=0)
    assert not multiprocessing.active_children()


def test_a_process_that_is_killed_is_made_up_for():
    here, killed = Taker(), []

    def kill(*step):
        for process in multiprocessing.active_children():
            process.kill()
            killed.append(step)

    summary = here.read(read_file)
    for _ in range(50):
        there = Taker()
        given = (LOG, there.events.append, kill, "here")
        assert read_beside(*given, raw=True, least=0) == summary
        # a short log may be through before it is looked at
        if killed:
            break
    assert killed
    every, _ = here.told
    told, _ = there.told
    # the events of the other process come once more
    assert {(e["sensor"], e["seq"]): e for e in told} == {(e["sensor"], e["seq"]): e for e in every}
