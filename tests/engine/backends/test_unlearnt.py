"""Windows over rows that are held against a profile: asked of the events alone first."""

import pytest
from planned import planned

from engine.backends.duckdb import compile_detection

HEAD = """
asked = match kerberos_tgs where outcome == success
usual = profile of asked by account bucket 1d over 30d
        learn n := count(), known := set(service_account)
        ready age >= 7d
"""
CASES = {
    "one window": (
        """
new   = match asked where not service_account in usual.known and service_class == "mssqlsvc"
many  = window new by account over 1h compute n := count_distinct(service_account) having n >= 5
alert many as (actor: account) dedup 1d by actor
""",
        True,
    ),
    "one of two windows": (
        """
new   = match asked where not service_account in usual.known
fast  = window new by account over 1m compute n := count() having n >= 3
slow  = window new by account over 1h compute n := count() having n >= 5
many  = union fast, slow
alert many as (actor: account) dedup 1d by actor
""",
        True,
    ),
    "a window or any row": (
        """
new   = match asked where not service_account in usual.known
slow  = window new by account over 1h compute n := count() having n >= 5
many  = union new, slow
alert many as (actor: account) dedup 1d by actor
""",
        False,
    ),
    "what was learnt is what is counted": (
        """
new   = match asked let seen := usual.n
many  = window new by account over 1h compute n := count_distinct(seen) having n >= 5
alert many as (actor: account) dedup 1d by actor
""",
        False,
    ),
}


@pytest.mark.parametrize(("block", "asked"), CASES.values(), ids=list(CASES))
def test_a_window_is_asked_for_without_the_profile(block, asked):
    plan, found = planned(HEAD + block)
    assert plan is not None, found
    (alert,) = compile_detection(plan).alerts
    windows = [gate for gate in alert.gates if "HAVING" in gate]
    assert bool(windows) == asked
    assert not any("remembered" in gate or "$since" in gate for gate in windows)
    assert all("mssqlsvc" in gate for gate in windows if "mssqlsvc" in block)
