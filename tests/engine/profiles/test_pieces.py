"""What is owed and would take too long is asked for in a few turns, in order; nothing is lost between them."""

from contextlib import contextmanager
from itertools import pairwise

from dsl.schema.ntlm import NtlmAuth
from engine.turns import Turns

S = 1_000_000
HOUR = 3_600 * S
BASE = 1_767_614_400 * S
BLOCK = """
many = window ntlm_auth by source over 10m compute n := count() having n >= 3
alert many as (source: source, n: n) dedup 1m by source
"""


class NoTurn(Turns):
    """Too little time for any."""

    @contextmanager
    def turn(self, name, line=0, *, free=False):
        yield False


class Slow(Turns):
    """Whose turns take long."""

    def pieces(self, name, owed):
        return 6


def sign_in(seq, ts):
    return NtlmAuth(
        ts=BASE + ts, sensor="s", seq=seq, via="wire", domain="x", source="w", account="u@x"
    )


def test_a_few_pieces(engine_of, rule_of):
    rule, compiled = rule_of("many", BLOCK)
    events = [sign_in(i, i * 97 * S) for i in range(36)]
    engine = engine_of(rule, compiled)
    running = engine.running[rule.plan.id]
    engine.turns = NoTurn()
    engine.ingest(events)
    engine.tick(seconds=9)
    engine.turns = Slow()
    left = []
    while not left or left[-1] is not None:
        engine.tick(seconds=9)
        left.append(running.left)
    assert len(left) == 6
    gaps = {(b - a) // S for a, b in pairwise(left[:-1])}
    assert len(gaps) == 1, "as long as one another"
    found = [(a.first_row, a.last_row, a.count) for a in engine.alerts()]
    whole = engine_of(rule, compiled)
    whole.ingest(events)
    whole.tick()
    assert found == [(a.first_row, a.last_row, a.count) for a in whole.alerts()]
    assert found
    for one in (engine, whole):
        one.store.close()
