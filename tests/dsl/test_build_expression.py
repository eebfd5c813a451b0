"""Operands of expressions, with their values."""

import pytest

from dsl.parse import parse


@pytest.mark.parametrize(
    ("written", "value"),
    [("7", 7), ("010", 10), ("0xff", 255), ("1.50", 1.5), ("true", True), ("false", False)],
)
def test_values(written, value):
    block, _ = parse(f"t = match a where x == {written}")
    found = block.statements[0].relation.where.right.value
    assert (found, type(found)) == (value, type(value))


def test_durations_keep_their_text():
    block, _ = parse("t = match a where x > 1h30m")
    right = block.statements[0].relation.where.right
    assert (right.microseconds, right.text) == (5_400_000_000, "1h30m")


def test_attributes_lose_their_blanks():
    block, _ = parse("t = match a where x . y\n  . z")
    assert block.statements[0].relation.where.parts == ("x", "y", "z")
