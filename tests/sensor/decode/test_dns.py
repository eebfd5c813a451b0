from __future__ import annotations

import contextlib

import conversation
import dnswire
import msgspec
import pytest
from dnswire import query, record, reply, tcp
from hypothesis import given, settings
from hypothesis import strategies as st

from sensor.contract import Flow, Malformed
from sensor.decode import dns

C, S = True, False
SOA, AXFR, IXFR = 6, 252, 251


def talk(*messages, udp=True, size=0, close=True, ears=None):
    ears = ears or conversation.Ears()
    reader = dns.reader(conversation.flow(53, udp), ears)
    wire = messages if udp else [(side, tcp(raw)) for side, raw in messages]
    conversation.feed(reader, wire, udp=udp, size=size, close=close)
    if udp:
        same_in_one_table(messages, ears, close)
    return ears.events, ears.counts


ENDS = bytes([10, 0, 0, 50, 10, 0, 0, 10]) + (50_000).to_bytes(2, "big") + b"\0\x35"
BACK = ENDS[4:8] + ENDS[:4] + ENDS[10:] + ENDS[8:10]


def same_in_one_table(messages, alone, close):
    """The table of all conversations tells what a reader of this one told."""
    ears = conversation.Ears()
    flows = {ENDS: conversation.flow(53, udp=True)}
    table = dns.datagrams(ears, flows.__getitem__)
    ts = 1_000_000
    for to_server, raw in messages:
        ts += 1000
        table.datagram(ts, ENDS if to_server else BACK, raw)
    if close:
        table.close(ts + 1000)
        assert ears.hosts == alone.hosts
        assert ears.counts == alone.counts
        assert ears.events == alone.events


def brief(events, *fields):
    return [tuple(getattr(e, f) for f in fields) for e in events]


@pytest.mark.parametrize("size", [0, 1, 2, 3, 7, 13, 55])
def test_recorded_transfer_refused_in_disguise(size):
    (event,) = conversation.replay(dns, "dns_axfr_refused", size=size).events
    assert msgspec.structs.asdict(event).items() >= {
        "query": "corp.lab.test", "qtype": "axfr", "rcode": "noerror", "transport": "tcp", "answers": 0, "outcome": "denied",
        "answer_bytes": 82, "src_ip": "10.0.0.50", "protocol": "dns",
    }.items()  # fmt: skip


@pytest.mark.parametrize("udp", [True, False])
def test_question_with_answer(udp):
    answer = reply(7, "Host1.CORP.test", 1, record(), record())
    events, _ = talk((C, query(7, "Host1.CORP.test")), (S, answer), udp=udp)
    assert brief(events, "query", "qtype", "rcode", "outcome", "answers", "answer_bytes", "transport", "anomalies", "ts") == [
        ("host1.corp.test", "a", "noerror", "success", 2, len(answer), "udp" if udp else "tcp", None, 1_001_000)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("rcode", "word", "outcome"),
    [
        (0, "noerror", "success"),
        (2, "servfail", "error"),
        (3, "nxdomain", "error"),
        (5, "refused", "denied"),
        (9, "notauth", "denied"),
        (12, "rcode_12", "error"),
    ],
)
def test_codes(rcode, word, outcome):
    events, _ = talk((C, query(7, "a.test", 33)), (S, reply(7, "a.test", 33, rcode=rcode)))
    assert brief(events, "rcode", "outcome", "qtype") == [(word, outcome, "srv")]


def test_pairs_by_id_name_and_type():
    events, _ = talk(
        (C, query(7, "a.test")), (C, query(7, "b.test")), (C, query(8, "a.test", 999)),
        (S, reply(8, "a.test", 999)), (S, reply(7, "b.test", 1, rcode=3)), (S, reply(7, "a.test")),
    )  # fmt: skip
    assert brief(events, "query", "qtype", "rcode") == [
        ("a.test", "type_999", "noerror"), ("b.test", "a", "nxdomain"), ("a.test", "a", "noerror"),
    ]  # fmt: skip


def test_repeats_are_one_question():
    asked, answered = (C, query(7, "a.test")), (S, reply(7, "a.test"))
    for order in (
        [asked, asked, answered, answered],
        [answered, asked],
        [asked, answered, asked, answered],
    ):
        events, counts = talk(*order)
        assert len(events) == 1
        assert counts["dns.repeated"] == len(order) - (2 if order[0] == asked else 1)


