"""Which alerts belong together, and which do not."""

import random

import pytest

from engine.incidents import APART_US, LONGEST_US, Part, Sign, incidents

HOUR = 3_600_000_000
DAY = 24 * HOUR


def sign(number, hour, *parts, lasts=0):
    first = int(hour * HOUR)
    return Sign(number, first, first + lasts, tuple(Part(*p) for p in parts))


def joined(*signs, everybodys=()):
    return [i.numbers for i in incidents(signs, set(everybodys).__contains__)]


ANN, BOB = ("ann@x", "account", "actor"), ("bob@x", "account", "actor")
WS = ("ws1.x", "host", "source")
UNNAMED = ("ip:10.0.0.1", "unnamed", "source")


def test_who_shares_an_account_is_together_and_says_why():
    found = incidents([sign(1, 0, ANN), sign(2, 2, BOB), sign(3, 5, ANN)], lambda _: False)
    (one,) = found
    assert one.numbers == (1, 3)
    (link,) = one.links
    assert link == (1, 3, "ann@x", "account", ("actor", "actor"), None, 5 * HOUR)


@pytest.mark.parametrize("kind", list(APART_US))
def test_not_longer_than_its_kind_holds(kind):
    part = ("it", kind, "source")
    apart = APART_US[kind]
    near, far = Sign(2, apart, apart, (Part(*part),)), Sign(2, apart + 1, apart + 1, (Part(*part),))
    assert joined(sign(1, 0, part), near) == [(1, 2)]
    assert joined(sign(1, 0, part), far) == []
    assert joined(sign(1, 0, part, lasts=1), far) == [(1, 2)]


def test_an_address_is_a_machine_for_an_hour_only():
    assert joined(sign(1, 0, UNNAMED), sign(2, 3, UNNAMED)) == []
    assert joined(sign(1, 0, UNNAMED, lasts=2 * HOUR), sign(2, 3, UNNAMED)) == [(1, 2)]


def test_over_several_entities():
    signs = sign(1, 0, ANN, WS), sign(2, 3, WS, BOB), sign(3, 9, BOB)
    assert joined(*signs) == [(1, 2, 3)]


def test_what_is_everybodys_joins_nobody():
    signs = sign(1, 0, WS), sign(2, 1, WS)
    assert joined(*signs, everybodys=["ws1.x"]) == []


def test_victims_in_a_crowd_join_nobody():
    crowd = [(f"u{i}@x", "account", "attacked") for i in range(4)]
    assert joined(sign(1, 0, *crowd), sign(2, 1, *crowd)) == []
    assert joined(sign(1, 0, *crowd[:3]), sign(2, 1, *crowd[:3])) == [(1, 2)]
    assert joined(sign(1, 0, *crowd, ANN), sign(2, 1, ANN)) == [(1, 2)]


def test_two_alerts_against_one_machine_are_not_one_attack():
    against, source = ("fs.x", "host", "target"), ("fs.x", "host", "source")
    assert joined(sign(1, 0, against), sign(2, 1, against)) == []
    assert joined(sign(1, 0, against), sign(2, 1, source)) == [(1, 2)]
    assert joined(sign(1, 0, source), sign(2, 1, against)) == [(1, 2)]
    assert joined(sign(1, 0, source), sign(2, 1, against), sign(3, 2, against)) == [(1, 2, 3)]


def test_a_chain_ends():
    days = LONGEST_US // DAY
    signs = [sign(i, 24 * i, ANN) for i in range(2 * days + 2)]
    found = joined(*signs)
    assert [len(numbers) for numbers in found] == [days + 1, days + 1]
    assert found[0][0] == days + 1


def test_two_long_ones_are_not_one_longer_one():
    left = [sign(i, 24 * i, ANN) for i in range(10)]
    right = [sign(20 + i, 24 * i, BOB) for i in range(9, 19)]
    both = sign(50, 24 * 9.5, ANN, BOB)
    first = {s.number: s.first for s in (*left, *right, both)}
    found = joined(*left, *right, both)
    assert sorted(map(len, found)) == [4, 17]
    assert all(first[n[-1]] - first[n[0]] <= LONGEST_US for n in found)


def test_the_newest_sign_comes_first_whatever_the_order():
    signs = [
        sign(1, 0, ANN),
        sign(2, 1, ANN),
        sign(3, 100, BOB),
        sign(4, 101, BOB),
        sign(5, 50, WS),
    ]
    random.Random(3).shuffle(signs)
    assert joined(*signs) == [(3, 4), (1, 2)]


def test_the_weaker_certainty_is_told():
    one = sign(1, 0, (*WS, "high"))
    (found,) = incidents([one, sign(2, 1, (*WS, "low"))], lambda _: False)
    assert found.links[0].certainty == "low"


def test_a_late_end_of_an_earlier_alert_counts():
    long = sign(1, 0, ANN, lasts=40 * HOUR)
    short = sign(2, 1, ANN)
    assert joined(long, short, sign(3, 60, ANN)) == [(1, 2, 3)]
