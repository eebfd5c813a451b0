"""Parts become one in any order and grouping, and hold no more than they may."""

import random

import pytest

from engine.profiles.part import MOST_DISTINCT, MOST_VALUES, Part, Shape

FUNCTIONS = ("count", "sum", "min", "max", "first", "last", "count_distinct", "values", "set")
SHAPE = Shape(FUNCTIONS)


def part_of(ts, value):
    """A part of one row."""
    hour = ts // 10
    pieces = [
        1,
        value,
        value,
        value,
        [ts, 0, value],
        [ts, 0, value],
        [value],
        [value],
        [[value, ts]],
    ]
    return Part(begin=ts, width=1, count=1, first=ts, last=ts, hours=[(hour, 1)], pieces=pieces)


def told(part):
    *plain, hashes, values, members = part.pieces
    return (
        part.count,
        part.first,
        part.last,
        part.hours,
        plain,
        hashes,
        sorted(values),
        sorted(members),
    )


@pytest.mark.parametrize("seed", range(20))
def test_any_grouping_gives_the_same(seed):
    chance = random.Random(seed)
    parts = [part_of(ts, chance.randrange(4)) for ts in chance.sample(range(50), 12)]
    wanted = told(SHAPE.merged(parts, 0, 60))
    chance.shuffle(parts)
    cut = chance.randrange(1, 11)
    halves = [SHAPE.merged(parts[:cut], 0, 60), SHAPE.merged(parts[cut:], 0, 60)]
    assert told(SHAPE.merged(halves, 0, 60)) == wanted


def test_a_learn_without_rows_stays_null():
    empty = Part(begin=0, width=1, count=1, first=0, last=0, hours=[], pieces=[0, *[None] * 8])
    assert SHAPE.merged([empty, empty], 0, 60).pieces == [0, *[None] * 8]


def test_a_set_keeps_the_values_that_came_first_and_counts_the_others():
    pairs = [[f"v{i:05}", 10_000 - i] for i in range(MOST_VALUES + 7)]
    whole = Shape(("set",)).bounded(part_with(pairs))
    assert whole.cut == 7
    assert {v for v, _ in whole.pieces[0]} == {v for v, _ in pairs[7:]}


def test_values_keep_their_quantiles():
    whole = Shape(("values",)).bounded(part_with(list(range(10 * MOST_VALUES))))
    assert (len(whole.pieces[0]), whole.cut) == (MOST_VALUES, 9 * MOST_VALUES)
    for share in (0, 0.5, 0.95, 1):
        at = round(share * (MOST_VALUES - 1))
        assert whole.pieces[0][at] == pytest.approx(share * 10 * MOST_VALUES, abs=11)


def test_distinct_values_are_bounded():
    whole = Shape(("count_distinct",)).bounded(part_with(list(range(MOST_DISTINCT + 3))))
    assert (len(whole.pieces[0]), whole.cut) == (MOST_DISTINCT, 3)


def part_with(piece):
    return Part(begin=0, width=60, count=1, first=0, last=1, hours=[], pieces=[piece])
