"""Frozen profiles tell what they told then, from what was learnt and from the events; thawed, all."""

import pytest

from dsl.freeze import freeze
from dsl.schema.ntlm import NtlmAuth
from engine.backends.duckdb import compile_detection
from engine.running import Rule

S = 1_000_000
HOUR = 3_600 * S
DAY = 24 * HOUR
BASE = 1_767_571_200 * S
BLOCK = """
usual = profile of ntlm_auth by account bucket 1h over 5h learn hosts := set(source), n := count()
odd = match ntlm_auth where source == "asks"
alert odd as (source: source, actor: account, seen: usual.hosts, mean: usual.n.mean) dedup 1m by source
"""


def logon(hour, seq, source):
    return NtlmAuth(
        ts=BASE + hour * HOUR + seq, sensor="s", seq=seq, via="wire", domain="x", source=source,
        account="u1@x",
    )  # fmt: skip


@pytest.mark.parametrize("frozen", [3 * HOUR, 3 * HOUR + 20 * 60 * S, 2 * DAY])
def test_what_came_later_is_not_told(rule_of, engine_of, frozen):
    rule, thawed = rule_of("frozen", BLOCK)
    plan = freeze(rule.plan, BASE + frozen)
    compiled = compile_detection(plan)
    engine = engine_of(Rule(plan, rule.envelope), compiled, keep=True)
    for hour in range(40):
        engine.ingest([logon(hour, 2 * hour, f"w{hour}"), logon(hour, 2 * hour + 1, "asks")])
        engine.tick()
    connection, memory = engine.store.connection, engine.memory
    low, high = BASE, BASE + 40 * HOUR

    def told(detection, *remembered):
        return [
            r.roles | {"ts": r.ts}
            for r in detection.alerts[0].rows(connection, low, high, *remembered)
        ]

    events, bare = told(compiled), told(thawed)
    assert told(compiled, memory) == events
    before = [r for r in bare if r["ts"] < BASE + frozen]
    assert events[: len(before)] == before
    for row in events[len(before) :]:
        assert set(row["seen"]) <= {"asks", *(f"w{h}" for h in range(frozen // HOUR + 1))}
    # both are learnt alike: thawed it knows all
    assert told(thawed, memory) == bare
    assert len(before) < 40 or frozen > 40 * HOUR
    engine.store.close()


def test_what_is_frozen_outlives_its_window(rule_of, engine_of):
    rule, _ = rule_of("frozen", BLOCK)
    plan = freeze(rule.plan, BASE + 3 * HOUR)
    compiled = compile_detection(plan)
    engine = engine_of(Rule(plan, rule.envelope), compiled, keep=True)
    for day in range(6):
        for hour in range(5):
            seq = 10 * day + hour
            engine.ingest([logon(24 * day + hour, seq, f"w{seq}")])
            engine.tick()
    engine.store.delete_before("ntlm_auth", BASE + 4 * DAY)
    engine.ingest([logon(24 * 5 + 6, 900, "asks"), logon(24 * 5 + 7, 901, "w0")])
    engine.tick()
    (row,) = compiled.alerts[0].rows(
        engine.store.connection, BASE + 5 * DAY, BASE + 6 * DAY, engine.memory
    )
    assert row.roles["seen"] == ["w0", "w1", "w2"]
    engine.store.close()
