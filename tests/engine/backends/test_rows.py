"""What an alert's rows carry: evidence and its caps, begin, sets, slices, exceptions."""

import pytest

from dsl.schema.derive import ip_bytes
from engine.lists import list_row, together_row
from engine.store import FOREVER, facts

BURST = """\
w = window ntlm_auth by source over 10m compute n := count(), who := set(account)
alert w as (source: source, who: who) when n >= 2 dedup 1h by source"""


def test_evidence_of_a_window_is_capped_first_and_last(put, rows):
    put(*((i, "ntlm_auth", {"source": "h", "account": f"u{i:04}"}) for i in range(150)))
    found = rows(BURST)
    assert len(found) == 149
    assert found[0].evidence == (1, 2)
    last = found[-1]
    assert last.evidence == (*range(1, 21), *range(71, 151))
    assert last.evidence_count == 150
    assert last.start == found[0].start
    assert not last.overflow


def test_sets_hold_a_thousand_and_say_so(put, rows):
    put(*((i / 10, "ntlm_auth", {"source": "h", "account": f"u{i:04}"}) for i in range(1002)))
    found = rows(BURST, low=99.9)
    assert [len(r.roles["who"]) for r in found] == [1000, 1000, 1000]
    assert [r.overflow for r in found] == [False, True, True]
    assert found[-1].roles["who"] == [f"u{i:04}" for i in range(1000)]
    assert found[-1].evidence_count == 1002


