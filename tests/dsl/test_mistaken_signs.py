"""Functions of signs leave alone what is not theirs; what they say is in test_mistakes."""

import pytest

from dsl import mistaken_signs as signs
from dsl.scan import stop

WORDS_MISSING = stop("t = window a k over 1h compute n := count()")


@pytest.mark.parametrize(
    "know",
    [
        signs.quotes, signs.foreign_operator, signs.duration, signs.equals, signs.statement_sign,
        signs.points, signs.any_all, signs.after_comma, signs.set_braces, signs.is_null_only,
        signs.chain, signs.unknown_character, signs.brackets,
    ],
)  # fmt: skip
def test_a_missing_word_is_no_wrong_sign(know):
    assert know(WORDS_MISSING) is None


def test_a_pair_of_signs_is_marked_whole():
    text = "t = match a where b =~ c"
    fault = signs.foreign_operator(stop(text))
    assert text[fault.at.start : fault.at.end] == "=~"
