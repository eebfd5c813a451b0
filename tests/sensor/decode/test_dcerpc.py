"""DCE/RPC connections: recorded ones, PDUs made by hand in both byte orders, pipes, bounds."""

from __future__ import annotations

import struct
import uuid

import pytest
from transcripts import Recorder, feed, flow, load, rows

from sensor.contract import Malformed
from sensor.decode import dcerpc, dcerpc_pdu

TO_SERVER, TO_CLIENT = True, False

NDR = uuid.UUID("8a885d04-1ceb-11c9-9fe8-08002b104860")
NDR64 = uuid.UUID("71710533-beba-4937-8319-b5dbef9ccc36")
FEATURES = uuid.UUID("6cb71c2c-9812-4540-0300-000000000000")
SRVSVC = uuid.UUID("4b324fc8-1670-01d3-1278-5a47bf6ee188")
SAMR = uuid.UUID("12345778-1234-abcd-ef00-0123456789ac")
DRSUAPI = uuid.UUID("e3514235-4b06-11d1-ab04-00c04fc2dcd2")
OTHER = uuid.UUID("00112233-4455-6677-8899-aabbccddeeff")


@pytest.fixture(scope="module")
def talks(root):
    return load(root / "tests/data/wire/smb_rpc.txt")


def read(talk, size=0, port=49_153, **context):
    recorder = Recorder(**context)
    feed(dcerpc.reader(flow(port), recorder), talk, size)
    return recorder


def test_dcsync_is_seen_although_sealed(talks):
    events = read(talks["dcsync"][1], account="CORP\\dave").events
    assert rows(events, "method", "interface", "account", "encrypted", "outcome") == [
        ("rpc_bind", None, "drsuapi", "CORP\\dave", True, "success"),
        ("rpc_call", "DRSBind", "drsuapi", "CORP\\dave", True, "unknown"),
        ("replication", "DRSGetNCChanges", None, "CORP\\dave", True, "unknown"),
    ]
    bind, call, replication = events
    assert (bind.mechanism, bind.auth_level, bind.pipe) == ("ntlm", 6, "49153")
    assert (call.opnum, call.auth_level, call.status) == (0, 6, None)
    assert (replication.direction, replication.partner) == ("outbound", "ip:10.0.0.50")
    assert (replication.naming_context, replication.exop) == (None, None)


def test_endpoint_mapper_teaches_ports(talks):
    recorder = read(talks["endpoint_mapper"][1], port=135)
    assert ("10.0.0.10", 49_153, "drsuapi") in recorder.ports
    assert rows(recorder.events, "interface", "method", "object", "outcome", "pipe") == [
        ("rpc_bind", "epmapper", None, None, "success", "135"),
        ("rpc_call", "epmapper", "ept_map", "drsuapi", "success", "135"),
    ]


def test_secure_channel(talks):
    events = read(talks["secure_channel"][1]).events
    _bind, challenge, proof = events
    assert (challenge.method, challenge.computer) == ("NetrServerReqChallenge", "CLIENT")
    assert len(challenge.client_challenge) == 8
    assert (proof.method, proof.account) == ("NetrServerAuthenticate3", "CLIENT$")
    assert proof.client_credential.hex() == "ada053bc300c5d44"
    assert (proof.flags, proof.status, proof.outcome) == (0x610FFFFF, 0, "success")


@pytest.mark.parametrize("size", [1, 2, 3, 7, 13, 100, 1000])
@pytest.mark.parametrize("name", ["dcsync", "endpoint_mapper", "secure_channel"])
def test_events_do_not_depend_on_segments(talks, name, size):
    talk = talks[name][1]
    assert read(talk, size).events == read(talk).events


# PDUs made by hand


def pdu(kind, body, *, call=1, flags=3, big=False, auth=None):
    order = ">" if big else "<"
    token = b""
    if auth is not None:
        mechanism, level, value = auth
        body += b"\0" * (-len(body) % 4)
        token = struct.pack(order + "BBBBI", mechanism, level, 0, 0, 7) + value
    size = 16 + len(body) + len(token)
    head = bytes((5, 0, kind, flags, 0 if big else 0x10, 0, 0, 0))
    lengths = struct.pack(order + "HHI", size, max(0, len(token) - 8), call)
    return head + lengths + body + token


def raw(value, *, big):
    return value.bytes if big else value.bytes_le


def bind(*contexts, kind=11, big=False, **kw):
    order = ">" if big else "<"
    body = struct.pack(order + "HHIBBH", 4280, 4280, 0, len(contexts), 0, 0)
    for ident, interface, syntax in contexts:
        body += struct.pack(order + "HBB", ident, 1, 0) + raw(interface, big=big)
        body += struct.pack(order + "I", 1) + raw(syntax, big=big) + struct.pack(order + "I", 2)
    return pdu(kind, body, big=big, **kw)


