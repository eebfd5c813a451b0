"""Nothing that drives a terminal gets through; everything visible does."""

import sys

import pytest

from engine.printable import printable, printable_lines


@pytest.mark.parametrize("text", ["", "plain", "Zürich – «ok»", "日本語", "a b"])
def test_visible_text_stays(text):
    assert printable(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[31mb", "a\\x1b[31mb"),
        ("a\u202eb\u2066", "a\\u202eb\\u2066"),
        ("\x9b2J", "\\x9b2J"),
        ("a\nb\tc\rd", "a\\nb\\tc\\rd"),
        ("zero\u200bwidth\ufeff", "zero\\u200bwidth\\ufeff"),
        ("half\udcff", "half\\udcff"),
        ("tag\U000e0041", "tag\\U000e0041"),
        ("line\u2028end", "line\\u2028end"),
    ],
)
def test_the_rest_is_escaped(text, shown):
    assert printable(text) == shown


def test_of_all_characters():
    shown = printable("".join(map(chr, range(sys.maxunicode + 1))))
    assert shown.isprintable()


def test_lines_stay_lines():
    assert printable_lines("a\n\tb\x1b\r\nc") == "a\n    b\\x1b\\r\nc"
