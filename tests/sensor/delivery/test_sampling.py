"""The filter at a sensor: what is needed goes, of the rest a share, and signs of life."""

import msgspec
import pytest

from dsl.schema.dns import DnsQuery
from dsl.schema.ldap import LdapSearch
from sensor.delivery.sampling import Filter, Rule, Sampling, Test

S = 1_000_000


def query(i, **fields):
    return DnsQuery(ts=i * S, sensor="eth0", seq=i, dst_ip="10.0.0.1", via="wire", **fields)


def sent(share, events, *clauses):
    sampling = Sampling()
    sampling.use(Filter("v", (Rule("dns_query", share, clauses),)))
    return [e.seq for e in sampling.sent(events)], dict(sampling.left_out)


def test_nothing_is_left_out_by_default():
    sampling = Sampling()
    events = [query(i) for i in range(9)]
    assert sampling.sent(events) == events
    assert sampling.left_out == {}


def test_a_sign_a_minute_remains():
    assert sent(0, [query(i) for i in range(180)]) == ([0, 60, 120], {"dns_query": 177})


def test_signs_are_those_of_each_server_and_answer():
    events = [query(1), query(2, rcode="noerror"), query(3, rcode="noerror")]
    events.append(DnsQuery(ts=4 * S, sensor="eth0", seq=4, dst_ip="10.0.0.2", via="wire"))
    assert sent(0, events)[0] == [1, 2, 4]


def test_about_the_share_is_sent_and_always_the_same():
    events = [query(i) for i in range(10_000)]
    first, left_out = sent(0.25, events)
    assert len(first) == pytest.approx(2_625, rel=0.05)
    assert left_out == {"dns_query": 10_000 - len(first)}
    assert sent(0.25, events)[0] == first


@pytest.mark.parametrize(
    ("test", "kept"),
    [
        (Test("qtype", "in", ("txt", "any")), [2]),
        (Test("qtype", "not in", ("txt",)), [1]),
        (Test("qtype", "unlike", ("txt",)), [1, 3]),
        (Test("qtype", "null"), [3]),
        (Test("qtype", "known"), [1, 2]),
        (Test("no_such_field", "null"), [1, 2, 3]),  # of another release
    ],
)
def test_what_is_needed_is_sent(test, kept, monkeypatch):
    monkeypatch.setattr(Sampling, "_is_sign", lambda *_: False)
    events = [query(1, qtype="a"), query(2, qtype="txt"), query(3)]
    found, _ = sent(0, events, (test,))
    assert found == kept


def test_all_tests_of_a_clause_count():
    clause = (Test("qtype", "in", ("txt",)), Test("rcode", "in", ("refused",)))
    events = [query(0), query(1, qtype="txt"), query(2, qtype="txt", rcode="refused")]
    events.insert(0, query(-1, rcode="refused"))
    assert sent(0, events, clause)[0] == [-1, 0, 2]


def test_records_of_logs_and_other_types_are_sent():
    record = DnsQuery(ts=2 * S, sensor="log", seq=2, via="event_5136")
    search = LdapSearch(ts=3 * S, sensor="eth0", seq=3, via="wire")
    assert sent(0, [query(1), record, record, search, search])[0] == [1, 2, 2, 3, 3]


def test_it_travels():
    one = Filter("v", (Rule("dns_query", 0.5, ((Test("qtype", "in", ("txt", 1, True)),),)),))
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(one), type=Filter) == one
    assert msgspec.json.decode(msgspec.json.encode(one), type=Filter) == one
