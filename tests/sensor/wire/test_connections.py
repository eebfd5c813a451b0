"""Connections: who is the server, when one ends and the next begins, and how many are remembered."""

from __future__ import annotations

import frames
import pytest
from frames import ACK, FIN, PSH, RST, SYN, Talk
from small_protocol import message

from sensor.wire.bounds import SECOND, Bounds

ONE, TWO = message(b"one"), message(b"two")


@pytest.mark.parametrize("first", [True, False], ids=["client first", "server first"])
@pytest.mark.parametrize("port", [1, 88, 50_000])
def test_direction_at_a_mid_stream_start(wire, notes, first, port):
    talk = Talk(client=("10.0.0.50", port)).send(first, ONE).send(not first, TWO)
    wire.run(talk.frames)
    assert len(notes.flows) == 1
    if port != 88:  # with 88 on both sides nobody can know
        assert notes.flows[0].server == "10.0.0.10"
        assert notes.said(True) == [ONE[4:] if first else TWO[4:]]


def test_a_syn_knows_better_than_ports(wire, notes):
    talk = Talk(client=("10.0.0.50", 88), server=("10.0.0.10", 88)).open().send(False, ONE)
    wire.run(talk.frames)
    assert notes.flows[0].server == "10.0.0.10"
    assert notes.said(False) == [b"one"]


def test_syn_with_ack_alone_tells_the_server(wire, notes, talk):
    talk.open().send(True, ONE)
    wire.run(talk.frames[1:])
    assert notes.said(True) == [b"one"]


def test_a_client_on_a_server_port_is_not_a_server(wire, notes):
    talk = Talk(client=("10.0.0.50", 88), server=("10.0.0.10", 443)).open()
    wire.run(talk.send(False, ONE).frames)
    assert notes.flows == []


def test_end_of_both_sides_closes_once(wire, notes, talk):
    talk.open().send(True, ONE).close()
    talk.frames += talk.frames[-3:]  # all of it again
    wire.feed(talk.frames)
    assert [k for k, _, _ in notes.log] == ["message", "close"]
    wire.driver.close()
    assert [k for k, _, _ in notes.log] == ["message", "close"]
    assert len(notes.flows) == 1


def test_end_with_data_and_a_hole_before_it(wire, notes, talk):
    talk.open()
    base = talk.next[True]
    wire.feed(
        [
            *talk.frames,
            talk.segment(False, talk.next[False], flags=FIN | ACK),
            talk.segment(True, base + len(ONE), TWO, FIN | PSH | ACK),
            talk.segment(True, base, ONE),
        ]
    )
    assert notes.log == [("message", True, b"one"), ("message", True, b"two"), ("close", None, b"")]


def test_reset_reads_what_waits_and_closes(wire, notes, talk):
    talk.open().send(True, ONE).send(True, ONE).send(True, TWO)
    del talk.frames[3]
    talk.frames.append(talk.segment(False, talk.next[False], flags=RST))
    wire.feed(talk.frames)
    assert [k for k, _, _ in notes.log] == ["message", "gap", "message", "close"]


def test_reset_out_of_the_window_is_refused(wire, notes, talk):
    talk.open().send(True, ONE)
    talk.frames.append(talk.segment(True, talk.next[True] + (1 << 30), flags=RST))
    wire.feed(talk.send(True, TWO).frames)
    assert notes.said() == [b"one", b"two"]
    assert wire.counters["tcp.resets_refused"] == 1


def again(talk, isn):
    return Talk(talk.client, talk.server, talk.ts + SECOND, isn)


@pytest.mark.parametrize("ended", [True, False], ids=["after its end", "end not seen"])
@pytest.mark.parametrize("answered", [True, False])
def test_ports_are_used_again(wire, notes, talk, ended, answered):
    talk.open().send(True, ONE).send(False, ONE)
    if ended:
        talk.close()
    fresh = again(talk, (2_000_000_000, 7)).open()
    if not answered:
        del fresh.frames[1]
    fresh.send(True, TWO).send(False, TWO)
    wire.feed(talk.frames + fresh.frames)
    assert len(notes.flows) == 2
    assert notes.said() == [b"one", b"one", b"two", b"two"]
    assert "small.gaps" not in wire.counters


def test_a_forged_syn_ends_nothing(wire, notes, talk):
    talk.open().send(True, ONE)
    talk.frames.append(talk.segment(True, 12345, flags=SYN))
    wire.feed(talk.send(True, TWO).frames)
    assert len(notes.flows) == 1
    assert notes.said() == [b"one", b"two"]


