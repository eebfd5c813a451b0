"""Live capture on a cable of a private network namespace."""

import socket
import struct
import threading
import time

import pytest

from sensor.inputs import live, packetsocket
from sensor.inputs.interface import InterfaceError
from sensor.inputs.live import LiveCapture
from sensor.wire.link import ETHERNET

FRAME = b"\xff" * 6 + b"\x02\0\0\0\0\x01" + b"\x88\xb5"


def frame(number, size=60):
    return (FRAME + struct.pack(">I", number)).ljust(size, b"\0")


@pytest.fixture
def right(cable):
    """A capture at the right end."""
    opened = cable.inside(lambda: LiveCapture("right"))
    yield opened
    opened.stop()
    opened.close()


@pytest.fixture
def left(cable):
    """What the left end sends arrives at the right one."""
    with cable.sender("left") as sender:
        yield sender


def collect(capture, count, seconds=10):
    """(time, frame) of so many frames, or of what came in the time."""
    found = []
    end = time.monotonic() + seconds
    for block in capture.blocks():
        if block is not None:
            assert block.linktype == ETHERNET
            frames = zip(block.starts, block.ends, strict=True)
            found += zip(block.times, (bytes(block.data[a:b]) for a, b in frames), strict=True)
        if len(found) >= count or time.monotonic() > end:
            return found
    return found


def test_frames_as_they_were_sent(right, left):
    sent = [frame(i, 60 + i % 1400) for i in range(2000)]
    before = time.time_ns() // 1000
    sender = threading.Thread(target=lambda: [left.send(f) for f in sent])
    sender.start()
    found = collect(right, len(sent))
    sender.join()
    assert [f for _, f in found] == sent
    times = [t for t, _ in found]
    assert times == sorted(times)
    assert before <= times[0] <= times[-1] <= time.time_ns() // 1000
    assert right.dropped == 0


def test_large_and_small_frames(right, left):
    sent = [frame(0, size) for size in (18, 1514, 9000, 65_000)]
    for one in sent:
        left.send(one)
    assert [f for _, f in collect(right, len(sent))] == sent


@pytest.mark.parametrize(
    "tags", [b"\x81\x00\x00\x05", b"\x88\xa8\x20\x07", b"\x88\xa8\0\x07\x81\0\0\x05"]
)
def test_vlan_tags_come_back(right, left, tags):
    sent = FRAME[:12] + tags + FRAME[12:] + b"x" * 60
    left.send(sent)
    ((_, found),) = collect(right, 1)
    assert found == sent


def test_both_directions_are_seen(cable, right, left):
    left.send(frame(1))
    with cable.sender("right") as back:
        back.send(frame(2))
        assert [f for _, f in collect(right, 2)] == [frame(1), frame(2)]


def test_loopback_shows_each_frame_once(cable):
    capture = cable.inside(lambda: LiveCapture("lo"))
    with cable.inside(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as sender:
        for i in range(5):
            sender.sendto(b"%d" % i, ("127.0.0.1", 9))
    found = [f[42:43] for _, f in collect(capture, 99, seconds=1) if f[23] == 17]
    capture.close()
    assert found == [b"0", b"1", b"2", b"3", b"4"]


def test_nothing_comes(right):
    began = time.monotonic()
    assert next(right.blocks()) is None
    assert 0.1 < time.monotonic() - began < 2


def test_it_stops(right):
    thread = threading.Thread(target=lambda: list(right.blocks()))
    thread.start()
    right.stop()
    thread.join(2)
    assert not thread.is_alive()


def test_drops_are_counted(cable, left, monkeypatch):
    monkeypatch.setattr(live, "_BUFFER", 20_000)
    capture = cable.inside(lambda: LiveCapture("right"))
    sent = 3000
    for i in range(sent):
        left.send(frame(i, 1000))
    found = len(collect(capture, sent, seconds=1))
    capture.close()
    assert 0 < found < sent
    assert found + capture.dropped == sent


def test_an_interface_that_is_down_for_a_while(cable, right, left):
    blocks = right.blocks()
    left.send(frame(1))
    assert next(blocks) is not None
    cable.ip("link", "set", "right", "down")
    assert [next(blocks) for _ in range(3)] == [None] * 3
    cable.ip("link", "set", "right", "up")
    cable.ip("link", "set", "left", "up")
    time.sleep(0.2)
    left.send(frame(2))
    found = next(b for b in blocks if b is not None)
    assert bytes(found.data) == frame(2)


def test_one_that_is_deleted(cable, right, left):
    left.send(frame(1))
    cable.ip("link", "del", "right")
    found = []
    with pytest.raises(InterfaceError, match="`right` is gone"):
        found += [b for b in right.blocks() if b is not None]
    assert not found or bytes(found[0].data) == frame(1)


def test_one_of_the_same_name_is_another(cable, right):
    cable.ip("link", "del", "right")
    cable.ip("link", "add", "left", "type", "veth", "peer", "name", "right")
    with pytest.raises(InterfaceError, match="gone"):
        list(right.blocks())


def test_links_of_other_kinds_are_refused(cable, monkeypatch):
    gre = struct.pack("=16sH22x", b"right", 778)
    monkeypatch.setattr(LiveCapture, "_ask", lambda *_: gre)
    with pytest.raises(InterfaceError, match="`right` has a link of type 778, which is not read"):
        cable.inside(lambda: LiveCapture("right"))


@pytest.mark.parametrize("name", ["eth77", "", "../lo", "lo\0", "x" * 100, "a b", "\udcff"])
def test_an_unknown_interface(name):
    with pytest.raises(InterfaceError, match="there is no interface `.*`; there are: "):
        LiveCapture(name)


def test_without_the_right(monkeypatch):
    def refuse(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(live.socket, "socket", refuse)
    with pytest.raises(InterfaceError, match="capturing needs root or CAP_NET_RAW"):
        LiveCapture("lo")
