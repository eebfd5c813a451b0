"""UDP: one reader per pair of addresses and ports, for as long as they talk."""

from __future__ import annotations

import frames
import pytest

from sensor.wire.bounds import SECOND, Bounds


def datagram(sport, dport, data, source="10.0.0.50", target="10.0.0.10"):
    return frames.ether(frames.ip(source, target, 17, frames.udp(sport, dport, data)))


def test_request_and_answer_meet(wire, notes):
    wire.run(
        [
            (1, datagram(1000, 88, b"ask")),
            (2, datagram(1001, 88, b"other")),
            (3, datagram(88, 1000, b"tell", "10.0.0.10", "10.0.0.50")),
        ]
    )
    assert len(notes.flows) == 2
    assert [(s, d) for k, s, d in notes.log if k == "message"] == [
        (True, b"ask"), (True, b"other"), (False, b"tell"),
    ]  # fmt: skip
    assert [k for k, _, _ in notes.log].count("close") == 2


def test_answer_first(wire, notes):
    wire.run([(3, datagram(88, 1000, b"tell", "10.0.0.10", "10.0.0.50"))])
    assert notes.said(False) == [b"tell"]
    assert notes.flows[0].server == "10.0.0.10"


@pytest.mark.parametrize("sport", [88, 1000])
def test_to_itself(wire, notes, sport):
    wire.run([(1, datagram(sport, 88, b"me", "10.0.0.1", "10.0.0.1"))])
    assert notes.said() == [b"me"]


@pytest.mark.parametrize("bad", [b"bad", b"worse"])
def test_unreadable(wire, notes, bad):
    wire.run([(1, datagram(1, 88, bad)), (2, datagram(1, 88, b"good"))])
    assert notes.said() == [b"good"]


def test_idle_conversations_close(wire, notes):
    wire.bounds = Bounds(conversation_idle=10 * SECOND)
    wire.feed([(0, datagram(1, 88, b"a")), (0, datagram(2, 88, b"b"))])
    for second in range(0, 40, 4):
        wire.feed([(second * SECOND, datagram(1, 88, b"a"))])
    assert len(wire.driver._conversations) == 1
    wire.driver.advance(100 * SECOND)
    assert len(wire.driver._conversations) == 0
    assert [k for k, _, _ in notes.log].count("close") == 2


def test_number_of_conversations_is_bounded(wire, notes):
    wire.bounds = Bounds(conversations=20)
    wire.feed([(i, datagram(i, 88, b"a")) for i in range(1, 1000)])
    assert len(wire.driver._conversations) == 20
    assert len(wire.driver._conversations._talks) == 40
    assert wire.counters["udp.evicted"] == 979