def bind_ack(*results, kind=12, big=False, **kw):
    order = ">" if big else "<"
    body = struct.pack(order + "HHIH", 4280, 4280, 1, 4) + b"135\0" + b"\0" * 2
    body += bytes((len(results), 0, 0, 0))
    for result in results:
        body += (
            struct.pack(order + "HH", result, 0) + raw(NDR, big=big) + struct.pack(order + "I", 2)
        )
    return pdu(kind, body, big=big, **kw)


def request(opnum, stub=b"", *, ident=0, big=False, **kw):
    order = ">" if big else "<"
    return pdu(0, struct.pack(order + "IHH", len(stub), ident, opnum) + stub, big=big, **kw)


def response(stub, *, ident=0, big=False, **kw):
    order = ">" if big else "<"
    return pdu(2, struct.pack(order + "IHBB", len(stub), ident, 0, 0) + stub, big=big, **kw)


def fault(status, **kw):
    return pdu(3, struct.pack("<IHBBII", 0, 0, 0, 0, status, 0), **kw)


def session(*, big=False, interface=SRVSVC):
    return [(True, bind((0, interface, NDR), big=big)), (False, bind_ack(0, big=big))]


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (0, "success"),
        (5, "denied"),
        (0xC0000022, "denied"),
        (8453, "denied"),
        (0x80070005, "denied"),
        (0x105, "success"),
        (0xC0000234, "locked"),
        (1722, "error"),
    ],
)
def test_return_values(status, outcome, big):
    end = status.to_bytes(4, "big" if big else "little")
    talk = [
        *session(big=big),
        (True, request(12, b"\0" * 24, big=big)),
        (False, response(b"\0" * 8 + end, big=big)),
    ]
    call = read(talk).events[-1]
    assert (call.interface, call.method) == ("srvsvc", "NetrSessionEnum")
    assert (call.status, call.outcome, call.encrypted) == (status, outcome, False)


@pytest.mark.parametrize(
    ("code", "outcome"), [(5, "denied"), (0x1C010002, "error"), (0, "error"), (0x721, "error")]
)
def test_faults(code, outcome):
    talk = [*session(), (True, request(12)), (False, fault(code))]
    call = read(talk).events[-1]
    assert (call.status, call.outcome) == (code, outcome)


def test_fault_is_seen_although_sealed():
    sealed = (9, 6, b"x" * 16)
    talk = [
        (True, bind((0, DRSUAPI, NDR), auth=sealed)),
        (False, bind_ack(0, auth=sealed)),
        (True, request(3, b"?" * 32, auth=sealed)),
        (False, fault(5)),
    ]
    recorder = read(talk)
    assert rows(recorder.events, "method", "outcome", "status", "encrypted")[-1] == (
        "replication", "DRSGetNCChanges", "denied", 5, True,
    )  # fmt: skip
    assert recorder.auths[0].verdicts == [("denied", 5)]


def test_answers_find_their_calls_in_any_order():
    talk = [
        *session(),
        (True, request(12, b"a" * 8, call=1)),
        (True, request(15, b"b" * 8, call=2)),
        (False, response(struct.pack("<I", 5), call=2)),
        (False, response(struct.pack("<I", 0), call=1)),
    ]
    calls = read(talk).events[1:]
    assert [(c.opnum, c.outcome) for c in calls] == [(15, "denied"), (12, "success")]


def test_unanswered_calls_are_told_at_the_end():
    events = read([*session(), (True, request(12))]).events
    assert rows(events, "opnum", "outcome")[-1] == ("rpc_call", 12, "unknown")


def test_fragments_join_and_only_their_head_is_kept():
    talk = [
        *session(),
        (True, request(16, b"\0" * 4 + struct.pack("<III", 3, 0, 3), flags=1)),
        (True, request(16, "C$\0".encode("utf-16-le") + b"\0\0", flags=0)),
        (True, request(16, b"\0" * 4, flags=2)),
        (False, response(b"z" * 60_000, flags=1)),
        (False, response(b"z" * 5_000 + struct.pack("<I", 0), flags=2)),
    ]
    for size in (0, 1, 500):
        call = read(talk, size).events[-1]
        assert (call.method, call.object, call.outcome) == ("NetrShareGetInfo", "C$", "success")


