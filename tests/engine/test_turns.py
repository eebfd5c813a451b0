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
        turns.choose(costs)
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
        turns.choose(["a"])
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


def test_of_those_that_take_longer_than_a_tick_one_begins():
    """In whichever line: side by side they would slow each other down."""
    clock = Clock()
    turns = Turns(clock)
    served = []
    for _ in range(5):
        turns.begin(1)
        chosen = turns.choose(["a", "b", "c"])
        for name, line in (("a", 0), ("b", 1), ("c", 1)):
            with turns.turn(name, line) as now:
                if now:
                    served.append(name)
                    clock.now += {"a": 3, "b": 2, "c": 0.1}[name]
        served.append(chosen)
    # in the first tick nothing is known
    assert served == ["a", "b", False, "a", "c", True, "b", True, "a", "c", True, "b", True]


def test_a_tick_for_no_long_one_and_one_for_nobody():
    clock = Clock()
    turns = Turns(clock)
    turns.begin(1)
    with turns.turn("a") as now:
        clock.now += 2
    turns.wait("z")
    for paused, begun in ((False, [False, True]), (True, [False, False])):
        turns.begin(1, paused=paused)
        found = []
        for name in ("a", "b"):
            with turns.turn(name) as now:
                found.append(now)
        assert found == begun
    assert turns.waited() == [3, 2, 1]
    turns.begin(None)
    with turns.turn("a") as now:
        assert now, "there is time enough for all"


@pytest.mark.parametrize(
    ("fixed", "rate", "owed", "pieces"),
    [
        # half a second of two for a piece: what fits beside what every turn costs
        (0.0, 1e-5, 100_000, 2),
        (0.2, 1e-5, 100_000, 4),
        # or what half of it is for
        (0.8, 1e-5, 100_000, 4),
        # never many, and never small ones
        (0.0, 1e-4, 1_000_000, 6),
        (0.0, 1e-4, 80_000, 3),
        (0.0, 1.0, 49_999, 1),
    ],
)
def test_in_how_many_pieces(fixed, rate, owed, pieces):
    clock = Clock()
    turns = Turns(clock)
    for much in (90_000, 60_000):
        turns.begin(1)
        turns.choose(["a"])
        with turns.turn("a") as now:
            assert now
            turns.covered("a", much)
            clock.now += fixed + rate * much
    turns.begin(1)
    assert turns.pieces("a", owed) == pieces
    assert turns.pieces("a", owed, 5) == 5, "the rest of what it began so"
    assert turns.pieces("b", owed) == 1
    turns.begin(None)
    assert turns.pieces("a", owed) == 1
    assert turns.pieces("a", owed, 5) == 1


def test_who_did_a_piece_of_his_work_waits_as_before():
    clock = Clock()
    turns = Turns(clock)
    for _ in range(3):
        turns.begin(1)
        with turns.turn("a") as now:
            assert now
            clock.now += 1
        with turns.turn("b") as now:
            assert not now
    turns.begin(1)
    assert turns.order(["a", "b"]) == ["b", "a"]
    with turns.turn("b"):
        clock.now += 1
    turns.wait("b", first=True)
    turns.begin(1)
    with turns.turn("a") as now:
        clock.now += 1
    turns.wait("a")
    assert turns.order(["a", "b"]) == ["b", "a"]
    assert turns.waited() == [5, 1]
