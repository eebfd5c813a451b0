"""Detections over stored events: the ids of a period, whatever its ends; a file as it was then."""

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dsl.schema.kerberos import KerberosAs
from dsl.schema.ntlm import NtlmAuth
from engine import engine_state, hindsight
from engine.alerts import alert_id, dedup_key, episodes
from engine.entities_rows import FOREVER
from engine.lists import list_row
from engine.run import Engine
from engine.store import Store

S = 1_000_000
T = 1_767_614_400_000_000
STEP = 10 * S

BLOCKS = {
    "window": """
f = match ntlm_auth where outcome == wrong_password
w = window f by source over 1m compute n := count() having n >= 2
alert w as (source: source) severity case(n > 3 -> high, else low) dedup 1m by source
""",
    "following": """
f = match ntlm_auth where outcome == wrong_password
ok = match kerberos_as where outcome == success
a = absence of ok following f by source within 30s
alert a as (source: source) dedup 40s by source
""",
    "sequence": """
f = match ntlm_auth where outcome == wrong_password
ok = match kerberos_as where outcome == success
s = sequence by source within 1m: f as a then ok as b
alert s as (source: source, actor: b.account) dedup 2m by source
alert f as (source: source, actor: account) severity low dedup 1m by source
""",
}
events = st.lists(
    st.tuples(
        st.integers(0, 40),
        st.sampled_from([NtlmAuth, NtlmAuth, KerberosAs]),
        st.sampled_from(["w1", "w1", "w2"]),
        st.sampled_from(["wrong_password", "wrong_password", "success"]),
    ),
    min_size=2,
    max_size=14,
)


def made(stream):
    return [
        kind(
            ts=T + at * STEP, sensor="s", seq=seq, via="wire", domain="x", source=source,
            account="u", outcome=outcome,
        )
        for seq, (at, kind, source, outcome) in enumerate(sorted(stream, key=lambda e: e[0]))
    ]  # fmt: skip


def filled(stream, rules=(), path=None, **options):
    engine = Engine(
        Store(path), [r for r, _ in rules],
        compile_detection=lambda plan: next(c for r, c in rules if r.plan == plan),
        directory_settled=FOREVER, as_written=True, **options,
    )  # fmt: skip
    engine.coverage.declare(["ntlm_auth", "kerberos_as"])
    engine.ingest(made(stream))
    engine.tick()
    return engine


def looked(store, built, period, **options):
    rule, compiled = built
    return hindsight.hindsight(
        store, [rule], lambda _: compiled, period, settled=FOREVER, **options
    )


def expected(store, built, period):
    """Ids and sizes by the rows themselves: those up to the end, as episodes."""
    rule, compiled = built
    gap = max(a.dedup for a in rule.plan.alerts)
    rows = [r for a in compiled.alerts for r in a.rows(store.connection, 0, period[1])]
    keys = {dedup_key(r.dedup) for r in rows}
    found = [e for k in keys for e in episodes([r for r in rows if dedup_key(r.dedup) == k], gap)]
    return {
        alert_id(rule.plan.id, rule.plan.version, dedup_key(e.dedup), e.anchor): e.count
        for e in found
        if e.last >= period[0]
    }


@pytest.mark.parametrize("name", BLOCKS)
@pytest.mark.parametrize("day", [30 * S, hindsight.DAY_US])
def test_the_alerts_of_a_period(name, day, rule_of, monkeypatch):
    built = rule_of(name, BLOCKS[name])
    monkeypatch.setattr(hindsight, "DAY_US", day)

    @settings(
        max_examples=12, deadline=None, database=None,
        suppress_health_check=[HealthCheck.too_slow],
    )  # fmt: skip
    @given(events, st.integers(0, 45), st.integers(0, 45))
    def holds(stream, one, other):
        store = filled(stream).store
        period = (T + min(one, other) * STEP, T + max(one, other) * STEP)
        wanted = expected(store, built, period)
        found = looked(store, built, period).alerts
        assert {a.id: a.count for a in found} == wanted
        store.close()

    holds()


WRONG = [(i, NtlmAuth, "w1", "wrong_password") for i in range(3)]