def test_same_question_later_is_another():
    ears = conversation.Ears()
    reader = dns.reader(conversation.flow(53, udp=True), ears)
    for start in (1_000_000, 9_000_000):
        conversation.feed(
            reader, [(C, query(7, "a.test")), (S, reply(7, "a.test"))], udp=True, start=start
        )
    assert len(ears.events) == 2


def test_unanswered_and_unasked():
    events, _ = talk((C, query(7, "a.test")), (S, reply(9, "b.test", 28)))
    assert brief(events, "query", "outcome", "rcode") == [
        ("b.test", "success", "noerror"),
        ("a.test", "unknown", None),
    ]


def test_waiting_questions_are_bounded():
    events, _ = talk(*[(C, query(n, "a.test")) for n in range(300)], close=False)
    assert len(events) == 300 - 256


@pytest.mark.parametrize("size", [0, 1, 5, 100])
def test_transfer_is_one_event(size):
    parts = [
        (S, reply(7, "test", AXFR, record(kind=SOA), record(), record())),
        (
            S,
            dnswire.message(
                7, record("b.test"), record("c.test"), flags=0x8400, questions=0, counts=(2, 0, 0)
            ),
        ),
        (S, reply(7, "test", AXFR, record(), record(kind=SOA))),
    ]
    events, _ = talk((C, query(7, "test", AXFR)), *parts, udp=False, size=size)
    assert brief(events, "qtype", "outcome", "answers", "answer_bytes") == [
        ("axfr", "success", 7, sum(len(raw) for _, raw in parts))
    ]  # fmt: skip
    assert len(talk((C, query(7, "test", AXFR)), *parts, udp=False, close=False)[0]) == 1


@pytest.mark.parametrize(
    ("kind", "replies", "outcome", "answers"),
    [
        (AXFR, [reply(7, "test", AXFR, record(kind=SOA))], "error", 1),
        (AXFR, [reply(7, "test", AXFR, record(kind=SOA), record())], "success", 2),
        (AXFR, [reply(7, "test", AXFR, rcode=5)], "denied", 0),
        (AXFR, [reply(7, "test", AXFR)], "denied", 0),
        (
            AXFR,
            [reply(7, "test", AXFR, record(kind=SOA)), reply(7, "test", AXFR, rcode=2)],
            "error",
            1,
        ),
        (
            AXFR,
            [reply(7, "test", AXFR, record(kind=SOA), record(), record(kind=SOA))],
            "success",
            3,
        ),
        (IXFR, [reply(7, "test", IXFR, record(kind=SOA))], "success", 1),
        (AXFR, [], "unknown", None),
    ],
)
def test_how_transfers_end(kind, replies, outcome, answers):
    events, _ = talk((C, query(7, "test", kind)), *[(S, raw) for raw in replies], udp=False)
    assert brief(events, "outcome", "answers") == [(outcome, answers)]


def test_dynamic_update():
    zone = dnswire.question("corp.test", SOA)
    update = dnswire.message(7, zone, record("ws9.corp.test"), flags=0x2800, counts=(0, 1, 0))
    events, _ = talk((C, update), (S, dnswire.message(7, zone, flags=0xA805)))
    assert brief(events, "query", "qtype", "rcode", "outcome", "answers") == [
        ("corp.test", "update", "refused", "denied", None)
    ]


ZONE = dnswire.question("corp.test", SOA)
ANY, NONE = 255, 254


def update_record(name, kind, data, klass=1):
    raw = dnswire.record(name, kind, data)
    at = len(dnswire.name(name)) + 2
    return raw[:at] + klass.to_bytes(2, "big") + raw[at + 2 :]


UPDATES = [
    update_record("ws9.corp.test", 1, b"", ANY),
    update_record("ws9.corp.test", 1, bytes([10, 0, 0, 9])),
    update_record("WS9.corp.test", 28, bytes.fromhex("fd" + "00" * 14 + "09")),
    update_record("ws8.corp.test", 1, bytes([10, 0, 0, 8]), NONE),
    update_record("corp.test", 1, bytes([10, 0, 0, 1])),
    update_record("gc._msdcs.corp.test", 1, bytes([10, 0, 0, 1])),
    update_record("DomainDnsZones.corp.test", 1, bytes([10, 0, 0, 1])),
    update_record("ws7.other.test", 1, bytes([10, 0, 0, 7])),
    update_record("ws6.corp.test", 1, bytes([10, 0, 0])),
    update_record("ws5.corp.test", 16, b"\3abc"),
]


