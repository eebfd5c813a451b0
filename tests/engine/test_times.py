"""Microseconds as ISO 8601; whatever a hostile record says, it is a time."""

import pytest

from engine.times import iso


@pytest.mark.parametrize(
    ("ts", "text"),
    [
        (0, "1970-01-01T00:00:00.000000Z"),
        (1_795_358_058_866_756, "2026-11-22T14:34:18.866756Z"),
        (-1, "1970-01-01T00:00:00.000000Z"),
        (2**63 - 1, "9999-12-31T23:59:59.999999Z"),
    ],
)
def test_iso(ts, text):
    assert iso(ts) == text