def test_a_repeated_syn_is_no_new_connection(wire, notes, talk):
    talk.open().send(True, ONE)
    talk.frames += talk.frames[:1] + talk.frames[2:3]
    wire.feed(talk.send(True, TWO).frames)
    assert len(notes.flows) == 1
    assert notes.said() == [b"one", b"two"]


def test_a_syn_tried_again_with_another_number(wire, notes, talk):
    talk.open()
    fresh = again(talk, (5, 6)).open().send(True, ONE)
    wire.feed(talk.frames[:1] + fresh.frames)
    assert notes.said() == [b"one"]


def test_data_in_the_syn(wire, notes, talk):
    wire.run([talk.segment(True, 1000, ONE, SYN), talk.segment(True, 1001 + len(ONE), TWO)])
    assert notes.said() == [b"one", b"two"]


def test_far_numbers_are_believed_the_second_time(wire, notes, talk):
    talk.open().send(True, ONE)
    stray = talk.segment(True, talk.next[True] + (1 << 30), b"stray")
    wire.feed([*talk.frames, stray, *again(talk, (0, 0)).frames])
    talk.frames.clear()
    wire.feed(talk.send(True, TWO).frames)
    assert notes.said() == [b"one", b"two"]
    fresh = again(talk, (1 << 31, 0)).send(True, ONE).send(True, TWO).send(True, ONE)
    wire.feed(fresh.frames)
    assert notes.said() == [b"one", b"two", b"two", b"one"]
    assert len(notes.flows) == 2


def test_idle_connections_expire(wire, notes, talk):
    wire.bounds = Bounds(connection_idle=100 * SECOND, opening_idle=20 * SECOND)
    opened = Talk(client=("10.0.0.51", 9)).open()
    talk.open().send(True, ONE)
    wire.feed(opened.frames + talk.frames)
    assert len(wire.driver._connections) == 2
    for second, left in ((10, 2), (40, 1), (90, 1), (160, 0)):
        wire.driver.advance(talk.ts + second * SECOND)
        assert len(wire.driver._connections) == left
    assert notes.log[-1] == ("close", None, b"")


def test_number_of_connections_is_bounded(wire, notes, talk):
    wire.bounds = Bounds(connections=50)
    wire.feed(talk.open().send(True, ONE).frames)
    for i in range(500):
        flood = Talk(client=("10.1.0.1", 1_000 + i), ts=talk.ts + i * 1000)
        wire.feed(flood.open().frames[:1])
        if i % 10 == 0:
            talk.ts = flood.ts
            talk.frames.clear()
            wire.feed(talk.send(True, TWO).frames)
    assert len(wire.driver._connections) <= 50
    assert len(wire.driver._connections._queue) <= 50
    assert len(notes.flows) == 1  # the one in use stayed
    assert len(notes.said()) == 51


def test_a_flood_of_syns_does_not_put_out_a_quiet_connection(wire, notes, talk):
    wire.bounds = Bounds(connections=50)
    wire.feed(talk.open().send(True, ONE).frames)
    wire.driver.advance(talk.ts + 30 * SECOND)
    talk.ts += 30 * SECOND
    for i in range(500):
        flood = Talk(client=("10.1.0.1", 1_000 + i), ts=talk.ts + i * 1000)
        wire.feed(flood.open().frames[:1])
    talk.ts += SECOND
    talk.frames.clear()
    wire.feed(talk.send(True, TWO).frames)
    assert len(notes.flows) == 1
    assert len(notes.said()) == 2


@pytest.mark.parametrize("end", [RST, FIN])
def test_connections_that_end_at_once_leave_nothing(wire, notes, end):
    wire.bounds = Bounds(connections=50)
    for i in range(300):
        talk = Talk(client=("10.1.0.1", 1_000 + i)).open().send(True, ONE)
        talk.close() if end == FIN else talk.frames.append(
            talk.segment(True, talk.next[True], flags=RST)
        )
        wire.feed(talk.frames)
    assert len(notes.said()) == 300
    assert len(wire.driver._connections._queue) <= 50


def bind(fragment: int = 72, order: int = 0x10) -> bytes:
    size = fragment.to_bytes(2, "little" if order else "big")
    return b"\5\0\x0b\3" + bytes([order]) + b"\0\0\0" + size + bytes(62)


