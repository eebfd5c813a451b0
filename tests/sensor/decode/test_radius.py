"""RADIUS accounting: packets made by scapy and by hand, and a real one of an access point."""

from __future__ import annotations

import shutil
import socket
import struct
import subprocess

import conversation
import pytest
import zeeklog
from scapy.layers.radius import Radius

from sensor.decode import radius
from sensor.inputs.captures import read_capture

START, STOP, INTERIM, ON = 1, 2, 3, 7


def attribute(kind, value):
    raw = value.encode() if isinstance(value, str) else value
    if isinstance(raw, int):
        raw = struct.pack(">I", raw)
    return bytes([kind, len(raw) + 2]) + raw


def packet(code, *attributes, ident=7, pad=b""):
    body = b"".join(attributes)
    return struct.pack(">BBH16s", code, ident, 20 + len(body), b"authenticator 16") + body + pad


def record(status=START, *more, ident=7, user="CORP\\alice", session="s1"):
    return packet(
        4, attribute(40, status), attribute(44, session), attribute(1, user), *more, ident=ident
    )


def reply(ident=7):
    return packet(5, ident=ident)


def talk(*messages):
    ears = conversation.Ears()
    reader = radius.reader(conversation.flow(1813, udp=True), ears)
    conversation.feed(reader, messages, udp=True)
    return ears


def one(*attributes, status=START):
    (event,) = talk((True, record(status, *attributes)), (False, reply())).events
    return event


def test_a_session_in_full():
    event = one(
        attribute(4, bytes([10, 0, 0, 1])), attribute(32, "vpn1"), attribute(8, bytes([10, 8, 0, 5])),
        attribute(31, "203.0.113.7"), attribute(46, 125), attribute(61, 5),
        status=STOP,
    )  # fmt: skip
    assert (event.phase, event.account, event.session, event.duration) == (
        "stop", "CORP\\alice", "s1", 125_000_000,
    )  # fmt: skip
    assert (event.nas, event.framed_ip, event.calling_station, event.src_ip) == (
        "ip:10.0.0.1", "10.8.0.5", "203.0.113.7", "203.0.113.7",
    )  # fmt: skip
    assert (event.outcome, event.via, event.protocol, event.dst_ip, event.dst_port, event.ts) == (
        "success", "wire", "radius", "10.0.0.10", 1813, 1_001_000,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("status", "phase"),
    [
        (START, "start"),
        (INTERIM, "interim"),
        (STOP, "stop"),
        (ON, "accounting_on"),
        (8, "accounting_off"),
    ],
)
def test_phases(status, phase):
    assert one(status=status).phase == phase


@pytest.mark.parametrize("status", [9, 15, 0, 0xFFFFFFFF])
def test_what_is_no_session(status):
    ears = talk((True, record(status)), (False, reply()))
    assert (ears.events, ears.counts) == ([], {"radius.no_session": 1})


@pytest.mark.parametrize("port_type", [15, 19])
def test_switches_and_access_points_are_no_vpn(port_type):
    assert talk((True, record(START, attribute(61, port_type)))).counts == {"radius.no_vpn": 1}


@pytest.mark.parametrize(
    ("attributes", "src"),
    [
        ([attribute(31, "203.0.113.7:4500")], "203.0.113.7"),
        ([attribute(31, "[2001:db8::1]:500")], "2001:db8::1"),
        ([attribute(31, "2001:db8::1")], "2001:db8::1"),
        ([attribute(31, "02-00-00-00-00-01")], None),
        ([attribute(31, "+49 30 1234")], None),
        ([attribute(66, "198.51.100.7"), attribute(31, "02-00-00-00-00-01")], "198.51.100.7"),
        ([attribute(66, b"\0" + b"198.51.100.7")], "198.51.100.7"),
        ([attribute(66, "vpn.example")], None),
        ([], None),
    ],
)
def test_the_client_where_an_address_is_given(attributes, src):
    assert one(*attributes).src_ip == src


@pytest.mark.parametrize(
    ("attributes", "nas"),
    [
        ([attribute(4, bytes([10, 0, 0, 1]))], "ip:10.0.0.1"),
        ([attribute(95, bytes(15) + b"\1")], "ip:::1"),
        ([attribute(32, "vpn1.corp.lab.test")], "vpn1.corp.lab.test"),
        ([attribute(32, "VPN1")], "name:VPN1"),
        ([attribute(32, "10.0.0.3")], "ip:10.0.0.3"),
        ([], "ip:10.0.0.50"),
    ],
)
def test_the_server_that_keeps_the_session(attributes, nas):
    assert one(*attributes).nas == nas


@pytest.mark.parametrize(
    ("attributes", "framed"),
    [
        ([attribute(8, b"\xff\xff\xff\xfe")], None),
        ([attribute(168, bytes.fromhex("20010db8") + bytes(11) + b"\5")], "2001:db8::5"),
        ([attribute(8, bytes([10, 8, 0, 5])), attribute(168, bytes(16))], "10.8.0.5"),
    ],
)
def test_the_address_given(attributes, framed):
    assert one(*attributes).framed_ip == framed


