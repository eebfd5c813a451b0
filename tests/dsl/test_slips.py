"""Blocks that are grammatical and cannot be meant."""

import pytest

from dsl.parse import parse


@pytest.mark.parametrize(
    ("text", "code", "marked"),
    [
        ("alert t as (a: b) when x dedup 1h when y", "D0119", "when y"),
        ("alert t as (a: b) severity low severity high", "D0119", "severity high"),
        ("t = match a where not (x == null)", "D0120", "x == null"),
        ("t = match a where null != x", "D0120", "null != x"),
        ("t = sequence by k within 1h: not a then b", "D0121", "not a"),
        ("t = sequence by k within 1h: a then not b", "D0121", "not b"),
        ("t = sequence by k within 1h: a then not b x 3 then c", "D0121", "not b x 3"),
    ],
)
def test_slips(text, code, marked):
    (fault,) = parse(text)[1]
    assert (fault.code, text[fault.at.start : fault.at.end]) == (code, marked)


def test_several_in_order():
    text = "alert t as (a: b) when x == null when y == null"
    assert [f.code for f in parse(text)[1]] == ["D0120", "D0119", "D0120"]


def test_what_is_meant_is_left_alone():
    text = "t = sequence by k within 1h: a then not b then c\nu = match t where case(x -> null) is null"
    assert parse(text)[1] == []
