"""Nearest words."""

from dsl.faults import did_you_mean, nearest


def test_nearest():
    assert nearest("etypee", ["account", "etype"]) == "etype"
    assert nearest("ACOUNT", ["account"]) == "account"
    assert nearest("zzz", ["account"]) is None
    assert did_you_mean("mach", ["match"]) == "did you mean `match`?"
    assert did_you_mean("zzz", ["match"]) == ""
