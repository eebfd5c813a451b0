"""Spans in which there may be events: never too few, and few to keep."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.arrivals import Arrivals

spans = st.tuples(st.integers(0, 60), st.integers(0, 8)).map(lambda s: (s[0], s[0] + s[1]))


@given(added=st.lists(spans, max_size=12), asked=spans)
def test_answers_are_those_of_all_spans_one_by_one(added, asked):
    arrivals = Arrivals()
    for low, high in added:
        arrivals.add("logon", "", low, high)
    low, high = asked
    assert arrivals.any("logon", "", low, high) == any(a <= high and low <= z for a, z in added)
    assert not arrivals.any("ntlm_auth", "", low, high)


@pytest.mark.parametrize(
    ("low", "high", "there"), [(0, 0, True), (3, 3, True), (19_995, 19_999, False)]
)
def test_beyond_a_thousand_spans_the_oldest_are_told_as_one(low, high, there):
    arrivals = Arrivals()
    for i in range(2_000):
        arrivals.add("logon", "", 10 * i, 10 * i)
    assert arrivals.any("logon", "", low, high) == there