def test_long_answers_are_not_asked_for():
    recorder = Recorder()
    reader = dcerpc.reader(flow(49_153), recorder)
    middle = response(b"z" * 60_000, flags=1)
    want, total = reader.frame(TO_CLIENT, middle, 0, 200)
    assert total == len(middle)
    assert want == 24 + 2_048
    sealed = (9, 6, b"x" * 16)
    reader.message(1, TO_SERVER, bind((0, DRSUAPI, NDR), auth=sealed), 0, 10_000)
    last = response(b"z" * 4_000, flags=2, auth=sealed)
    assert reader.frame(TO_CLIENT, last, 0, len(last)) == (24, len(last))


def test_one_bind_an_interface_whatever_the_syntaxes():
    talk = [
        (True, bind((0, SRVSVC, NDR), (1, SRVSVC, NDR64), (2, SRVSVC, FEATURES), (3, OTHER, NDR))),
        (False, bind_ack(2, 0, 3, 2)),
        (True, request(12, ident=1)),
    ]
    events = read(talk).events
    assert rows(events, "interface", "uuid", "outcome", "mechanism") == [
        ("rpc_bind", "srvsvc", str(SRVSVC), "success", "none"),
        ("rpc_bind", str(OTHER), str(OTHER), "error", "none"),
        ("rpc_call", "srvsvc", None, "unknown", None),
    ]


def test_alter_context_adds_and_repeats():
    token = (9, 6, b"t" * 16)
    talk = [
        (True, bind((0, SRVSVC, NDR), auth=token)),
        (False, bind_ack(0, auth=token)),
        (True, bind((0, SRVSVC, NDR), kind=14, auth=token)),
        (False, bind_ack(0, kind=15, auth=token)),
        (True, bind((5, SAMR, NDR), kind=14)),
        (False, bind_ack(0, kind=15)),
    ]
    recorder = read(talk)
    assert [e.interface for e in recorder.events] == ["srvsvc", "samr"]
    (auth,) = recorder.auths
    assert [client for client, _ in auth.tokens] == [True, False, True, False]


def test_alter_context_that_brings_authentication_is_told():
    token = (10, 6, b"t" * 16)
    talk = [
        *session(),
        (True, bind((0, SRVSVC, NDR), kind=14, auth=token)),
        (False, bind_ack(0, kind=15, auth=token)),
        (True, bind((0, SRVSVC, NDR), kind=14, auth=token)),
        (False, bind_ack(0, kind=15, auth=token)),
    ]
    found = rows(read(talk).events, "interface", "mechanism", "encrypted")
    assert found == [("rpc_bind", "srvsvc", "none", False), ("rpc_bind", "srvsvc", "ntlm", True)]


def test_refused_bind():
    talk = [
        (True, bind((0, SRVSVC, NDR), auth=(10, 6, b"t" * 16))),
        (False, pdu(13, struct.pack("<HB", 8, 0) + b"\0" * 5)),
    ]
    recorder = read(talk)
    assert rows(recorder.events, "interface", "outcome") == [("rpc_bind", "srvsvc", "denied")]
    assert recorder.auths[0].verdicts == [("denied", None)]


def test_level_of_a_connection_without_trailers():
    connect = (10, 2, b"t" * 16)
    talk = [
        (True, bind((0, SRVSVC, NDR), auth=connect)),
        (False, bind_ack(0, auth=connect)),
        (True, pdu(16, b"\0" * 4, auth=connect)),
        (True, request(12, b"\0" * 8)),
        (False, response(struct.pack("<I", 0))),
    ]
    bind_event, call = read(talk).events
    assert (bind_event.account, bind_event.auth_level) == ("CORP\\alice", 2)
    assert (call.account, call.auth_level, call.encrypted) == ("CORP\\alice", 2, False)


def test_machine_account_of_a_secure_channel():
    token = struct.pack("<II", 0, 0x17) + b"CORP\0WS9\0" + b"\x03ws9\x00"
    talk = [(True, bind((0, SRVSVC, NDR), auth=(68, 6, token))), (False, bind_ack(0))]
    (event,) = read(talk).events
    assert (event.mechanism, event.account) == ("netlogon", "CORP\\WS9$")


@pytest.mark.parametrize(
    ("pipe", "interface"),
    [("samr", "samr"), ("svcctl", "svcctl"), ("lsarpc", "unknown"), ("atsvc", "unknown")],
)
def test_call_without_its_bind(pipe, interface):
    recorder = Recorder()
    feed(dcerpc.pipe_reader(flow(445), pipe, recorder), [(True, request(1, b"\0" * 24))])
    (call,) = recorder.events
    assert (call.interface, call.pipe, call.opnum) == (interface, pipe, 1)


