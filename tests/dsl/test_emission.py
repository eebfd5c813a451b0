"""When rows are given out: the table of the language, and two properties held against the naive
evaluator: a monotone plan never loses a row to an event that arrives later, and an event changes
rows only within the look-back.
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from naive import Evaluator

from dsl.check.monotone import emission

ALERT = "\nalert t as (source: source)"
ACTOR = "\nalert t as (actor: account)"
SECOND = 1_000_000

# block, monotone, waits for the directory, part of a reason
TABLE = [
    ("t = match logon where outcome == success" + ALERT, True, False, ""),
    ("t = match logon where is_dc(source)" + ALERT, True, False, ""),
    ("t = match logon where not is_dc(source)" + ALERT, False, True, "not is_dc(source)"),
    ("t = match logon where not (not is_dc(source) and encrypted)" + ALERT, True, False, ""),
    ("t = match logon where exists(account)" + ALERT, True, False, ""),
    ("t = match logon where not exists(account)" + ALERT, False, True, "not exists(account)"),
    ("t = match kerberos_tgs where is_foreign(realm)" + ALERT, False, True, "is_foreign"),
    ("t = match kerberos_tgs where not is_foreign(realm)" + ALERT, True, False, ""),
    ("t = match logon where account.uac has dont_req_preauth" + ALERT, True, False, ""),
    ("t = match logon where not account.uac has dont_req_preauth" + ALERT, False, True, "uac"),
    ("t = match logon where account.silo is null" + ALERT, False, True, "account.silo is null"),
    ("t = match logon where account.age < 7d" + ALERT, True, False, ""),
    ('t = match logon where account.name == "a"' + ALERT, True, False, ""),
    ('t = match logon where account.name != "a"' + ALERT, False, True, "!="),
    ("t = match logon where host_of_account(account) != source" + ALERT, False, True, "!="),
    (("t = match logon let h := host_of(src_ip)\nu = match t where not is_dc(h)"
     "\nalert u as (source: source)"), False, True, "not is_dc(h)"),
    ('t = match logon where has_coverage("logon", 1d)' + ALERT, False, False, "has_coverage"),
    ("t = window logon by source over 1h compute n := count() having n >= 3" + ALERT, True, False, ""),
    ("t = window logon by source over 1h tumbling compute n := count() having n > 3" + ALERT,
     True, False, ""),
    ("t = window logon by source over 1h session compute n := count() having n > 3" + ALERT,
     False, False, "session"),
    ("t = window logon by source over 1h session compute n := count()" + ALERT, True, False, ""),
    ("t = window logon by source over 1h compute n := count() having n < 3" + ALERT,
     False, False, "n < 3"),
    ("t = window logon by source over 1h compute n := count() having n == 3" + ALERT,
     False, False, "n == 3"),
    ("t = window logon by source over 1h compute n := count() having not n >= 3" + ALERT,
     False, False, "not"),
    ("t = window logon by source over 1h compute n := count(), u := count_distinct(account) "
     "having n >= 3 and (u > 2 or n > 9)" + ALERT, True, False, ""),
    ("t = window logon by source over 1h compute n := count(), u := count_distinct(account) "
     "having u > 0.5 * n" + ALERT, False, False, "u > 0.5 * n"),
    ("t = window smb_file by source over 1h compute n := sum(bytes_read) having n > 3" + ALERT,
     True, False, ""),
    ("t = window logon by source over 1h compute n := sum(status) having n > 3" + ALERT,
     False, False, "n > 3"),
    ("t = window logon by source over 1h compute n := avg(status) having n > 3" + ALERT,
     False, False, "n > 3"),
    ("t = window logon by source over 1h compute n := max(status) having n > 3" + ALERT,
     True, False, ""),
    ("t = window logon by source over 1h compute n := min(status) having n < 3" + ALERT,
     True, False, ""),
    ("t = window logon by source over 1h compute n := avg(status), c := count() having c > 3" + ALERT,
     True, False, ""),
    ('t = window logon by source over 1h compute s := set(account) having s has "a"' + ALERT,
     True, False, ""),
    ("t = window logon by source over 1h compute s := set(account) having len(s) == 0" + ALERT,
     False, False, "len(s)"),
    ("t = window logon by source over 1h compute n := count() where is_dc(source) having n > 3" + ALERT,
     True, False, ""),
    ("t = window logon by source over 1h compute n := count() where not is_dc(source) having n > 3"
     + ALERT, False, True, "n > 3"),
    ('t = window logon by source over 1h compute n := count() '
     'having n > 0.1 * population("account", "corp", ts)' + ALERT, False, True, "population"),
    ("t = sequence by account within 1h: logon as a then kerberos_as as b where b.source != a.source"
     + ACTOR, True, False, ""),
    ("t = sequence by account within 1h: logon as a then not ldap_bind then kerberos_as as b" + ACTOR,
     False, False, "`not` step"),
    ("s = sequence by account within 1h: logon as a then kerberos_as as b\n"
     "t = match s where a.encrypted" + ACTOR, False, False, "a.encrypted"),
    ("s = sequence by account within 1h: logon as a then kerberos_as as b\n"
     "t = match s where b.encrypted" + ACTOR, True, False, ""),
    ("t = join logon with kerberos_as on account within 1h before keep fast" + ALERT, True, False, ""),
    ("t = join logon with kerberos_as on account within 1h before optional keep fast" + ALERT,
     False, False, "optional"),
    ("j = join logon with kerberos_as on account within 1h before keep fast\n"
     "t = match j where fast" + ALERT, False, False, "fast"),
    ("t = absence of logon preceding kerberos_as by account within 1h" + ALERT,
     False, False, "absence"),
    ("o = match logon where is_dc(source)\n"
     "t = absence of o preceding kerberos_as by account within 1h" + ALERT, False, True, "absence"),
    ("a = match logon where encrypted\nb = match kerberos_as where fast\nt = union a, b" + ALERT,
     True, False, ""),
    ("a = match logon where encrypted\nb = absence of logon preceding kerberos_as by account within "
     "1h\nt = union a, b" + ALERT, False, False, "absence"),
    ("t = match logon where encrypted\nalert t as (source: source) except source in @known",
     True, False, ""),
    ("t = match logon where source in @known" + ALERT, True, False, ""),
    ("t = match logon where not source in @known" + ALERT, True, False, ""),
    (("s = sequence by account within 1h: logon as a then kerberos_as as b\n"
     "alert s as (source: a.source) except source in @known"), False, False, "@known"),
    ("t = match logon where encrypted\nalert t as (source: source) when not is_dc(source)",
     False, True, "`when`"),
]  # fmt: skip


@pytest.mark.parametrize(("block", "monotone", "waits", "reason"), TABLE)
def test_when_rows_are_given_out(planned, block, monotone, waits, reason):
    built = planned(block, lists={"known": "host"})
    (alert,) = built.alerts
    assert (alert.monotone, alert.waits_for_directory) == (monotone, waits)
    reasons = emission(alert, dict(built.shared) | dict(built.relations)).reasons
    assert bool(reasons) is not monotone
    assert any(reason in r for r in reasons) or not reason


# --- properties ----------------------------------------------------------------------------------

BLOCKS = {
    "match": "t = match logon where outcome == success",
    "sliding": "t = window logon by source over 4s compute n := count() having n >= 2",
    "distinct": "t = window logon by source over 4s compute n := count_distinct(account) having n > 1",
    "tumbling": "t = window logon by source over 4s tumbling compute n := count() having n >= 2",
    "session": "t = window logon by source over 2s session compute n := count()",
    "session_few": "t = window logon by source over 2s session compute n := count() having n <= 2",
    "few": "t = window logon by source over 4s compute n := count() having n < 2",
    "sequence": "t = sequence by source within 4s: logon as a then kerberos_as as b "
    "where b.account == a.account x 2",
    "not_step": "t = sequence by source within 4s: logon as a then not ldap_bind then kerberos_as as b",
    "window_then_step": "w = window logon by source over 3s compute n := count(), s := set(account) "
    "having n >= 2\nt = sequence by source within 3s: w then kerberos_as as k where k.account in w.s",
    "before": "t = join logon with kerberos_as on source within 3s before keep kerberos_as.account as k",
    "after": "t = join logon with kerberos_as on source within 3s after optional",
    "around": "t = join logon with kerberos_as on source within 3s around optional",
    "preceding": "t = absence of logon preceding kerberos_as by source within 3s",
    "following": "t = absence of logon following kerberos_as by source within 3s",
    "set": "w = window logon by source over 3s compute s := set(account) having len(s) > 1\n"
    't = match w where s has "a"',
    "window_of_absence": "a = absence of logon preceding kerberos_as by source within 2s\n"
    "t = window a by source over 3s compute n := count() having n > 1",
}  # fmt: skip

MONOTONE = [
    "match", "sliding", "distinct", "tumbling", "session", "sequence", "window_then_step", "before",
    "set",
]  # fmt: skip
EVENT = st.tuples(
    st.sampled_from(["logon", "kerberos_as", "ldap_bind"]),
    st.integers(0, 14),
    st.sampled_from(["h", "i"]),
    st.sampled_from(["a", "b", None]),
    st.sampled_from(["success", "denied"]),
)


def stream(drawn):
    return [
        {"type": kind, "ts": ts * SECOND, "tie": i, "id": i, "primary": True, "source": source,
         "account": account, "outcome": outcome}
        for i, (kind, ts, source, account, outcome) in enumerate(drawn)
    ]  # fmt: skip


def rows(built, events):
    evaluator = Evaluator(built, events)
    made = evaluator.rows(built.alerts[0].source)
    return {(r.ts, r.tie): {**r.values, "start": r.start} for r in made}


@pytest.mark.parametrize("name", MONOTONE)
def test_a_monotone_plan_loses_no_row(planned, name):
    built = planned(BLOCKS[name] + ALERT)
    assert built.monotone

    @settings(max_examples=100, deadline=None, database=None)
    @given(st.lists(EVENT, max_size=9), st.lists(st.booleans(), min_size=9, max_size=9))
    def holds(drawn, late):
        events = stream(drawn)
        before = [e for e, is_late in zip(events, late, strict=False) if not is_late]
        assert rows(built, before).keys() <= rows(built, events).keys()

    holds()


@pytest.mark.parametrize("name", BLOCKS)
def test_an_event_changes_rows_within_the_look_back_only(planned, name):
    built = planned(BLOCKS[name] + ALERT)

    @settings(max_examples=100, deadline=None, database=None)
    @given(st.lists(EVENT, min_size=1, max_size=9))
    def holds(drawn):
        events = stream(drawn)
        changed = events[-1]["ts"]
        with_it, without = rows(built, events), rows(built, events[:-1])
        for at in with_it.keys() ^ without.keys():
            assert changed <= at[0] <= changed + built.look_back
        for at in with_it.keys() & without.keys():
            if with_it[at] != without[at]:
                assert changed <= at[0] <= changed + built.look_back

    holds()
