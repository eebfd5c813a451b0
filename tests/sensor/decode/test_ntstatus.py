from __future__ import annotations

import pytest

from sensor.decode.ntstatus import outcome_of


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (0, "success"),
        (0xC0000016, "continue"),
        (0xC000006A, "wrong_password"),
        (0xC000006D, "wrong_password"),
        (0xC0000064, "no_such_user"),
        (0xC0000072, "disabled"),
        (0xC0000234, "locked"),
        (0xC0000071, "expired"),
        (0xC0000193, "expired"),
        (0xC0000224, "expired"),
        (0xC000006F, "restricted"),
        (0xC0000070, "restricted"),
        (0xC0000022, "denied"),
        (0xC0000001, "error"),
        (0x80000005, "success"),
    ],
)
def test_outcomes(status, outcome):
    assert outcome_of(status) == outcome
