"""What is behind alerts does not become usual: against the oracle, against patience, until closed."""

from dataclasses import replace
from itertools import count

import pytest
from asking_profiles import BLOCKS
from hypothesis import HealthCheck, Phase, given, settings
from naive import Evaluator
from stored import plain_events, same

from dsl.schema.ntlm import NtlmAuth
from engine.lifecycle import Decision
from engine.store import Store, withheld

S = 1_000_000
MINUTE = 60 * S
HOUR = 60 * MINUTE
DAY = 24 * HOUR
BASE = 1_767_614_400 * S
SOME = settings(
    max_examples=8, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
PATIENCE = """
usual = profile of ntlm_auth by account bucket 1d over 28d
  learn hosts := set(source), tries := count() where outcome == wrong_password
new   = match ntlm_auth where usual.n >= 20 and not source in usual.hosts let what := "host", n := usual.n
hour  = window ntlm_auth by account, source over 1h compute n := count() where outcome == wrong_password
many  = match hour where n > 10 and n > 2 * usual.tries.max let what := "tries"
odd   = union new, many
alert odd as (source: source, actor: account, what: what) dedup 24h by actor, what
"""


_numbers = count()


def day(number, account, *, tries=2, source="home"):
    """A day's work of an account: it mistypes its password some times, and signs in."""
    begin = BASE + number * DAY + 9 * HOUR
    return [
        NtlmAuth(
            ts=begin + i * MINUTE, sensor="s", seq=next(_numbers), via="wire", domain="x",
            source=source, account=account, outcome="wrong_password" if i < tries else "success",
        )
        for i in range(tries + 2)
    ]  # fmt: skip


def rows_of(engine, rule):
    held = engine.running[rule.plan.id].rows.held.values()
    return [r for h in held for rows in h.rows.values() for r in rows]


def told(engine_of, rule, compiled, events):
    """(account, what, day) of every row of an alert, of all events at once."""
    engine = engine_of(rule, compiled)
    engine.ingest(sorted(events, key=lambda e: e.ts))
    engine.tick(final=True)
    held = rows_of(engine, rule)
    engine.store.close()
    return {(r.roles["actor"], r.roles["what"], (r.ts - BASE) // DAY) for r in held}


def test_the_patient_attacker_stays_unusual(rule_of, engine_of):
    rule, compiled = rule_of("patience", PATIENCE)
    usual = [e for n in range(40) for who in ("host@x", "tries@x") for e in day(n, who)]
    back = range(12, 40, 3)
    attack = [e for n in back for e in day(n, "host@x", source="evil")]
    attack += [e for n in back for e in day(n, "tries@x", tries=14)]
    protected = told(engine_of, rule, compiled, usual + attack)
    assert protected == {(f"{what}@x", what, n) for n in back for what in ("host", "tries")}
    # learnt like anything else, what came first made the rest usual
    bare = replace(
        compiled, protection=None, alerts=tuple(replace(a, owner="") for a in compiled.alerts)
    )
    assert told(engine_of, rule, bare, usual + attack) == {
        ("host@x", "host", 12),
        ("tries@x", "tries", 12),
    }


def test_a_slice_in_parts_where_time_is_short(rule_of, engine_of):
    rule, compiled = rule_of("patience", PATIENCE)
    events = [e for n in range(40) for e in day(n, "tries@x")]
    events += [e for n in range(12, 40, 3) for e in day(n, "tries@x", tries=14)]
    events.sort(key=lambda e: e.ts)
    engine = engine_of(rule, compiled)
    running = engine.running[rule.plan.id]
    engine.ingest(events)
    left = []
    for _ in range(120):
        engine.tick(seconds=1e-9)
        left.append(running.left)
    parts = [at for at in left if at is not None]
    assert len(parts) > 5
    assert parts == sorted(parts)
    assert left[-1] is None
    engine.tick(final=True)
    found = {
        (r.roles["actor"], r.roles["what"], (r.ts - BASE) // DAY) for r in rows_of(engine, rule)
    }
    engine.store.close()
    assert found == told(engine_of, rule, compiled, events)
    assert len(found) == 10


def test_honest_growth_is_learnt(rule_of, engine_of):
    """Ten times as many tries in the end, never twice as many as ever before."""
    rule, compiled = rule_of("patience", PATIENCE)
    tries = [2, 2, 3, 4, 5, 7, 9, 10, 12, 14, 16, 18, 20, 20, 20]
    events = [e for n, most in enumerate(tries) for e in day(n, "grows@x", tries=most)]
    assert told(engine_of, rule, compiled, events) == set()
    jump = [e for n in range(8) for e in day(n, "jumps@x")] + day(8, "jumps@x", tries=20)
    assert told(engine_of, rule, compiled, jump) == {("jumps@x", "tries", 8)}


@pytest.mark.parametrize(
    ("verdict", "days"), [("benign", 1), ("false_positive", 1), ("true_positive", 3)]
)
def test_a_closed_alert_is_learnt_unless_it_was_an_attack(
    rule_of, engine_of, tmp_path, verdict, days
):
    """Three more days on the new machine: those on which it is still told."""
    rule, compiled = rule_of("patience", PATIENCE)
    store = Store(tmp_path / "s.duckdb")
    engine = engine_of(rule, compiled, store, keep=True)
    for n in range(8):
        engine.ingest(day(n, "moves@x"))
        engine.tick()
    engine.ingest(day(8, "moves@x", source="new"))
    engine.ingest(day(9, "other@x"))
    engine.tick()
    (alert,) = engine.alerts()
    assert withheld.counts(store.connection, BASE + 9 * DAY) == {"patience": 4}
    close = Decision(
        seq=1, ts=BASE + 9 * DAY + 12 * HOUR, who="ann", action="close", number=alert.number,
        id=alert.id, verdict=verdict,
    )  # fmt: skip
    assert [c.kind for c in engine.decide([close], {})] == ["closed"]
    for n in (9, 10, 11):
        engine.ingest(day(n, "moves@x", source="new"))
        engine.ingest(day(n + 1, "other@x"))
        engine.tick()
        low = BASE + n * DAY
        events = compiled.alerts[0].rows(store.connection, low, low + DAY)
        assert compiled.alerts[0].rows(store.connection, low, low + DAY, engine.memory) == events
    held = withheld.changes(
        store.connection, "patience", 0, (BASE + 9 * DAY, BASE + 12 * DAY), [], []
    )
    store.close()
    assert len({(c.behind.row_ts - BASE) // DAY for c in held}) == days


@pytest.mark.parametrize("name", ["known", "statistics"])
def test_unit_by_unit_as_the_oracle(name, rule_of, streams, engine_of):
    rule, compiled = rule_of(name, BLOCKS[name])
    unit = compiled.protection.unit

    def naive(events):
        """Each unit with what is behind the alerts of earlier units taken from what is learnt."""
        withheld_, made = frozenset(), []
        for begin in sorted({e.ts // unit for e in events}):
            oracle = Evaluator(rule.plan, plain_events(events), withheld=withheld_)
            (rows,) = oracle.alerts()
            rows = [r for r in rows if r.ts // unit == begin]
            made += list(rows)
            keys = {r.dedup for r in rows}
            bare = Evaluator(
                rule.plan, plain_events(events), withheld=withheld_, learnt=begin * unit
            )
            (others,) = bare.alerts()
            rows += [r for r in others if r.ts // unit == begin and r.dedup in keys]
            withheld_ |= {i for r in rows for i in r.evidence}
            if oracle.open_choices:
                return None
        return made

    @SOME
    @given(streams)
    def agree(placed):
        engine = engine_of(rule, compiled)
        engine.ingest([e for _, e in placed])
        engine.tick(final=True)
        wanted = naive(engine.store.events(range(1, len(placed) + 1)))
        found = sorted(rows_of(engine, rule), key=lambda r: (r.ts, r.tie))
        engine.store.close()
        if wanted is not None:
            assert [(r.ts, r.tie, r.evidence) for r in found] == [
                (r.ts, r.tie, r.evidence) for r in sorted(wanted, key=lambda r: (r.ts, r.tie))
            ]
            for row, naive_row in zip(
                found, sorted(wanted, key=lambda r: (r.ts, r.tie)), strict=True
            ):
                assert all(same(row.roles[k], v) for k, v in naive_row.roles.items())

    agree()
