"""What is learnt as events come gives the alerts that the events themselves give.

At once: a replay, whose statements read the whole windows. Live: an engine that keeps state, takes
the same events in batches, out of order within the lateness, and forgets all but its files between.
"""

from itertools import pairwise

import pytest
from asking_profiles import BLOCKS, FEW, MANY, QUICK
from hypothesis import given
from hypothesis import strategies as st
from want_of_time import NoTurn, Pieces

from dsl.schema.ntlm import NtlmAuth
from engine import run
from engine.profiles.known import CHUNK
from engine.store import Store
from engine.turns import Turns

S = 1_000_000
HOUR = 3_600 * S
DAY = 24 * HOUR
BASE = 1_767_614_400 * S


def shown(engine):
    """The alerts that stand, without numbers and event ids, which tell of the arrival."""
    standing = [a for a in engine.alerts() if a.status == "open"]
    return {
        a.id: (a.first_row, a.last_row, a.count, a.severity, str(a.roles), str(a.varied))
        for a in standing
    }


def at_once(engine_of, rule, compiled, events):
    engine = engine_of(rule, compiled)
    engine.ingest(events)
    engine.tick(final=True)
    wanted = shown(engine)
    engine.store.close()
    return wanted


def in_batches(engine_of, rule, compiled, batches, folder):
    """Ticks between the batches, a restart after each second one; at every third tick no profile
    learns, at every fifth no detection is computed, at every fourth a piece of what is owed.
    """
    engine = engine_of(rule, compiled, Store(folder / "s.duckdb"), keep=True)
    for number, batch in enumerate(batches, 1):
        engine.ingest(batch)
        engine.lessons = NoTurn() if number % 3 == 0 else Turns()
        engine.turns = NoTurn() if number % 5 == 0 else Pieces() if number % 4 == 0 else Turns()
        engine.tick(seconds=9)
        if number % 2 == 0:
            engine.store.close()
            engine = engine_of(rule, compiled, Store(folder / "s.duckdb"), keep=True)
    engine.turns = Turns()
    engine.tick(final=True)
    assert not engine.watermarks.late
    found = shown(engine)
    engine.store.close()
    return found


def holds(name, rule_of, streams, engine_of, factory, how):
    rule, compiled = rule_of(name.replace(" ", "_"), BLOCKS[name])

    @how
    @given(streams, st.lists(st.integers(1, 25), min_size=2, max_size=5))
    def check(placed, cuts):
        by_arrival = [e for _, e in sorted(placed, key=lambda p: p[0])]
        ends = sorted({min(c, len(by_arrival)) for c in cuts} | {len(by_arrival)})
        batches = [by_arrival[a:b] for a, b in zip([0, *ends], ends, strict=False)]
        wanted = at_once(engine_of, rule, compiled, [e for _, e in placed])
        found = in_batches(engine_of, rule, compiled, batches, factory.mktemp("live"))
        assert found == wanted

    check()


@pytest.mark.parametrize("name", QUICK)
def test_replay_equals_live(name, rule_of, streams, engine_of, tmp_path_factory):
    holds(name, rule_of, streams, engine_of, tmp_path_factory, FEW)


@pytest.mark.slow
@pytest.mark.parametrize("name", BLOCKS)
def test_replay_equals_live_at_length(name, rule_of, streams, engine_of, tmp_path_factory):
    holds(name, rule_of, streams, engine_of, tmp_path_factory, MANY)


def logon(ts, seq, source="w1", account="u1"):
    return NtlmAuth(
        ts=ts, sensor="s", seq=seq, via="wire", domain="x", source=source, account=account
    )


def asking(source):
    """A detection that asks what an account is used to for one of its sources only."""
    return f"""
usual = profile of ntlm_auth by account bucket 1h over 5h learn hosts := set(source), n := count()
odd = match ntlm_auth where source == "{source}" and not source in usual.hosts
alert odd as (source: source, actor: account, seen: usual.hosts) dedup 1m by source, actor
"""


def rows_of(engine, compiled, low, high, memory):
    return compiled.alerts[0].rows(engine.store.connection, low, high, memory)


