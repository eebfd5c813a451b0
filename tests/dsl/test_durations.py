"""Durations in and out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsl.durations import format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("10m", 600_000_000), ("1h30m", 5_400_000_000), ("-6m", -360_000_000), ("+1s", 1_000_000),
        ("250ms", 250_000), ("0s", 0), ("2d", 172_800_000_000), ("1m5ms", 60_005_000),
        ("10", None), ("10min", None), ("m", None), ("", None), ("1.5h", None), ("1h x", None),
    ],
)  # fmt: skip
def test_parse(text, size):
    assert parse_duration(text) == size


@given(st.integers(-(10**9), 10**9))
def test_what_is_shown_is_read_again(milliseconds):
    size = milliseconds * 1000
    assert parse_duration(format_duration(size)) == size


def test_the_largest_exact_unit():
    assert [format_duration(n * 60_000_000) for n in (0, 90, 120, 1440)] == [
        "0s",
        "90m",
        "2h",
        "1d",
    ]