@pytest.mark.parametrize("udp", [True, False])
def test_accepted_updates_bind_hosts(udp):
    sent = dnswire.message(7, ZONE, *UPDATES, flags=0x2800, counts=(0, len(UPDATES), 0))
    ears = conversation.Ears()
    events, _ = talk((C, sent), (S, dnswire.message(7, ZONE, flags=0xA800)), udp=udp, ears=ears)
    assert brief(events, "qtype", "outcome", "anomalies") == [("update", "success", None)]
    assert ears.hosts == [
        (1_001_000, "10.0.0.9", "ws9.corp.test", "dns_update", None),
        (1_001_000, "fd00::9", "ws9.corp.test", "dns_update", None),
        (1_001_000, "10.0.0.8", "ws8.corp.test", "dns_update", 1_001_000),
    ]


@pytest.mark.parametrize("answer", [[(S, dnswire.message(7, ZONE, flags=0xA805))], []])
def test_refused_updates_bind_nothing(answer):
    sent = dnswire.message(7, ZONE, *UPDATES, flags=0x2800, counts=(0, len(UPDATES), 0))
    ears = conversation.Ears()
    talk((C, sent), *answer, ears=ears)
    assert ears.hosts == []


def test_notify():
    asked = dnswire.message(7, ZONE, flags=0x2400)
    events, _ = talk((C, asked), (S, dnswire.message(7, ZONE, flags=0xA400)))
    assert brief(events, "query", "qtype", "outcome") == [("corp.test", "notify", "success")]


def soa(serial):
    return record(kind=SOA, data=b"\0\0" + serial.to_bytes(4, "big") + bytes(16))


def test_incremental_transfer_ends_with_the_serial_it_began_with():
    """RFC 1995 §4: SOA records between others begin what is deleted and what is added."""
    parts = [
        (S, reply(7, "test", IXFR, soa(9), soa(7), record(), soa(8))),
        (S, reply(7, "test", IXFR, record(), soa(8))),
        (S, reply(7, "test", IXFR, record(), soa(9), record())),
        (S, reply(7, "test", IXFR, record(), soa(9))),
    ]
    events, counts = talk((C, query(7, "test", IXFR)), *parts, udp=False, close=False)
    assert brief(events, "qtype", "outcome", "answers") == [("ixfr", "success", 11)]
    assert counts == {}


def test_what_follows_a_transfer_is_no_question():
    parts = [(S, reply(7, "test", AXFR, soa(1), record(), soa(1)))] + [
        (S, dnswire.message(7, record("b.test"), flags=0x8400, questions=0, counts=(1, 0, 0)))
    ] * 2
    events, counts = talk((C, query(7, "test", AXFR)), *parts, udp=False)
    assert brief(events, "answers") == [(3,)]
    assert counts == {"dns.repeated": 2}


def test_a_transfer_refused_after_its_beginning():
    parts = [(S, reply(7, "test", AXFR, record(), record()))]
    events, _ = talk((C, query(7, "test", AXFR)), *parts, udp=False, close=False)
    assert brief(events, "outcome", "answers") == [("success", 2)]


def test_extended_code():
    opt = b"\0" + (41).to_bytes(2, "big") + (1232).to_bytes(2, "big") + b"\1\0\0\0" + b"\0\0"
    raw = dnswire.message(7, dnswire.question("a.test"), opt, flags=0x8180, counts=(0, 0, 1))
    events, _ = talk((C, query(7, "a.test")), (S, raw))
    assert brief(events, "rcode", "outcome") == [("badvers", "error")]


def test_server_to_server_is_read_by_the_qr_bit():
    events, _ = talk((S, query(7, "a.test")), (C, reply(7, "a.test")))
    assert brief(events, "query", "outcome") == [("a.test", "success")]


