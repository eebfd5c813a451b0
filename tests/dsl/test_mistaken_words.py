"""Functions of words leave alone what is not theirs; what they say is in test_mistakes."""

import pytest

from dsl import mistaken_words as words
from dsl.scan import stop

WRONG_SIGN = stop("t = match a where b = c")


@pytest.mark.parametrize(
    "know",
    [
        words.upper_case, words.alert_roles, words.reserved_name, words.verb, words.nameless,
        words.missing,
    ],
)  # fmt: skip
def test_a_wrong_sign_is_no_missing_word(know):
    assert know(WRONG_SIGN) is None


def test_there_is_always_something_to_say():
    assert words.unexpected(WRONG_SIGN).code == "D0101"
    assert "operator" in words.unexpected(WRONG_SIGN).label
