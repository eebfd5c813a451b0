"""Turns: who waited longest comes first, and nobody waits for ever."""

import pytest

from engine.turns import Turns


class Clock:
    """Seconds that pass only as work is done."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def ticks(costs, seconds, count):
    """The names served at each tick, each taking its cost."""
    clock = Clock()
    turns = Turns(clock)
    for _ in range(count):
        turns.begin(seconds)
        served = []
        for name in turns.order(costs):
            with turns.turn(name) as now:
                if now:
                    served.append(name)
                    clock.now += costs[name]
        yield "".join(served)


@pytest.mark.parametrize(
    ("costs", "seconds", "served"),
    [
        ({"a": 1, "b": 1, "c": 1}, None, ["abc", "abc", "abc"]),
        ({"a": 1, "b": 1, "c": 1}, 9, ["abc", "abc", "abc"]),
        # what is not known yet is tried as long as there is time
        ({"a": 1, "b": 1, "c": 1}, 2, ["ab", "ca", "ba", "ca"]),
        # one that takes longer than there is has a tick of its own
        ({"a": 1, "b": 5, "c": 1}, 2.5, ["ab", "ca", "b", "ac", "b"]),
    ],
)
def test_who_is_served(costs, seconds, served):
    assert list(ticks(costs, seconds, len(served))) == served


def test_who_has_nothing_to_do_waits_for_nobody_and_is_nobodys_turn():
    clock = Clock()
    turns = Turns(clock)
    turns.begin(1)
    with turns.turn("idle", free=True) as now:
        assert now
    with turns.turn("a") as now:
        assert now, "the first of a line is still to come"
        clock.now += 2
    with turns.turn("b") as now:
        assert not now
    with turns.turn("b", free=True) as now:
        assert now
    assert turns.waited() == []


def test_how_long_who_waits_has_waited():
    clock = Clock()
    turns = Turns(clock)
    for waited in ([1], [2], [3]):
        turns.begin(1)
        for name in ("a", "b"):
            with turns.turn(name) as now:
                clock.now += 2 if now else 0
        assert turns.waited() == waited
    clock.now += 5
    assert turns.waits() == {"b": 9.0}
    turns.keep({"a"})
    assert (turns.waits(), turns.waited()) == ({}, [])


def test_who_is_not_done_waits_and_comes_first():
    clock = Clock()
    turns = Turns(clock)
    turns.begin(1)
    with turns.turn("b"):
        assert not turns.over()
        clock.now += 2
    assert turns.over()
    turns.wait("b")
    turns.begin(1)
    assert turns.order(["a", "b"]) == ["b", "a"]
    assert turns.waited() == [2]
    turns.begin(None)
    clock.now += 99
    assert not turns.over()
