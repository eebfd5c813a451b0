"""TCP: whatever the order, size and repetition of segments, the reader hears the same messages."""

from __future__ import annotations

import itertools
import random
import struct

import frames
import pytest
from small_protocol import message

from sensor.wire.bounds import Bounds

ONE, TWO, THREE = message(b"one"), message(b"second"), message(b"")
STREAM = ONE + TWO + THREE + message(b"x" * 300, 5) + ONE
HEARD = [b"one", b"second", b"", b"xxxxx", b"one"]
CHUNKINGS = {
    "whole": [],
    "byte by byte": [1] * len(STREAM),
    "by two": [2] * len(STREAM),
    "by three": [3] * len(STREAM),
    "by seven": [7] * len(STREAM),
    "head apart": [4, len(ONE) - 4, 4],
    "inside the skipped": [len(ONE + TWO + THREE) + 20, 200],
}


@pytest.mark.parametrize("sizes", CHUNKINGS.values(), ids=CHUNKINGS)
@pytest.mark.parametrize("to_server", [True, False])
@pytest.mark.parametrize("opened", [True, False])
def test_chunking(wire, notes, talk, sizes, to_server, opened):
    if opened:
        talk.open()
    wire.run(talk.send(to_server, STREAM, sizes).close().frames)
    assert notes.said(to_server) == HEARD
    assert ("gap", to_server, b"") not in notes.log


@pytest.mark.parametrize("at", range(1, len(ONE + TWO)))
def test_every_split(wire, notes, talk, at):
    wire.run(talk.open().send(True, ONE + TWO, [at]).frames)
    assert notes.said() == [b"one", b"second"]


def test_both_directions_and_the_flow(wire, notes, talk):
    wire.run(talk.open().send(True, ONE).send(False, TWO).close().frames)
    assert notes.log == [
        ("message", True, b"one"),
        ("message", False, b"second"),
        ("close", None, b""),
    ]
    (flow,) = notes.flows
    assert (flow.client, flow.client_port) == frames.CLIENT
    assert (flow.server, flow.server_port, flow.udp) == (*frames.SERVER, False)


@pytest.mark.parametrize("seed", range(40))
def test_disorder_and_repetition(wire, notes, talk, seed):
    rng = random.Random(seed)
    sizes = [rng.randint(1, 9) for _ in range(400)]
    found = talk.open().send(True, STREAM, sizes).frames
    head, data = found[:2], found[2:]
    # disorder within a window, and every third segment again
    data = [f for i, f in sorted(enumerate(data), key=lambda x: x[0] + rng.random() * 12)]
    data = [g for f in data for g in ([f, f] if rng.random() < 0.3 else [f])]
    wire.run(head + data)
    assert notes.said() == HEARD
    assert "small.gaps" not in wire.counters


@pytest.mark.parametrize("isn", [0xFFFFFFFF, 0xFFFFFFF0, 0xFFFFFFFF - 200, 0x7FFFFFFF])
@pytest.mark.parametrize("swapped", [False, True])
def test_sequence_numbers_wrap(wire, notes, isn, swapped):
    talk = frames.Talk(isn=(isn, 5)).open().send(True, STREAM, [11] * 99)
    if swapped:
        data = talk.frames[2:]
        talk.frames[2:] = [f for i in range(0, len(data), 2) for f in reversed(data[i : i + 2])]
    wire.run(talk.frames)
    assert notes.said() == HEARD


def test_first_bytes_win_over_later_overlap(wire, notes, talk):
    talk.open()
    base = talk.next[True]
    good, evil = ONE + TWO, ONE[:4] + b"EVIL" + TWO[1:]
    wire.run(
        [
            *talk.frames,
            talk.segment(True, base + 5, good[5:12]),  # early
            talk.segment(True, base, evil[:14]),  # overlaps all of it
            talk.segment(True, base + 3, evil[3:14]),  # and what was read already
            talk.segment(True, base + 12, good[12:]),
        ]
    )
    assert notes.said() == [b"Ene", b"second"]


def test_keep_alive_is_no_data(wire, notes, talk):
    talk.open().send(True, ONE)
    talk.frames.append(talk.segment(True, talk.next[True] - 1, b"\0"))
    wire.run(talk.send(True, TWO).frames)
    assert notes.said() == [b"one", b"second"]


@pytest.mark.parametrize("lost", range(1, 6))
def test_loss_is_told_and_framing_found_again(wire, notes, talk, lost):
    talk.open()
    for i in range(8):
        talk.send(True, message(b"%d" % i))
    del talk.frames[2 + lost]
    wire.run(talk.frames)
    assert notes.said() == [b"%d" % i for i in range(8) if i != lost]
    assert notes.log.count(("gap", True, b"")) == 1
    assert wire.counters["small.gap_bytes"] == 5


