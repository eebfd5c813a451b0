"""Records and the wire read the same codes alike."""

from __future__ import annotations

import pytest

from dsl.schema import enums
from sensor.decode import kerberos_outcome
from sensor.decode import ntstatus as wire_status
from sensor.map import kdc, ntstatus


@pytest.mark.parametrize("status", sorted(ntstatus.OUTCOME))
def test_statuses(status):
    assert ntstatus.outcome(status) == wire_status.outcome_of(status)


@pytest.mark.parametrize("code", sorted(enums.KERBEROS_ERROR))
def test_kerberos_errors(code):
    word = kdc.result(code)
    assert word == kerberos_outcome.result_word(code)
    assert kdc.outcome(word) == kerberos_outcome._OUTCOMES.get(code, "error")


def test_sub_status_says_why():
    assert ntstatus.outcome(0xC000006D, 0xC0000064) == "no_such_user"
    assert ntstatus.outcome(0xC000006D, 0) == "wrong_password"
    assert ntstatus.outcome(None, None) is None
    assert ntstatus.outcome(0xC00000DC) == "error"
