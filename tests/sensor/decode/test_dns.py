from __future__ import annotations

import conversation
import dnswire
import msgspec
import pytest
from dnswire import query, record, reply, tcp

from sensor.decode import dns

C, S = True, False
SOA, AXFR, IXFR = 6, 252, 251


def talk(*messages, udp=True, size=0, close=True):
    ears = conversation.Ears()
    reader = dns.reader(conversation.flow(53, udp), ears)
    wire = messages if udp else [(side, tcp(raw)) for side, raw in messages]
    conversation.feed(reader, wire, udp=udp, size=size, close=close)
    return ears.events, ears.counts


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
