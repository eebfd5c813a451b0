"""What is owed and would take too long is asked for in a few turns, in order; nothing is lost between them."""

from itertools import pairwise

from want_of_time import NoTurn, Pieces

from dsl.schema.ntlm import NtlmAuth

S = 1_000_000
HOUR = 3_600 * S
BASE = 1_767_614_400 * S
BLOCK = """
many = window ntlm_auth by source over 10m compute n := count() having n >= 3
alert many as (source: source, n: n) dedup 1m by source
"""


def sign_in(seq, ts):
    return NtlmAuth(
        ts=BASE + ts, sensor="s", seq=seq, via="wire", domain="x", source="w", account="u@x"
    )


def owed(engine_of, rule_of):
    """An engine that owes its detection 36 sign-ins, the detection, and the alerts that come of them."""
    rule, compiled = rule_of("many", BLOCK)
    events = [sign_in(i, i * 97 * S) for i in range(36)]
    whole = engine_of(rule, compiled)
    whole.ingest(events)
    whole.tick()
    wanted = told(whole)
    whole.store.close()
    assert wanted
    engine = engine_of(rule, compiled)
    engine.turns = NoTurn()
    engine.ingest(events)
    engine.tick(seconds=9)
    engine.turns = Pieces()
    engine.turns.count = 6
    return engine, engine.running[rule.plan.id], wanted


def told(engine):
    return [(a.first_row, a.last_row, a.count) for a in engine.alerts()]


def test_a_few_pieces(engine_of, rule_of):
    engine, running, wanted = owed(engine_of, rule_of)
    left = []
    while not left or left[-1] is not None:
        engine.tick(seconds=9)
        left.append(running.left)
    assert len(left) == 6
    gaps = {(b - a) // S for a, b in pairwise(left[:-1])}
    assert len(gaps) == 1, "as long as one another"
    assert told(engine) == wanted
    engine.store.close()


def test_a_tick_with_time_for_all_does_the_rest(engine_of, rule_of):
    engine, running, wanted = owed(engine_of, rule_of)
    engine.tick(seconds=9)
    assert running.left is not None
    assert running.rest == 5
    engine.tick()
    assert running.left is None
    assert told(engine) == wanted
    engine.store.close()