def test_a_stored_file_tells_what_the_engine_told(rule_of, tmp_path):
    built = rule_of("window", BLOCKS["window"])
    path = tmp_path / "it's.duckdb"
    late = [(30 + i, NtlmAuth, "w2", "wrong_password") for i in range(3)]
    engine = filled([*WRONG, *late], [built], path, keep=True)
    told = {a.id: (a.number, a.count, a.severity, a.confidence, a.roles) for a in engine.alerts()}
    engine.store.close()
    before = path.read_bytes()
    store = Store(path, until=FOREVER)
    assert engine_state.directory_settled(store.connection) == FOREVER
    again = looked(store, built, (0, FOREVER))
    assert {
        a.id: (a.number, a.count, a.severity, a.confidence, a.roles) for a in again.alerts
    } == told
    assert len(told) == 2
    other = rule_of("other", BLOCKS["window"])
    assert [a.number for a in looked(store, other, (0, FOREVER)).alerts] == [3, 4]
    again = looked(store, built, (0, FOREVER))
    assert [e.source for e in again.evidence(again.alerts[0])] == ["w1"] * 3
    with pytest.raises(duckdb.Error):
        store.connection.execute("DELETE FROM ntlm_auth")
    store.close()
    assert path.read_bytes() == before


def test_a_file_as_of_then(rule_of, tmp_path):
    built = rule_of("window", BLOCKS["window"])
    path = tmp_path / "s.duckdb"
    filled(WRONG, [built], path, keep=True).store.close()
    store = Store(path, until=T + STEP)
    (alert,) = looked(store, built, (0, T + STEP)).alerts
    assert (alert.count, store.span()) == (1, (T, T + STEP))
    store.close()


def test_a_file_of_an_older_version(rule_of, tmp_path):
    built = rule_of("window", BLOCKS["window"])
    path = tmp_path / "s.duckdb"
    filled(WRONG, [built], path, keep=True).store.close()
    with duckdb.connect(str(path)) as connection:
        connection.execute("ALTER TABLE ntlm_auth DROP COLUMN workstation")
        connection.execute("DROP TABLE vpn_session")
    store = Store(path, until=FOREVER)
    assert len(looked(store, built, (0, FOREVER)).alerts) == 1
    store.close()


def test_a_file_that_the_engine_left_without_closing(rule_of, tmp_path):
    """What stands in the log behind the file counts too."""
    built = rule_of("window", BLOCKS["window"])
    path = tmp_path / "s.duckdb"
    engine = filled(WRONG, [built], path, keep=True)
    copy = tmp_path / "copy.duckdb"
    copy.write_bytes(path.read_bytes())
    copy.with_name("copy.duckdb.wal").write_bytes((tmp_path / "s.duckdb.wal").read_bytes())
    engine.store.close()
    store = Store(copy, until=FOREVER)
    assert len(looked(store, built, (0, FOREVER)).alerts) == 1
    store.close()


def test_lists_of_the_caller_and_detections_over_alerts(rule_of, tmp_path):
    built = rule_of("window", BLOCKS["window"])
    chain = rule_of(
        "chain",
        'a = match alert where detection == "window"\nalert a as (source: source)\n',
    )
    path = tmp_path / "s.duckdb"
    filled(WRONG, [built, chain], path, keep=True).store.close()
    store = Store(path, until=FOREVER)
    rules = {built[0].plan.id: built, chain[0].plan.id: chain}

    def run(lists=()):
        done = hindsight.hindsight(
            store, [r for r, _ in rules.values()], lambda plan: rules[plan.id][1],
            (0, FOREVER), lists=lists, settled=FOREVER,
        )  # fmt: skip
        return sorted(a.detection for a in done.alerts)

    assert run() == ["chain", "window"]
    assert run() == ["chain", "window"]
    assert run([list_row("window", "host", "w1")]) == []
    store.close()


def test_no_events(rule_of):
    store = Store()
    assert looked(store, rule_of("window", BLOCKS["window"]), (0, FOREVER)).alerts == []
    store.close()


def test_a_flood_that_began_before_the_period(rule_of):
    built = rule_of("flood", BLOCKS["window"].replace("1m by", "5s by").replace("1m c", "5s c"))
    stream = [(i / 10, NtlmAuth, "w1", "wrong_password") for i in range(1300)]
    engine = filled([])
    engine.ingest([
        NtlmAuth(ts=T + int(i * S), sensor="s", seq=n, via="wire", domain="x", source="w1",
                 account="u", outcome="wrong_password")
        for n, (i, *_) in enumerate(stream)
    ])  # fmt: skip
    period = (T + 100 * S, T + 130 * S)
    wanted = expected(engine.store, built, period)
    assert [(a.id, a.count) for a in looked(engine.store, built, period).alerts] == [
        *wanted.items()
    ]
    engine.store.close()
