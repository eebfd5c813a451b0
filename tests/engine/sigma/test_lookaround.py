"""Expressions with look-around, and what is written instead of them."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.sigma.lookaround import Found, without_lookaround

WRITTEN = [
    # nothing to do
    ("a|b", Found(("a|b",))),
    ("(?i)a", Found(("(?i)a",))),
    # the beginning of a text
    ("^(?!ab)a.*", Found(("^a.*",), ("^(?:ab)",))),
    ("^(?=.*a)(?=.*b)(?!.*[)]).{2,}$", Found(("^.{2,}$", "^(?:.*a)", "^(?:.*b)"), ("^(?:.*[)])",))),
    ("^(?!a)", Found(("^",), ("^(?:a)",))),
    # what stands after
    ("a(?=b|c)", Found(("a(?:b|c)",))),
    (r"\d(?!.)", Found((r"\d(?m:$)",))),
    (r"\d(?!\d)", Found((r"\d(?:[^\d]|$)",))),
    ("a(?![b-d1])", Found(("a(?:[^b-d1]|$)",))),
    (r"a(?!\.b)", Found((r"a(?:$|[^\.]|\.(?:$|[^b]))",))),
    # what stands before
    ("(?<=a|b)c", Found(("(?:a|b)c",))),
    (r"(?<![\w])c", Found((r"(?:^|[^\w])c",))),
    ("(?<!a)c(?!b)", Found(("(?:^|[^a])c(?:$|[^b])",))),
]  # fmt: skip


@pytest.mark.parametrize(("pattern", "expected"), WRITTEN, ids=lambda v: str(v)[:40])
def test_what_is_written_instead(pattern, expected):
    assert without_lookaround(pattern) == ([expected], "")


def test_alternatives_are_ways_of_their_own_and_flags_are_for_all():
    ways, flags = without_lookaround("(?i)^(?!a)b|c(?!d)|[|]", "s")
    assert ways == [Found(("^b",), ("^(?:a)",)), Found(("c(?:$|[^d])",)), Found(("[|]",))]
    assert sorted(flags) == ["i", "s"]


PATTERNS = [
    *(pattern for pattern, _ in WRITTEN),
    "^(?!a)b|c(?!d)|[|]", "^(?!.*b)(?=a)|(?<!a)b(?!a)", r"a(?!ab1)", "(?<=b)a(?=1)", r"^(?=\w+1)a|b(?!.)",
]  # fmt: skip


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("flags", ["", "i", "s", "m"])
@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(text=st.text("abcd1.)\nAB", max_size=7))
def test_the_same_is_found(pattern, flags, text):
    ways, every = without_lookaround(pattern, flags)

    def found(one):
        return re.search(f"(?{every}){one}" if every else one, text) is not None

    meant = re.search(f"(?{flags}){pattern}" if flags else pattern, text) is not None
    assert meant == any(all(map(found, w.holds)) and not any(map(found, w.lacks)) for w in ways)


@pytest.mark.parametrize(
    "pattern",
    [
        "a(?!b)c", "a(?!b|c)", r"a(?!\s)", "a(?![^b])", "(?<!ab)c", "(?=.*a)b", "(a(?=b))+c", "a(?!b)?",
        "^(?!a)?b", "a(?i)b(?!c)", "a(?!)", "(?<!.)a", "a(?!" + "b" * 50 + ")", "a(?<!b)",
    ],
)  # fmt: skip
def test_what_has_no_equal_stays(pattern):
    ways, _ = without_lookaround(pattern)
    assert len(ways) == 1
    assert "(?" in ways[0].holds[0].removeprefix("(?:")
    assert ways[0].holds[0] == pattern
