"""Peers are asked for those rows only that meet what can be told without them."""

import pytest

from dsl.schema.ntlm import NtlmAuth

S = 1_000_000
HOUR = 3_600 * S
BASE = 1_767_614_400 * S
PEOPLE = 30
BLOCK = """
usual = profile of ntlm_auth by account bucket 1h over 4h learn hosts := set(source) peers by account.department
odd = match ntlm_auth where {}
alert odd as (source: source, actor: account) dedup 1m by actor
"""
SPLIT = "usual.n >= 1 and not source in usual.hosts and not source in usual.peers.hosts"
WHOLE = "not (usual.n == 0 or source in usual.hosts or source in usual.peers.hosts)"


def sign_in(seq, ts, account, source):
    return NtlmAuth(
        ts=BASE + ts, sensor="s", seq=seq, via="wire", domain="x", source=source, account=account
    )


@pytest.mark.parametrize(
    ("condition", "source", "asked", "found"),
    [
        (SPLIT, "w0", 1, 0),
        (SPLIT, "w1", PEOPLE, 0),
        (SPLIT, "w99", PEOPLE, 1),
        (WHOLE, "w0", PEOPLE, 0),
        (WHOLE, "w99", PEOPLE, 1),
    ],
)
def test_whose_parts_are_read(engine_of, rule_of, condition, source, asked, found):
    rule, compiled = rule_of("peers", BLOCK.format(condition))
    engine = engine_of(rule, compiled, keep=True)
    engine.ingest([sign_in(i, i * S, f"u{i}@x", f"w{i}") for i in range(PEOPLE)])
    engine.ingest([sign_in(PEOPLE, 3 * HOUR, "u0@x", "w0")])
    engine.tick()
    keys = set()
    parts = engine.memory.parts

    def noting(profile, wanted, *when):
        wanted = list(wanted)
        keys.update(wanted)
        return parts(profile, wanted, *when)

    engine.memory.parts = noting
    at = BASE + 3 * HOUR + S
    engine.ingest([sign_in(PEOPLE + 1, 3 * HOUR + S, "u0@x", source)])
    (alert,) = compiled.alerts
    rows = alert.rows(engine.store.connection, at, at, engine.memory)
    assert (len(keys), len(rows)) == (asked, found)
    engine.store.close()