def test_what_comes_after_a_crash_is_learnt(rule_of, engine_of, tmp_path, monkeypatch):
    """The profile learnt, the tick did not end: the watermark of then is forgotten."""
    rule, compiled = rule_of("crash", asking("w4"))
    engine = engine_of(rule, compiled, Store(tmp_path / "s.duckdb"), keep=True)
    engine.ingest([logon(BASE, 1)])
    engine.tick()
    engine.ingest([logon(BASE + HOUR, 2), logon(BASE + 2 * HOUR, 3)])

    def full(*_):
        raise OSError("no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(run.facts, "put_state", full)
        with pytest.raises(OSError, match="no space"):
            engine.tick()
    (through,) = (k.progress.through for k in engine.memory.known.values())
    assert through > BASE + HOUR
    # stored by a batch, but no tick has seen it
    engine.ingest([logon(BASE + HOUR + S, 4, "w2")])
    engine.store.close()
    engine = engine_of(rule, compiled, Store(tmp_path / "s.duckdb"), keep=True)
    engine.ingest([logon(BASE + HOUR + 2 * S, 5, "w3"), logon(BASE + 3 * HOUR, 6, "w4")])
    engine.tick()
    events = rows_of(engine, compiled, BASE + 3 * HOUR, BASE + 4 * HOUR, None)
    assert [r.roles["seen"] for r in events] == [["w1", "w2", "w3"]]
    assert rows_of(engine, compiled, BASE + 3 * HOUR, BASE + 4 * HOUR, engine.memory) == events
    engine.store.close()


def test_what_was_learnt_outlives_the_events(rule_of, engine_of):
    rule, compiled = rule_of("outlives", asking("w9"))
    engine = engine_of(rule, compiled, keep=True)
    engine.ingest([logon(BASE + i * HOUR // 2, i, f"w{i}") for i in range(10)])
    engine.tick()
    low = BASE + 9 * HOUR // 2
    before = rows_of(engine, compiled, low, low, None)
    assert len(before[0].roles["seen"]) == 9
    engine.store.delete_before("ntlm_auth", low - 2 * HOUR)
    assert rows_of(engine, compiled, low, low, None) != before
    assert rows_of(engine, compiled, low, low, engine.memory) == before
    engine.store.close()


def test_a_new_profile_learns_what_is_stored_a_day_at_a_time(rule_of, engine_of):
    block = """
usual = profile of ntlm_auth by account bucket 1d over 10d learn hosts := set(source), n := count()
odd = match ntlm_auth where not source in usual.hosts
alert odd as (source: source, seen: usual.hosts, m: usual.n.mean) dedup 1m by source
"""
    rule, compiled = rule_of("history", block)
    engine = engine_of(rule, compiled, keep=True)
    engine.running.clear()
    engine.ingest([logon(BASE + i * 6 * HOUR, i, f"w{i % 50}") for i in range(80)])
    engine.tick()
    assert engine.memory is None
    engine.change(rule)
    now, reached = engine.watermarks.now, []
    while not reached or reached[-1] < now - HOUR:
        # each tick says the same, however far it has got
        engine.tick()
        (known,) = engine.memory.known.values()
        reached.append(known.progress.through)
        assert len(reached) < 30
    spans = [b - a for a, b in pairwise(reached)]
    assert len(spans) > 8
    assert all(0 < span <= CHUNK for span in spans)
    low = now - 3 * DAY
    events = rows_of(engine, compiled, low, now, None)
    assert events
    assert rows_of(engine, compiled, low, now, engine.memory) == events
    engine.store.close()


def test_old_logs_are_learnt_however_slowly_they_are_read(rule_of, engine_of):
    block = asking("asks").replace("bucket 1h over 5h", "bucket 1d over 30d")
    rule, compiled = rule_of("old_logs", block)
    now = BASE + 30 * DAY
    engine = engine_of(rule, compiled, keep=True, clock=lambda: now)
    for day in range(20):
        engine.ingest([logon(BASE + day * DAY, day, f"w{day:02}")])
        for _ in range(3):
            engine.tick()
    engine.ingest([logon(now, 90, "asks")])
    for _ in range(12):
        engine.tick()
    (row,) = rows_of(engine, compiled, now, now, engine.memory)
    assert row.roles["seen"] == [f"w{day:02}" for day in range(20)]
    assert rows_of(engine, compiled, now, now, None) == [row]
    engine.store.close()


def test_where_the_directory_answers_otherwise_it_learns_anew(rule_of, engine_of):
    block = """
member = match ntlm_auth where not is_dc(source)
usual = profile of member by account bucket 1h over 5h learn hosts := set(source)
odd = match ntlm_auth where source == "w4" and not source in usual.hosts
alert odd as (source: source, seen: usual.hosts) dedup 1m by source
"""
    rule, compiled = rule_of("members", block)
    engine = engine_of(rule, compiled, keep=True)
    engine.ingest([logon(BASE + i * HOUR, i, f"w{i}") for i in range(5)])
    engine.tick()
    (known,) = engine.memory.known.values()
    assert known.progress.through > BASE + 3 * HOUR
    # as if the directory had said otherwise of one of the hosts
    engine.store.connection.execute("UPDATE ntlm_auth SET source = 'w9' WHERE source = 'w2'")
    low, high = BASE + 4 * HOUR, BASE + 5 * HOUR
    events = rows_of(engine, compiled, low, high, None)
    assert rows_of(engine, compiled, low, high, engine.memory) != events
    engine.directory._dirty_from(BASE + 2 * HOUR)
    engine.tick()
    assert rows_of(engine, compiled, low, high, engine.memory) == events
    engine.store.close()
