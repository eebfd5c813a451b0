"""The governor: what a reading allows, how readers keep to it, and when the sensor starts anew."""

import math

import psutil
import pytest

from sensor.govern.allowance import Allowance
from sensor.govern.governor import EVERY_S, Governor
from sensor.govern.quota import LEAST_CORES, quota
from sensor.govern.readings import Host, Reading, Room

GB = 1 << 30


def reading(used=0.5, own=0.2, memory=4 * GB, own_memory=GB, processor=(), rooms=()):
    return Reading(
        (Room("host", 2.0, used), *processor),
        (Room("host", 8 * GB, memory), *rooms),
        own,
        own_memory,
    )


class Clock:
    now = 100.0
    spent = 0.0

    def __call__(self):
        return self.now


class Machine:
    def __init__(self, *readings):
        self.readings = list(readings)

    def read(self):
        return self.readings.pop(0) if len(self.readings) > 1 else self.readings[0]


@pytest.mark.parametrize(
    ("given", "cores", "memory"),
    [
        # two cores, 18 % of them and 15 % of memory are left free; others use 0.3 cores and 3 GB
        (reading(), 1.34, 3.8 * GB),
        # the product's example: others 40 %, 45 % is ours (less the margin)
        (reading(used=1.2, own=0.4), 0.84, 3.8 * GB),
        (reading(used=2.0, own=0.1), LEAST_CORES, 3.8 * GB),
        (reading(memory=8 * GB), 1.34, 0.0),
        (reading(memory=7.5 * GB, own_memory=GB), 1.34, 0.3 * GB),
        # a group's limit counts where it is the scarcer
        (reading(processor=[Room("g", 0.5, 0.2)]), 0.41, 3.8 * GB),
        (reading(rooms=[Room("g", 2 * GB, 1.5 * GB)]), 1.34, 1.2 * GB),
    ],
)
def test_quota(given, cores, memory):
    found = quota(given, 0.15)
    assert found.cores == pytest.approx(cores)
    assert found.memory == pytest.approx(memory, abs=1)


def test_shares_free():
    found = quota(reading(used=1.5, memory=2 * GB, rooms=[Room("g", GB, 0.9 * GB)]), 0.15)
    assert found.free_processor == pytest.approx(0.25)
    assert found.free_memory == pytest.approx(0.1)


def test_readers_keep_to_the_allowance():
    clock = Clock()
    one = Allowance(clock, lambda: clock.spent)
    assert one.rest() == 0.0  # nothing is withheld yet
    one.allow(0.25)
    began, read = clock.now, 0
    while clock.now < began + 60:
        rest = one.rest()
        clock.now += rest or 0.01
        if not rest:
            clock.spent += 0.01  # who may read uses the whole core
            read += 1
    assert clock.spent == pytest.approx(15, rel=0.03)
    assert one.rested


def test_who_uses_less_never_rests():
    clock = Clock()
    one = Allowance(clock, lambda: clock.spent)
    one.allow(0.5)
    for _ in range(1000):
        clock.now += 0.01
        clock.spent += 0.004
        assert one.rest() == 0.0
    assert not one.rested


def test_what_others_threads_used_is_not_paid_for_ever():
    """A burst that nobody could hold back (delivery, decoding) costs at most some seconds."""
    clock = Clock()
    one = Allowance(clock, lambda: clock.spent)
    one.allow(0.05)
    clock.spent += 100.0
    waited = 0.0
    while rest := one.rest():
        clock.now += rest
        waited += rest
    assert waited < 1.5


@pytest.fixture
def clock():
    return Clock()


def governed(clock, *readings, most=2 * GB, reserve=0.15):
    allowance = Allowance(clock, lambda: clock.spent)
    return Governor(Machine(*readings), allowance, reserve, most, 7, clock=clock), allowance


def after(governor, clock, seconds=EVERY_S):
    clock.now += seconds
    governor.step()


def test_it_reads_every_ten_seconds(clock):
    governor, allowance = governed(clock, reading())
    after(governor, clock, EVERY_S - 1)
    assert math.isinf(allowance.cores)
    after(governor, clock, 1)
    assert allowance.cores == pytest.approx(1.34)
    assert not any(governor.complaints().values())
    assert governor.take() == []


def test_whoever_takes_what_it_tells_has_it_read(clock):
    governor, allowance = governed(clock, reading())
    clock.now += EVERY_S
    assert governor.take() == []
    assert allowance.cores == pytest.approx(1.34)


def test_nothing_is_limited_without_a_reserve(clock):
    governor, allowance = governed(clock, reading(used=2.0, memory=8 * GB), reserve=0)
    after(governor, clock)
    assert (math.isinf(allowance.cores), allowance.level) == (True, 0)


def test_shortage_of_processor_time_is_told_and_ends(clock):
    governor, allowance = governed(clock, reading(used=1.9, own=0.4), reading(used=0.3))
    allowance.rested = True
    after(governor, clock)
    assert "short of processor time (5% free)" in governor.complaints()["processor"]
    (event,) = governor.take()
    assert (event.kind, event.activity, event.seq) == ("limited", "processor", 8)
    after(governor, clock)
    assert (governor.complaints()["processor"], governor.take()) == ("", [])


def test_shortage_of_memory_sheds_more_with_each_reading_and_ends(clock):
    short = reading(memory=7.5 * GB)
    governor, allowance = governed(clock, *[short] * 7, *[reading()] * 7)
    levels = []
    for _ in range(14):
        after(governor, clock)
        levels.append(allowance.level)
    assert levels == [1, 2, 3, 4, 5, 5, 5, 4, 3, 2, 1, 0, 0, 0]
    assert {e.activity for e in governor.take()} == {"memory"}


@pytest.mark.parametrize(
    ("later", "most", "anew"),
    [
        (reading(own_memory=int(1.5 * GB)), GB, True),
        (reading(own_memory=int(1.5 * GB)), 2 * GB, False),
        (reading(own_memory=int(1.1 * GB)), GB, False),  # it begins with as much
        (reading(memory=7.9 * GB, own_memory=int(1.5 * GB)), 2 * GB, True),
    ],
)
def test_what_grew_beyond_its_limit_starts_anew(clock, later, most, anew):
    governor, _ = governed(clock, reading(own_memory=GB), later, most=most)
    after(governor, clock)
    after(governor, clock, 60)
    assert governor.outgrown == ""  # not so soon after the last start
    after(governor, clock, 600)
    assert bool(governor.outgrown) is anew


def test_this_machine_can_be_read():
    found = Host().read()
    assert found.processor[0].capacity == psutil.cpu_count()
    assert 0 <= found.processor[0].used <= found.processor[0].capacity
    assert found.memory[0].capacity == psutil.virtual_memory().total
    assert 0 < found.own_memory < found.memory[0].capacity
