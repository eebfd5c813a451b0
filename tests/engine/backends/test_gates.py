"""What a slice is asked before its rows: whether it has the events that any row needs.

That no gate hides a row is for the oracle's tests, whose rows come through the gates; here, that
they say no where there can be no row.
"""

import pytest
from planned import planned

from engine.backends.duckdb import compile_detection
from engine.store.parsed import run

WRONG = ("ntlm_auth", {"source": "w1", "account": "u1", "outcome": "wrong_password"})
OTHER = ("ntlm_auth", {"source": "w1", "account": "u2", "outcome": "wrong_password"})
TICKET = ("kerberos_as", {"source": "w1", "account": "u1", "outcome": "success"})
PARTS = """
f = match ntlm_auth where outcome == wrong_password let who := account
ok = match kerberos_as where outcome == success
"""
MATCH = "alert f as (source: source) dedup 1d by source"
WINDOW = "w = window f by source over 1m compute n := count(), u := count_distinct(account) having {}\nalert w as (source: source) dedup 1d by source"
SEQUENCE = "s = sequence by source within 1m: f as a then ok as b where {}\nalert s as (source: source) dedup 1d by source"
JOIN = "j = join f with ok on source within 1m before{} keep account as other\nalert j as (source: source) dedup 1d by source"
ABSENCE = "a = absence of ok following f by source within 1m\nalert a as (source: source) dedup 1d by source"


@pytest.fixture
def gates(store):
    """What the gates of a block's alert say of a slice, the row's own event first."""

    def answers(block, low=0, high=2**62):
        plan, found = planned(PARTS + block)
        assert plan is not None, found
        alert = compile_detection(plan).alerts[0]
        bounds = {"low": low, "high": high}
        return [bool(run(store.connection, gate, bounds)) for gate in alert.gates]

    return answers


@pytest.mark.parametrize(
    ("block", "events", "said"),
    [
        (MATCH, [WRONG], [True]),
        (MATCH, [TICKET], [False]),
        (MATCH.replace("dedup", 'when who == "u1" dedup'), [OTHER], [False]),
        (MATCH.replace("dedup", 'when who == "u1" dedup'), [WRONG], [True]),
        (WINDOW.format("n >= 3"), [WRONG, OTHER], [True, False]),
        (WINDOW.format("n >= 3"), [WRONG, OTHER, WRONG], [True, True]),
        (WINDOW.format("u > 1"), [WRONG, WRONG], [True, False]),
        (WINDOW.format("n >= 3 or u >= 2"), [WRONG, OTHER], [True, True]),
        # what more rows may lower says nothing of all rows
        (WINDOW.format("n < 3"), [WRONG, WRONG, WRONG], [True]),
        (WINDOW.format("n >= 3 or u < 2"), [WRONG], [True]),
        (SEQUENCE.format("b.ts > a.ts"), [TICKET], [True, False]),
        (SEQUENCE.format('b.account == "u1"'), [WRONG, TICKET], [True, True]),
        (SEQUENCE.format('b.account == "u2"'), [WRONG, TICKET], [False, True]),
        (JOIN.format(""), [WRONG], [True, False]),
        (JOIN.format(" optional"), [WRONG], [True]),
    ],
)  # fmt: skip
def test_a_slice_without_the_events_of_a_row_is_told(gates, put, block, events, said):
    put(*((i, *event) for i, event in enumerate(events)))
    assert gates(block) == said


@pytest.mark.parametrize(("later", "there"), [(0, True), (60, True), (61, False)])
def test_a_row_that_waits_has_its_event_before_it(gates, put, later, there):
    (event,) = put((0, *WRONG))
    moment = event.ts + later * 1_000_000
    assert gates(ABSENCE, moment, moment) == [there]


@pytest.mark.parametrize(("source", "rows"), [("w1", 1), ("w2", 0)])
def test_a_window_over_what_was_learnt_asks_for_its_keys_first(store, put, source, rows):
    put(*((i, "ntlm_auth", {"source": "w1", "account": f"u{i}"}) for i in (1, 2, 3)))
    (last,) = put((30, "ntlm_auth", {"source": source, "account": "u1"}))
    plan, found = (
        planned("""usual = profile of ntlm_auth by account bucket 1h over 1d learn n := count()
odd = match ntlm_auth where usual.n <= 1 let who := source
w = window odd by who over 1m compute n := count() having n >= 3
alert w as (source: who) dedup 1d by who""")
    )
    assert plan is not None, found
    alert = compile_detection(plan).alerts[0]
    assert [getattr(f, "needed", None) for f in alert.first] == [None, True, None]
    assert len(alert.rows(store.connection, last.ts, last.ts)) == rows
    assert len(alert.rows(store.connection, 0, last.ts)) == 1 + rows
