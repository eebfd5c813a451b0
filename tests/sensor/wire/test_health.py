"""What the sensor says of itself, in the time of the packets."""

from __future__ import annotations

import frames
from frames import Talk
from small_protocol import message

from sensor.wire.bounds import SECOND

MINUTE = 60 * SECOND
START = 1_700_000_000 * SECOND
NOISE = frames.ether(frames.ip("10.0.0.1", "10.0.0.2", 1, b"ping"))


def told(notes, kind="heartbeat"):
    return [
        ((e.from_ts - START) // SECOND, (e.to_ts - START) // SECOND)
        for e in notes.events
        if e.kind == kind
    ]


def test_heartbeats_each_minute_and_at_both_ends(wire, notes):
    wire.run([(START + s * SECOND, NOISE) for s in range(0, 200, 7)])
    assert told(notes) == [(0, 0), (0, 60), (60, 120), (120, 180), (180, 196)]
    for event in notes.events:
        assert (event.via, event.activity, event.sensor) == ("wire", "*", "probe")
        assert event.ts == event.to_ts
    assert [e.seq for e in notes.events] == list(range(1, 6))


def test_a_quiet_network_is_covered(wire, notes):
    wire.run([(START, NOISE), (START + 300 * SECOND, NOISE)])
    assert told(notes) == [
        (0, 0),
        (0, 60),
        (60, 120),
        (120, 180),
        (180, 240),
        (240, 300),
        (300, 300),
    ]


def test_another_recording_is_not_covered(wire, notes):
    wire.run([(START, NOISE), (START + 30 * SECOND, NOISE), (START + 86_400 * SECOND, NOISE)])
    assert told(notes) == [(0, 0), (0, 30), (86_400, 86_400), (86_400, 86_400)]


def test_time_that_steps_back(wire, notes):
    wire.run([(START, NOISE), (START - 90 * SECOND, NOISE), (START - 91 * SECOND, NOISE)])
    assert told(notes) == [(0, 0), (0, 0), (-90, -90), (-90, -90)]


def test_wild_times_cost_nothing(wire, notes):
    times = [0, (1 << 62) - 1, START, 5, 1 << 60, 7 * MINUTE]
    wire.run([(t, NOISE) for t in times])
    assert len(notes.events) < 4 * len(times)


def test_a_new_recording_ends_all_connections(wire, notes):
    old = Talk(ts=START).open().send(True, message(b"one"))
    new = Talk(ts=START + 86_400 * SECOND).send(True, message(b"two"))
    wire.feed(old.frames + new.frames)
    assert [k for k, _, _ in notes.log] == ["message", "close", "message"]


def test_losses_and_unreadable_messages_are_told_once(wire, notes):
    talk = Talk(ts=START).open().send(True, message(b"one")).send(True, message(b"bad"))
    talk.send(True, message(b"one")).send(True, message(b"two"))
    del talk.frames[4]
    wire.feed(talk.frames)
    wire.driver.dropped(5)
    wire.feed([(START + 61 * SECOND, NOISE), (START + 122 * SECOND, NOISE)])
    wire.driver.close()
    by_kind = {e.kind: (e.lost, e.from_ts - START, e.to_ts - START) for e in notes.events}
    assert told(notes, "loss") == [(0, 60)]
    assert told(notes, "malformed") == [(0, 60)]
    assert by_kind["loss"] == (6, 0, MINUTE)
    assert by_kind["malformed"] == (1, 0, MINUTE)


def test_bytes_that_were_not_read_are_told_by_protocol(wire, notes):
    talk = Talk(ts=START).open().send(True, message(b"one")).send(True, message(b"lost"))
    talk.send(True, b"~~~~" + message(b"two"))
    del talk.frames[3]
    wire.run(talk.frames)
    (event,) = [e for e in notes.events if e.kind == "unread"]
    assert notes.said(to_server=True) == [b"one", b"two"]
    assert (event.activity, event.lost) == ("small", len(message(b"lost")) + 4)


def test_nothing_is_told_of_nothing(wire, notes):
    wire.run([])
    assert notes.events == []
