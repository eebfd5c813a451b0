from __future__ import annotations

import pytest

from sensor.decode.kerberos_outcome import fingerprint, outcome, result_word
from sensor.decode.kerberos_parts import Principal
from sensor.decode.kerberos_reply import Failure
from sensor.decode.kerberos_request import AS_REQ, TGS_REQ, Request


def failure(code, status=None):
    found = Failure()
    found.code = code
    found.status = status
    return found


@pytest.mark.parametrize(
    ("code", "status", "word"),
    [
        (6, None, "no_such_user"),
        (24, None, "wrong_password"),
        (25, None, "continue"),
        (52, None, "continue"),
        (68, None, "continue"),
        (91, None, "continue"),
        (18, None, "disabled"),
        (18, 0xC0000234, "locked"),
        (18, 0xC0000193, "expired"),
        (18, 0xC0000072, "disabled"),
        (18, 0xC0000001, "disabled"),
        (12, None, "restricted"),
        (12, 0xC0000070, "restricted"),
        (23, None, "expired"),
        (13, None, "denied"),
        (14, None, "error"),
        (37, None, "error"),
        (7, None, "error"),
        (200, None, "error"),
    ],
)
def test_outcomes(code, status, word):
    assert outcome(failure(code, status), to_as_req=True) == word


def test_bad_integrity_is_a_wrong_password_only_where_one_was_asked():
    assert outcome(failure(31), to_as_req=True) == "wrong_password"
    assert outcome(failure(31), to_as_req=False) == "error"


@pytest.mark.parametrize(
    ("code", "word"), [(0, "none"), (25, "preauth_required"), (99, "error_99")]
)
def test_result_words(code, word):
    assert result_word(code) == word


@pytest.mark.parametrize(
    ("till", "class_"),
    [
        (None, "none"), (0, "0"), (1_795_431_843_000_000, "near"), (2_136_422_885_000_000, "2037"),
        (253_402_300_799_000_000, "far"),
    ],
)  # fmt: skip
def test_fingerprint_classes_of_till(till, class_):
    request = Request(AS_REQ)
    request.till = till
    assert f";till={class_};" in fingerprint(request)


def test_fingerprint_keeps_order():
    request = Request(TGS_REQ)
    request.options, request.etypes, request.padata = [1, 8, 15], [23, 18], [1, 167]
    request.sname = Principal(2, "cifs", "cifs/dc1")
    request.rtime = 1
    request.authz_data = True
    assert (
        fingerprint(request)
        == "tgs1;opt=1,8,15;et=23,18;pa=1,167;cn=-;sn=2;till=none;has=rtime,authz"
    )
