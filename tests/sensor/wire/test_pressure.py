"""Up as the buffer fills, down with patience, and more of it after a relapse."""

import itertools

import pytest

from sensor.wire.pressure import MOST, Pressure

S = 1_000_000


def levels(pressure, fill, begin, end, step=50_000):
    return [pressure.judge(fill, now) for now in range(begin, end, step)]


def test_nothing_happens_below_the_first_mark():
    assert set(levels(Pressure(), 0.3, 0, 10 * S)) == {0}


@pytest.mark.parametrize(
    ("fill", "level"), [(0.35, 1), (0.5, 2), (0.7, 3), (0.8, 4), (0.9, 5), (1.0, MOST)]
)
def test_the_fuller_the_more(fill, level):
    assert levels(Pressure(), fill, 0, 10 * S)[-1] == level


def test_up_step_by_step_and_no_further():
    pressure = Pressure()
    found = levels(pressure, 0.9, 0, S)
    assert found == sorted(found)
    assert found[:3] == [1, 1, 2]
    assert found[-1] == MOST


def test_no_further_while_it_drains():
    pressure = Pressure()
    assert pressure.judge(0.6, 0) == 1
    assert pressure.judge(0.9, 100_000) == 2
    draining = [pressure.judge(0.9 - i / 100, 150_000 + i * 50_000) for i in range(1, 30)]
    assert set(draining) == {2}
    assert pressure.judge(0.7, 2 * S) == 3
    assert pressure.judge(0.7, 3 * S) == 3


def test_it_recovers_by_itself():
    pressure = Pressure()
    levels(pressure, 0.8, 0, 150_000)
    assert pressure.level == 2
    assert levels(pressure, 0.05, S, 2 * S)[-1] == 2
    assert levels(pressure, 0.05, 2 * S, 3 * S + 100_000)[-1] == 1
    assert levels(pressure, 0.05, 3 * S + 100_000, 6 * S)[-1] == 0


def test_between_the_marks_nothing_changes():
    pressure = Pressure()
    levels(pressure, 0.8, 0, 50_000)
    assert set(levels(pressure, 0.3, S, 100 * S)) == {1}


def calm_for(pressure, begin):
    """How long it takes to come down one level from here."""
    level, now = pressure.level, begin
    while pressure.level == level:
        pressure.judge(0.0, now)
        now += 50_000
    return now - begin


def test_a_relapse_makes_it_more_patient():
    pressure = Pressure()
    now, taken = 0, []
    for _ in range(8):
        pressure.judge(0.9, now)
        assert pressure.level == 1
        taken.append(calm_for(pressure, now + 50_000))
        now += taken[-1] + 150_000
    assert taken[0] < 2.2 * S
    assert all(1.9 < b / a < 2.1 for a, b in itertools.pairwise(taken[:6]))
    assert taken[-1] < 65 * S
    long_after = now + 1000 * S
    pressure.judge(0.9, long_after)
    assert calm_for(pressure, long_after + 50_000) < 2.2 * S