@pytest.mark.parametrize(
    ("raw", "answer"),
    [
        (tcp(query(7, "a.test"))[:13], (0, 0)),
        (tcp(query(7, "a.test")), (26, 26)),
        (b"\0\4" + bytes(12), (0, -1)),
        (tcp(b"\0\7\x38\0" + bytes(8)), (0, -1)),
        (tcp(dnswire.message(7, questions=2)), (0, -1)),
    ],
)
def test_frame(raw, answer):
    reader = dns.reader(conversation.flow(53), conversation.Ears())
    assert reader.frame(C, raw, 0, len(raw)) == answer


def test_resync():
    reader = dns.reader(conversation.flow(53), conversation.Ears())
    junk = b"\xff" * 31
    b = junk + tcp(query(0x1234, "a.test"))
    assert reader.resync(C, b, 0, len(b)) == len(junk)
    assert reader.resync(S, b, 0, len(b)) == -1


def test_messages_without_a_question():
    events, counts = talk((C, dnswire.message(7, questions=0)))
    assert (events, counts) == ([], {"dns.no_question": 1})


def test_the_table_of_datagrams():
    """Same ids from other clients and ports are other questions; who waits long is told."""
    ears = conversation.Ears()
    table = dns.datagrams(ears, lambda ends: Flow(ends.hex(), 0, "", 53, udp=True))
    other = ENDS[:8] + b"\1\1" + ENDS[10:]
    table.datagram(1, ENDS, query(7, "a.test"))
    table.datagram(2, other, query(7, "a.test"))
    table.datagram(3, BACK, reply(7, "a.test"))
    assert brief(ears.events, "src_ip", "outcome", "ts") == [(ENDS.hex(), "success", 1)]
    table.expire(1)
    assert len(ears.events) == 1
    table.expire(2)
    assert brief(ears.events[1:], "src_ip", "outcome", "ts") == [(other.hex(), "unknown", 2)]
    table.close(9)
    assert len(ears.events) == 2


def test_between_servers_who_asks_is_the_client():
    ears = conversation.Ears()
    table = dns.datagrams(ears, lambda ends: Flow(ends.hex(), 53, "", 53, udp=True))
    ends = ENDS[:8] + b"\0\x35\0\x35"
    back = ends[4:8] + ends[:4] + ends[8:]
    table.datagram(1, back, reply(8, "b.test"))
    table.datagram(2, ends, query(7, "a.test"))
    table.datagram(3, back, reply(7, "a.test"))
    assert brief(ears.events, "query", "src_ip") == [("b.test", ends.hex()), ("a.test", ends.hex())]


def test_the_table_is_bounded_and_takes_ipv6():
    ears = conversation.Ears()
    table = dns.datagrams(ears, lambda ends: Flow(ends.hex(), 0, "", 53, udp=True))
    ends = bytes(range(32)) + b"\x80\0\0\x35"
    for i in range(17_000):
        table.datagram(i, ends, query(i, "a.test"))
    assert len(ears.events) == 2_048  # the oldest, an eighth at once
    back = ends[16:32] + ends[:16] + ends[34:] + ends[32:34]
    table.datagram(17_001, back, reply(16_999, "a.test"))
    assert ears.events[-1].src_ip == ends.hex()
    with pytest.raises(Malformed):
        table.datagram(1, ends, b"\0" * 11)


@settings(deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.binary(max_size=120)), max_size=6))
def test_the_table_takes_any_bytes(messages):
    ears = conversation.Ears()
    table = dns.datagrams(ears, lambda _: conversation.flow(53, udp=True))
    for to_server, raw in messages:
        with contextlib.suppress(*conversation.UNREADABLE):
            table.datagram(1, ENDS if to_server else BACK, raw)
    table.close(2)


@settings(deadline=None)
@given(st.data())
def test_damaged_updates(data):
    raw = bytearray(dnswire.message(7, ZONE, *UPDATES, flags=0x2800, counts=(0, len(UPDATES), 0)))
    for _ in range(data.draw(st.integers(1, 5))):
        raw[data.draw(st.integers(2, len(raw) - 1))] = data.draw(st.integers(0, 255))
    ears = conversation.Ears()
    table = dns.datagrams(ears, lambda _: conversation.flow(53, udp=True))
    with contextlib.suppress(*conversation.UNREADABLE):
        table.datagram(1, ENDS, bytes(raw[: data.draw(st.integers(12, len(raw)))]))
        table.datagram(2, BACK, dnswire.message(7, ZONE, flags=0xA800))
    table.close(2)
    assert len(ears.hosts) <= 64