@pytest.mark.parametrize("size", [1, 2, 5, 23, 24, 25, 64])
def test_pipe_joins_what_reads_and_writes_cut(size):
    talk = [
        *session(),
        (True, request(12, b"\0" * 40, flags=3)),
        (False, response(b"\0" * 3_000, flags=1)),
        (False, response(b"\0" * 40 + struct.pack("<I", 5), flags=2)),
        (True, request(15, b"\0" * 40, call=2)),
    ]
    recorder = Recorder()
    reader = dcerpc.pipe_reader(flow(445), "srvsvc", recorder)
    for to_server, data in talk:
        for o in range(0, len(data), size):
            reader.message(1, to_server, b"##" + data[o : o + size], 2, 2 + len(data[o : o + size]))
    reader.close(2)
    assert rows(recorder.events, "opnum", "outcome")[1:] == [
        ("rpc_call", 12, "denied"),
        ("rpc_call", 15, "unknown"),
    ]


def test_pipe_that_is_no_rpc_is_left_alone():
    recorder = Recorder()
    reader = dcerpc.pipe_reader(flow(445), "own", recorder)
    for _ in range(1_000):
        reader.message(1, TO_SERVER, b"hello" * 100, 0, 500)
    reader.close(2)
    assert not recorder.events
    assert all(len(side.rest) < 100 for side in reader._directions)


def test_gap_loses_arguments_and_not_the_call():
    recorder = Recorder()
    reader = dcerpc.reader(flow(49_153), recorder)
    for to_server, data in session():
        reader.message(1, to_server, data, 0, len(data))
    first = request(16, b"\0" * 16, flags=1)
    reader.message(2, TO_SERVER, first, 0, len(first))
    reader.gap(3, TO_SERVER)
    last = request(16, b"\xff" * 40, flags=2)
    reader.message(3, TO_SERVER, last, 0, len(last))
    reader.close(4)
    assert rows(recorder.events, "method", "object")[-1] == ("rpc_call", "NetrShareGetInfo", None)
    assert "rpc.stub_malformed" not in recorder.counts


def test_state_is_bounded():
    recorder = Recorder()
    reader = dcerpc.reader(flow(49_153), recorder)
    association = reader._association
    for i in range(2_000):
        for data in (
            bind((i, SRVSVC, NDR), auth=(9, 6, b"t" * 16)),
            request(12, b"\0" * 20_000, call=i, flags=1, ident=i),
        ):
            reader.message(1, TO_SERVER, data, 0, len(data))
    assert len(association._calls) <= 32
    assert len(association._binds._contexts) <= 128
    assert sum(len(p.request) for p in association._calls.values()) <= 32 * 8_192


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (b"", 0),
        (b"\x05", 0),
        (b"\x04", -1),
        (b"\x05\x00\x00\x03\x10\x00\x00\x00", 0),
        (b"\x05\x02", -1),
        (b"\x05\x00\x63", -1),
        (b"\x05\x00\x00\x03\x55", -1),
        (bytes.fromhex("05000003100000001800000001000000"), 24),
        (bytes.fromhex("05000003000000000018000000000001"), 24),
        (bytes.fromhex("05000003100000000800000001000000"), -1),
        (bytes.fromhex("05000003100000001800100001000000"), -1),
    ],
)
def test_length(data, answer):
    assert dcerpc_pdu.length(data, 0, len(data)) == answer


def test_resync_finds_a_pdu_of_its_direction():
    ask, answer = request(1, b"\0" * 8), response(b"\0" * 8)
    data = b"\x05\x00junk" + answer + ask
    reader = dcerpc.reader(flow(49_153), Recorder())
    assert reader.resync(TO_SERVER, data, 0, len(data)) == data.index(ask)
    assert reader.resync(TO_CLIENT, data, 0, len(data)) == data.index(answer)
    assert reader.resync(TO_SERVER, b"\x05\x00", 0, 2) == -1


@pytest.mark.parametrize(
    "data",
    [
        pdu(0, b"\0" * 4),  # request without its header
        pdu(3, b"\0" * 8),  # fault without a status
        pdu(11, b"\0" * 8),  # bind without contexts
        pdu(11, struct.pack("<HHIBBH", 0, 0, 0, 200, 0, 0)),  # 200 contexts, none there
        response(b""),  # an answer from the client
    ],
)
def test_malformed_pdus(data):
    with pytest.raises((Malformed, IndexError, struct.error)):
        dcerpc.reader(flow(49_153), Recorder()).message(1, TO_SERVER, data, 0, len(data))


def test_a_request_must_hold_the_object_it_announces():
    head = bytes([5, 0, 0, 0x83, 0x10, 0, 0, 0]) + struct.pack("<HHI", 28, 0, 1)
    raw = head + struct.pack("<IHH", 4, 0, 3) + b"abcd"
    with pytest.raises(Malformed):
        dcerpc_pdu.Pdu(raw + bytes(40), 0, len(raw))