def test_evidence_of_frames_within_frames_is_united(put, rows):
    put(*((i, "ntlm_auth", {"source": "h"}) for i in range(6)))
    found = rows("""\
a = window ntlm_auth by source over 3s compute n := count() having n >= 2
b = window a by source over 2s compute m := count()
alert b as (source: source) when m >= 2 dedup 1h by source""")
    assert [r.evidence for r in found] == [(1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (3, 4, 5, 6)]
    assert [r.evidence_count for r in found] == [3, 4, 4, 4]


def test_anchors_of_a_sequence_are_always_kept(put, rows):
    put(
        *((i, "ntlm_auth", {"source": "h"}) for i in range(50)),
        *((50, "ntlm_auth", {"source": "h"}) for _ in range(200)),
        (60, "logon", {"source": "h"}),
    )
    (row,) = rows("""\
w = window ntlm_auth by source over 10m compute n := count()
q = sequence by source within 11s: w then logon
alert q as (source: source) dedup 1h by source""")
    # of the 200 rows at 50 s the latest is the anchor; all have the same frame
    assert row.evidence == (*range(1, 21), *range(172, 252))
    assert row.evidence_count == 251
    (early,) = rows("""\
w = window ntlm_auth by source over 10m compute n := count() having n == 30
b = window ntlm_auth by source over 10m compute n := count() having n == 250
q = sequence by source within 5m: w then b then logon
alert q as (source: source) dedup 1h by source""")
    assert early.evidence == (*range(1, 21), 30, *range(172, 252))
    assert early.evidence_count == 251


def test_a_slice_is_what_the_whole_has_there(put, rows):
    put(*((i, "ntlm_auth", {"source": "h", "account": "a"}) for i in (0, 5, 300, 599, 700, 1200)))
    whole = rows(BURST)
    for cut in (0, 5, 6, 300, 599, 700, 1199, 1200):
        assert rows(BURST, high=cut) + rows(BURST, low=cut + 0.000001) == whole
    assert rows(BURST, low=10, high=9) == []


def test_rows_far_beyond_any_time_do_no_harm(store, put, rows):
    (event,) = put((0, "ntlm_auth", {"source": "h"}))
    event.ts, event.id = 2**63 - 1, 2
    store.append([event])
    assert rows("alert ntlm_auth as (source: source) dedup 1h by source")[0].evidence == (1,)


@pytest.mark.parametrize(
    ("kind", "value", "low", "high", "left"),
    [
        ("host", "h", None, None, 1),
        ("account", "h", None, None, 2),
        ("text", "h", None, None, 1),
        ("source", "h", None, None, 1),
        ("account", "alice", None, None, 1),
        ("ip", "10.0.0.0/8", "10.0.0.0", "10.255.255.255", 1),
        ("ip", "10.0.0.0/31", "10.0.0.0", "10.0.0.1", 2),
    ],
)
def test_the_exclusion_list_of_the_detection(store, put, rows, kind, value, low, high, left):
    put(
        (0, "ntlm_auth", {"source": "h", "account": "alice", "src_ip": "10.0.0.9"}),
        (1, "ntlm_auth", {"source": "g", "account": "bob", "src_ip": "11.0.0.9"}),
    )
    store.connection.execute(
        "INSERT INTO list_entry VALUES ('case', ?, ?, ?, ?, 0, ?)",
        [kind, value, low and ip_bytes(low), high and ip_bytes(high), 2**63 - 1],
    )
    block = "alert ntlm_auth as (source: source, actor: account, ip: src_ip) dedup 1h by source"
    assert len(rows(block)) == left


@pytest.mark.parametrize(
    ("roles", "left"),
    [
        ({"source": "h"}, 1),
        ({"source": "H", "actor": "bob"}, 1),
        ({"source": "g", "actor": "alice"}, 2),
        ({"source": "h", "ip": "10.0.0.0/8"}, 1),
        ({"source": "h", "ip": "10.0.0.1"}, 2),
        ({"source": "tag:scanner"}, 1),
        ({"source": "tag:scanner", "actor": "alice"}, 2),
        ({"ip": "tag:vpn_pool"}, 1),
        ({"nobody": "h"}, 2),
    ],
)
def test_roles_that_must_be_met_together(store, put, rows, roles, left):
    put(
        (0, "ntlm_auth", {"source": "h", "account": "bob", "src_ip": "10.0.0.9"}),
        (1, "ntlm_auth", {"source": "g", "account": "bob", "src_ip": "11.0.0.9"}),
    )
    pool = list_row("tag:vpn_pool", "ip", "11.0.0.0/8")
    facts.put_lists(store.connection, ["case"], [together_row("case", roles), pool])
    store.connection.execute(
        "INSERT INTO dir_object (key, kind, tags, valid_from, valid_to) "
        "VALUES ('h', 'host', ['scanner'], 0, ?)",
        [FOREVER],
    )
    block = "alert ntlm_auth as (source: source, actor: account, ip: src_ip) dedup 1h by source"
    assert len(rows(block)) == left


def test_lists_hold_as_of_the_row(store, put, rows):
    ((first,), _) = (put((0, "ntlm_auth", {"source": "h"})), put((9, "ntlm_auth", {"source": "h"})))
    store.connection.execute(
        "INSERT INTO list_entry VALUES ('hosts', 'host', 'h', NULL, NULL, 0, ?), "
        "('hosts', 'host', 'h', NULL, NULL, 0, ?)",
        [first.ts + 1, first.ts + 5],
    )
    kept = rows("alert ntlm_auth as (source: source) except source in @hosts dedup 1h by source")
    assert [r.evidence for r in kept] == [(2,)]
    inside = (
        "a = match ntlm_auth where source in @hosts\nalert a as (source: source) dedup 1h by source"
    )
    assert [r.evidence for r in rows(inside)] == [(1,)]


def test_severity_confidence_dedup_and_addresses(put, rows):
    put((0, "ntlm_auth", {"source": "h", "src_ip": "10.0.0.1", "src_port": 7}))
    (row,) = rows("""\
w = window ntlm_auth by source over 1m compute ips := set(src_ip), p := max(src_port)
alert w as (source: source, ips: ips) severity case(p > 5 -> high, else low) confidence p * 1.5
  dedup 1h by source, ips""")
    assert row.roles == {"source": "h", "ips": ["10.0.0.1"]}
    assert (row.severity, row.confidence) == ("high", 10.5)
    assert row.dedup == ("h", ["10.0.0.1"])


@pytest.mark.parametrize("where", ["", " where b.account == a.account"])
def test_one_event_seen_twice_is_not_two_steps(put, rows, where):
    put(*((i, "ntlm_auth", {"source": "h", "account": "x"}) for i in (0, 1, 2)))
    found = rows(f"""\
twice = union ntlm_auth, ntlm_auth
s = sequence by source within 1m: ntlm_auth as a then twice as b{where} x 2
alert s as (source: source) dedup 1h by source""")
    # two rows end at the third event, and none at the second
    assert [r.evidence for r in found] == [(1, 2, 3), (1, 2, 3)]
    assert [r.evidence_count for r in found] == [3, 3]
