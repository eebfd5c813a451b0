"""The governor by the options of the command line."""

import math

import pytest

from engine.daemon import governing
from sensor.govern.allowance import Allowance
from sensor.govern.readings import Reading, Room

GB = 1 << 30
NEVER = 10_000.0


class Busy:
    """Two cores, of which this process uses 1.2 and others 0.3; it has grown to 3 GB."""

    def __init__(self):
        self.own = GB

    def read(self):
        memory = Room("host", 16 * GB, 4 * GB)
        self.own, own = 3 * GB, self.own
        return Reading((Room("host", 2.0, 1.5),), (memory,), 1.2, own)


@pytest.fixture
def governed(monkeypatch):
    monkeypatch.setattr(governing, "Host", Busy)

    def go(reserve, **options):
        allowance = Allowance()
        one = governing.governor({"reserve": reserve}, allowance, {"governor": 41}.get, **options)
        one._due = one._began = -NEVER  # it lives for long
        return one, allowance

    return go


@pytest.mark.parametrize(("reserve", "cores"), [(15, 1.34), (50, 0.64), (0, math.inf)])
def test_the_reserve_is_left(governed, reserve, cores):
    governor, allowance = governed(reserve)
    assert governor.take() == []
    assert allowance.cores == pytest.approx(cores)


def test_its_events_are_numbered_on(governed):
    governor, allowance = governed(15)
    allowance.rested = True
    assert [(e.sensor, e.seq) for e in governor.take()] == [("governor", 42)]


def test_an_engine_is_not_started_anew_for_its_memory(governed):
    for options, grown in (({}, False), ({"most_memory": 2 * GB}, True)):
        governor, _ = governed(15, **options)
        governor.take()
        governor._due = -NEVER
        governor.take()
        assert bool(governor.outgrown) == grown