def test_rpc_port_is_learnt_from_a_bind(wire, notes):
    wire.names = (("dcerpc", (135,), ()),)
    server = ("10.0.0.10", 49_700)
    talk = Talk(server=server).open().send(True, bind()).send(True, ONE)
    other = Talk(client=("10.0.0.99", 9), server=server).send(False, ONE)
    wire.feed(talk.frames + other.frames)
    assert [(f.server, f.server_port) for f in notes.flows] == [server, server]
    assert notes.said(False) == [b"one"]
    elsewhere = Talk(server=("10.0.0.11", 49_700)).open().send(True, ONE)
    wire.feed(elsewhere.frames)
    assert len(notes.flows) == 2  # learnt for one server only


@pytest.mark.parametrize(
    ("first", "to_server", "learnt"),
    [
        (bind(), True, True),
        (bind(order=0), True, True),
        (bind().replace(b"\x0b", b"\x0c", 1), False, True),
        (bind(fragment=0xFFFF), True, False),
        (bind()[:20], True, False),
        (b"\5\0\0\3" + bind()[4:], True, True),
        (b"\5\0\0\2" + bind()[4:], True, False),
        (b"\5\0\0\3" + bind(fragment=20)[4:], True, False),
        (b"\5\0\2\3" + bind()[4:], False, True),
        (b"\5\0\0\1\0\0\0\0\4\x38HTTP/1.1 200 OK and so on", False, False),
    ],
    ids=[
        "bind",
        "big endian",
        "bind_ack",
        "impossible length",
        "short",
        "request",
        "middle",
        "short request",
        "response",
        "SOCKS",
    ],
)
def test_what_a_bind_looks_like(wire, notes, first, to_server, learnt):
    talk = Talk(server=("10.0.0.10", 49_700)).open().send(to_server, first)
    wire.feed(talk.frames)
    assert bool(notes.flows) is learnt
    if learnt:
        assert notes.flows[0].server == "10.0.0.10"
    assert wire.counters.get("dcerpc.ports_learnt", 0) == int(learnt)


@pytest.mark.parametrize("size", [1, 2, 5, 13, 27])
@pytest.mark.parametrize("to_server", [True, False])
def test_a_bind_in_small_segments(wire, notes, size, to_server):
    first = bind() if to_server else bind().replace(b"\x0b", b"\x0c", 1)
    talk = Talk(server=("10.0.0.10", 49_700)).open().send(to_server, first, [size] * 99)
    wire.feed(talk.send(to_server, ONE).frames)
    assert [f.server for f in notes.flows] == ["10.0.0.10"]
    assert notes.said(to_server) == [b"one"]
    assert wire.counters["dcerpc.unsynced_bytes"] == 72


def test_beginnings_of_binds_are_bounded_and_forgotten(wire, notes):
    wire.bounds = Bounds(binds=10, opening_idle=20 * SECOND)
    wire.start()
    ports = wire.driver._connections._ports
    for port in range(2_000, 2_100):
        wire.feed(Talk(server=("10.0.0.10", port)).open().send(True, bind()[:9]).frames)
    assert sum(ports.tcp) == 2 + 10
    wire.driver.advance(frames.Talk().ts + 30 * SECOND)
    assert sum(ports.tcp) == 2


def test_socks_is_no_bind(wire, notes):
    talk = Talk(server=("10.0.0.10", 1080)).open().send(True, b"\5\1\0").send(False, b"\5\0")
    wire.feed(talk.send(True, ONE).send(False, ONE).frames)
    assert notes.flows == []
    assert sum(wire.driver._connections._ports.tcp) == 2


def test_bind_on_a_port_ignored_so_far(wire, notes):
    first = Talk(server=("10.0.0.10", 49_700)).open().send(True, bind())
    other = Talk(server=("10.0.0.11", 49_700)).open().send(True, b"hello").send(True, bind())
    wire.feed(first.frames + other.frames)
    assert [f.server for f in notes.flows] == ["10.0.0.10", "10.0.0.11"]


def test_learnt_ports_are_bounded_and_expire(wire, notes):
    wire.bounds = Bounds(rpc_ports=10, rpc_port_time=50 * SECOND)
    wire.start()
    ports = wire.driver._connections._ports
    for port in range(2_000, 2_100):
        wire.feed(Talk(server=("10.0.0.10", port)).open().send(True, bind()).frames)
    assert [p for p in range(2_000, 2_100) if ports.tcp[p]] == list(range(2_090, 2_100))
    wire.driver.advance(frames.Talk().ts + 100 * SECOND)
    assert sum(ports.tcp) == 2  # 88 and 135