def test_a_record_sent_again_is_one():
    delayed = record(START, attribute(41, 5), ident=8)
    ears = talk((True, record()), (True, record()), (True, delayed), (False, reply(8)))
    assert [e.outcome for e in ears.events] == ["success"]
    assert ears.counts == {"radius.repeated": 2}


def test_answers_find_their_records():
    many = [(True, record(session=f"s{i}", ident=i % 256)) for i in range(300)]
    ears = talk(*many, (False, reply(299 - 256)), (False, reply(255)))
    assert len(ears.events) == 300
    assert [e.session for e in ears.events if e.outcome == "success"] == ["s299", "s255"]


def test_padding_behind_the_packet_is_ignored():
    padded = record() + b"\0" * 40
    assert len(talk((True, padded), (False, reply())).events) == 1


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"\4\7\0\x14", packet(4)[:19], record()[:-1],
        packet(4, b"\x2c\1"), packet(4, b"\x2c"), packet(4, b"\x2c\xff s"),
        packet(4, attribute(40, b"\0\1")), packet(4, attribute(40, START), attribute(8, b"\1\2\3")),
        packet(4, attribute(40, START), attribute(46, b"\0" * 9)),
        struct.pack(">BBH16s", 4, 1, 19, b""), struct.pack(">BBH16s", 4, 1, 5000, b"") + bytes(5000),
    ],
)  # fmt: skip
def test_hostile_lengths(raw):
    ears = talk((True, raw)) if raw else conversation.Ears()
    assert ears.events == []
    assert ears.counts == ({"malformed": 1} if raw else {})


def test_other_packets_are_counted():
    ears = talk((True, packet(1, attribute(1, "alice"))), (False, record()), (False, reply()))
    assert (ears.events, ears.counts) == ([], {"radius.other": 2})


def test_a_packet_made_by_scapy():
    made = Radius(code=4, id=9, authenticator=bytes(16)) / record()[20:]
    (event,) = talk((True, bytes(made)), (False, bytes(Radius(code=5, id=9)))).events
    assert (event.account, event.phase, event.outcome) == ("CORP\\alice", "start", "success")


@pytest.mark.data
def test_a_real_access_point(atp_data):
    capture = atp_data / "pcap/arkime+arkime/tests__pcap__radius.pcap"
    assert zeeklog.events(capture, "VpnSession") == []
    assert read_capture(capture, lambda event: None).counters["radius.no_vpn"] == 1


@pytest.mark.skipif(shutil.which("radclient") is None, reason="needs radclient (freeradius-utils)")
@pytest.mark.parametrize(
    ("word", "phase"), [("Start", "start"), ("Interim-Update", "interim"), ("Stop", "stop")]
)
def test_what_a_real_client_sends(word, phase):
    """FreeRADIUS's own client to a socket of this test, which never answers."""
    attributes = (
        f'Acct-Status-Type={word}, Acct-Session-Id="s1", User-Name="CORP\\\\alice", Acct-Session-Time=60, '
        'Framed-IP-Address=10.8.0.5, Calling-Station-Id="203.0.113.7", NAS-IPv6-Address=2001:db8::1, '
        "NAS-Port-Type=Virtual, Acct-Delay-Time=3"
    )
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(10)
        to = f"127.0.0.1:{server.getsockname()[1]}"
        command = ["radclient", "-q", "-r", "1", "-t", "0.1", to, "acct", "secret"]
        with subprocess.Popen(command, stdin=subprocess.PIPE) as client:
            client.stdin.write(attributes.encode())
            client.stdin.close()
            raw = server.recv(4096)
    (event,) = talk((True, raw), (False, reply(raw[1]))).events
    assert (event.phase, event.account, event.session, event.duration, event.outcome) == (
        phase, "CORP\\alice", "s1", 60_000_000, "success",
    )  # fmt: skip
    assert (event.framed_ip, event.src_ip, event.nas) == (
        "10.8.0.5",
        "203.0.113.7",
        "ip:2001:db8::1",
    )


def ends(port, back=False):
    raw = bytes.fromhex("0a000032 0a00000a"), struct.pack(">HH", port, 1813)
    return raw[0][4:] + raw[0][:4] + raw[1][2:] + raw[1][:2] if back else b"".join(raw)


def test_the_table_of_all_conversations_is_bounded():
    ears = conversation.Ears()
    table = radius.datagrams(ears, lambda _: conversation.flow(1813, udp=True))
    for n in range(5_000):
        table.datagram(n, ends(10_000 + n), record(ident=1))
    assert len(ears.events) == 2 * 512  # the oldest, an eighth at once
    table.datagram(6_000, ends(14_999, back=True), reply(ident=1))
    assert (ears.events[-1].ts, ears.events[-1].outcome) == (4_999, "success")
    table.expire(2_000)
    assert [event.ts for event in ears.events[1_025:]] == list(range(1_024, 2_001))
    table.close(9_000)
    assert len(ears.events) == 5_000


def test_records_that_are_alike_are_told_again_after_a_minute():
    ears = conversation.Ears()
    table = radius.datagrams(ears, lambda _: conversation.flow(1813, udp=True))
    for ts in (0, 30_000_000, 600_000_000):
        table.datagram(ts, ends(50_000), record(INTERIM))
        table.datagram(ts, ends(50_000, back=True), reply())
    assert [event.ts for event in ears.events] == [0, 600_000_000]
