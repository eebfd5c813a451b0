"""A profile of what asked a novelty model: learnt day by day and kept, it says what all events say."""

from engine.store import Store

BLOCK = """rare = model novelty of kerberos_tgs by account, server over 14d
odd = match kerberos_tgs where rare.score > 0.05
usual = profile of odd by account bucket 1d over 14d learn n := count()
t = match kerberos_tgs where usual.n > 0
alert t as (actor: account)"""


def test_kept_or_not_it_says_the_same(plan_of, tickets, alerts_of, tmp_path):
    plan = plan_of(BLOCK)
    at_once = alerts_of(plan, tickets(3, 12), 1)
    assert at_once
    store = Store(tmp_path / "atp.duckdb")
    assert alerts_of(plan, tickets(3, 12), 6, store=store) == at_once
    assert store.parts.progress()