def test_a_hole_that_the_receiver_acknowledged_is_not_waited_for(wire, notes, talk):
    talk.open().send(True, ONE).send(True, TWO).send(False, THREE)
    del talk.frames[2]
    ts, answer = talk.frames[3]
    acknowledged = answer[:42] + struct.pack(">I", talk.next[True]) + answer[46:]
    wire.feed([*talk.frames[:3], (ts, answer)])
    assert notes.said() == [b""]
    wire.feed([(ts, acknowledged)])
    assert notes.log[1:] == [("gap", True, b""), ("message", True, b"second")]


def test_hole_in_skipped_bytes_is_no_gap(wire, notes, talk):
    talk.open().send(True, message(b"a" * 3000, 2) + ONE, [500] * 9)
    del talk.frames[4]
    wire.run(talk.frames)
    assert notes.said() == [b"aa", b"one"]
    assert "small.gaps" not in wire.counters


def test_hole_across_the_end_of_skipped_bytes(wire, notes, talk):
    talk.open().send(True, message(b"a" * 995, 2) + ONE + TWO, [500, 503, 20])
    del talk.frames[3]
    wire.run(talk.frames)
    assert notes.said() == [b"aa", b"second"]
    assert wire.counters["small.gap_bytes"] == 4


@pytest.mark.parametrize("size", [1, 3, 50])
def test_mid_stream_start_in_the_middle_of_a_message(wire, notes, talk, size):
    wire.run(talk.send(True, b"\0\0tail of a message" + ONE + TWO, [size] * 60).frames)
    assert notes.said() == [b"one", b"second"]
    assert wire.counters["small.unsynced_bytes"] == 19


def test_time_bounds_the_wait_for_a_hole(wire, notes, talk):
    talk.open().send(True, ONE).send(True, TWO).send(True, THREE)
    del talk.frames[3]
    wire.feed(talk.frames)
    assert notes.said() == [b"one"]
    other = frames.Talk(client=("10.0.0.51", 1), ts=talk.ts + 3_000_000).open().send(True, ONE)
    wire.feed(other.frames)
    assert notes.said() == [b"one", b"", b"one"]
    assert notes.log[1] == ("gap", True, b"")


@pytest.mark.parametrize(
    "bounds",
    [Bounds(late_bytes=400), Bounds(held=400)],
    ids=["one direction", "all together"],
)
def test_bounds_of_the_wait(wire, notes, talk, bounds):
    wire.bounds = bounds
    talk.open().send(True, ONE)
    for i in range(9):
        talk.send(True, message(b"%d" % i))
    del talk.frames[2]
    wire.feed(talk.frames)
    assert len(notes.said()) >= 8 - 3
    wire.driver.close()
    assert wire.driver._context.held == 0


def test_message_longer_than_the_bound_is_skipped(wire, notes, talk):
    wire.bounds = Bounds(message=100)
    wire.run(talk.open().send(True, message(b"a" * 5000) + ONE, [90] * 60).frames)
    assert notes.said() == [b"one"]
    assert wire.counters["small.oversized"] == 1
    assert ("gap", True, b"") in notes.log


def test_incomplete_messages_are_bounded_together(wire, notes):
    wire.bounds = Bounds(held=10_000)
    talks = [frames.Talk(client=("10.0.1.1", 1000 + i)).open() for i in range(20)]
    for talk in talks:
        talk.send(True, message(b"a" * 5000))
    turns = itertools.zip_longest(*[t.frames for t in talks])
    wire.feed([f for turn in turns for f in turn if f])
    halves = []
    for part in range(50):
        for talk in talks:
            chunk = message(b"b" * 5000)[part * 100 : part * 100 + 100]
            halves.append(talk.segment(True, talk.next[True], chunk))
            talk.next[True] += len(chunk)
    wire.feed(halves)
    assert wire.driver._context.held <= 10_000
    wire.driver.close()
    assert wire.driver._context.held == 0


@pytest.mark.parametrize("bad", [b"bad", b"worse"])
def test_unreadable_message_ends_nothing(wire, notes, talk, bad):
    wire.run(talk.open().send(True, ONE + message(bad) + TWO).frames)
    assert notes.said() == [b"one", b"second"]
    assert wire.counters["small.malformed" if bad == b"bad" else "small.fault"] == 1
    assert (wire.driver.fault is None) == (bad == b"bad")


def test_not_the_protocol_at_all(wire, notes, talk):
    wire.run(
        talk.open().send(True, b"GET / HTTP/1.0\r\n\r\n" * 50, [100] * 9).send(True, ONE).frames
    )
    assert notes.said() == [b"one"]


def test_cut_by_the_capture(wire, notes, talk):
    talk.open().send(True, ONE + message(b"b" * 100)).send(True, TWO)
    ts, frame = talk.frames[2]
    talk.frames[2] = ts, frame[:80]
    wire.run(talk.frames)
    assert notes.said() == [b"one", b"second"]
    assert wire.counters["wire.cut_packets"] == 1
    assert wire.counters["small.gaps"] == 1
