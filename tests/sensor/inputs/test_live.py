"""Live capture on a cable of a private network namespace, by ring and by plain reception."""

import errno
import os
import socket
import struct
import threading
import time

import pytest
from frames import ether, ipv4, tcp, udp

from sensor.inputs import live, packetsocket, ring
from sensor.inputs.interface import InterfaceError
from sensor.inputs.live import LiveCapture
from sensor.inputs.packetsocket import PacketSocket
from sensor.wire.drive import Driver
from sensor.wire.link import ETHERNET, RAW

FRAME = b"\xff" * 6 + b"\x02\0\0\0\0\x01" + b"\x88\xb5"


def frame(number, size=60):
    return (FRAME + struct.pack(">I", number)).ljust(size, b"\0")


def refused(*_):
    raise OSError(errno.ENOPROTOOPT, "Protocol not available")


@pytest.fixture(params=["ring", "plain"])
def way(request, monkeypatch):
    """How frames are got in this test."""
    if request.param == "plain":
        monkeypatch.setattr(live, "Ring", refused)
    return request.param


@pytest.fixture
def right(cable, way):
    """A capture at the right end."""
    opened = cable.inside(lambda: LiveCapture("right", 4 << 20))
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
    ("tags", "left_in"),
    [
        (b"\x81\x00\x00\x05", b""),
        (b"\x88\xa8\x20\x07", b""),
        (b"\x88\xa8\0\x07\x81\0\0\x05", b"\x81\0\0\x05"),
    ],
)
def test_the_kernel_takes_out_the_outer_vlan_tag(right, left, tags, left_in):
    left.send(FRAME[:12] + tags + FRAME[12:] + b"x" * 60)
    ((_, found),) = collect(right, 1)
    assert found == FRAME[:12] + left_in + FRAME[12:] + b"x" * 60


def test_both_directions_are_seen(cable, right, left):
    left.send(frame(1))
    with cable.sender("right") as back:
        back.send(frame(2))
        assert [f for _, f in collect(right, 2)] == [frame(1), frame(2)]


def test_loopback_shows_each_frame_once(cable, way):
    capture = cable.inside(lambda: LiveCapture("lo"))
    with cable.inside(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as sender:
        for i in range(5):
            sender.sendto(b"%d" % i, ("127.0.0.1", 53))
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


def test_drops_are_counted_and_the_buffer_was_full(cable, left, way):
    memory = 2 << 20 if way == "ring" else 20_000
    capture = cable.inside(lambda: LiveCapture("right", memory))
    assert capture.fill() == 0
    sent = 3000
    for i in range(sent):
        left.send(frame(i, 1000))
    assert capture.fill() > 0.9
    found = len(collect(capture, sent, seconds=1))
    assert capture.fill() == 0
    capture.close()
    assert 0 < found < sent
    assert found + capture.dropped == sent


def test_the_buffer_fills_by_and_by(cable, left):
    capture = cable.inside(lambda: LiveCapture("right", 4 << 20))
    for i in range(1500):
        left.send(frame(i, 1400))
    time.sleep(0.2)
    assert 0.3 < capture.fill() < 0.8
    assert len(collect(capture, 1500)) == 1500
    capture.close()


def test_an_interface_that_is_down_for_a_while(cable, right, left):
    blocks = right.blocks()
    left.send(frame(1))
    assert next(b for b in blocks if b is not None)
    cable.ip("link", "set", "right", "down")
    used = time.process_time()
    assert [next(blocks) for _ in range(3)] == [None] * 3
    assert time.process_time() - used < 0.1
    cable.ip("link", "set", "right", "up")
    cable.ip("link", "set", "left", "up")
    time.sleep(0.2)
    left.send(frame(2))
    assert [f for _, f in collect(right, 1)] == [frame(2)]


def test_one_that_is_deleted_and_comes_back(cable, right, left):
    left.send(frame(1))
    assert [f for _, f in collect(right, 1)] == [frame(1)]
    cable.ip("link", "del", "right")
    with pytest.raises(InterfaceError, match="`right` is gone"):
        list(right.blocks())
    with pytest.raises(InterfaceError, match="`right` cannot be captured: No such device"):
        right.reopen()
    cable.ip("link", "add", "left", "type", "veth", "peer", "name", "right")
    for end in ("left", "right"):
        cable.ip("link", "set", end, "addrgenmode", "none")
        cable.ip("link", "set", end, "up")
    right.reopen()
    with cable.sender("left") as sender:
        sender.send(frame(2))
        assert [f for _, f in collect(right, 1)] == [frame(2)]


def test_one_of_the_same_name_is_another(cable, right):
    cable.ip("link", "del", "right")
    cable.ip("link", "add", "left", "type", "veth", "peer", "name", "right")
    with pytest.raises(InterfaceError, match="gone"):
        list(right.blocks())


def test_links_of_other_kinds_are_refused(cable, monkeypatch):
    gre = struct.pack("=16sH22x", b"right", 778)
    monkeypatch.setattr(PacketSocket, "_ask", lambda *_: gre)
    with pytest.raises(InterfaceError, match="`right` has a link of type 778, which is not read"):
        cable.inside(lambda: LiveCapture("right"))


def test_a_tunnel_interface_gives_bare_packets(cable, way):
    cable.ip("tuntap", "add", "dev", "tun9", "mode", "tun")
    cable.ip("link", "set", "tun9", "addrgenmode", "none")
    cable.ip("addr", "add", "10.99.0.1/24", "dev", "tun9")
    tun = cable.inside(lambda: os.open("/dev/net/tun", os.O_RDWR))
    try:
        import fcntl

        flags = struct.pack("16sH22x", b"tun9", 0x0001 | 0x1000)  # IFF_TUN, IFF_NO_PI
        cable.inside(lambda: fcntl.ioctl(tun, 0x400454CA, flags))
        cable.ip("link", "set", "tun9", "up")
        capture = cable.inside(lambda: LiveCapture("tun9", 4 << 20))
        with cable.inside(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as sender:
            sender.sendto(b"question", ("10.99.0.2", 53))
        block = next(b for b in capture.blocks() if b is not None)
        assert block.linktype == RAW
        packet = bytes(block.data[block.starts[0] : block.ends[0]])
        assert (packet[0], packet[28:]) == (0x45, b"question")
        capture.close()
    finally:
        os.close(tun)


A, B = "10.0.0.50", "10.0.0.10"
BULK = ether(ipv4(B, A, 6, tcp(443, 50_000, 1, b"\x17\x03\x03" + b"x" * 400)))
SEALED = ether(ipv4(B, A, 6, tcp(443, 49_700, 1, b"y" * 400)))
KERBEROS = ether(ipv4(A, B, 17, udp(50_000, 88, b"k" * 400)))


def test_bulk_stays_in_the_kernel(right, left):
    for one in (BULK, SEALED, KERBEROS):
        left.send(one)
    assert [f for _, f in collect(right, 1)] == [KERBEROS]
    assert right.filtered
    assert right.dropped == 0


def test_ports_that_are_learnt_pass(right, left):
    table = bytearray(65_536)
    table[49_700] = 1
    right.watch(table)
    for one in (BULK, SEALED):
        left.send(one)
    assert [f for _, f in collect(right, 1)] == [SEALED]


def test_overload_makes_the_filter_strict(right, left):
    unknown = ether(ipv4(B, A, 6, tcp(50_001, 50_000, 1, b"y" * 400)))
    table = bytearray(65_536)
    right.watch(table, strict=True)
    for one in (unknown, KERBEROS):
        left.send(one)
    assert [f for _, f in collect(right, 1)] == [KERBEROS]
    right.watch(table)
    left.send(unknown)
    assert [f for _, f in collect(right, 1)] == [unknown]


def test_where_filters_are_forbidden_everything_comes(cable, left, monkeypatch, way):
    monkeypatch.setattr(PacketSocket, "attach", refused)
    capture = cable.inside(lambda: LiveCapture("right"))
    assert (
        capture.way == {"ring": "ring of 128 MB", "plain": "plain reception"}[way] + ", unfiltered"
    )
    left.send(BULK)
    assert [f for _, f in collect(capture, 1)] == [BULK]
    capture.close()


def test_a_frame_longer_than_a_block_counts_as_cut(cable, left, monkeypatch):
    monkeypatch.setattr(ring, "_BLOCK", 32 * 1024)
    capture = cable.inside(lambda: LiveCapture("right", 1 << 20))
    long = ether(ipv4(A, B, 6, tcp(50_000, 88, 1, b"k" * 60_000)))
    left.send(long)
    left.send(KERBEROS)
    driver = Driver("x", lambda _event: None)
    for block in capture.blocks():
        if block is not None:
            driver.packets(block.data, block.linktype, block.times, block.starts, block.ends)
        if driver.counters()["wire.packets"] == 2:
            break
    counters = driver.counters()
    assert counters["wire.cut_packets"] == 1
    assert 27_000 < counters["wire.cut_bytes"] < 29_000
    capture.close()


class Refusing:
    """A socket that has memory for so many bytes of ring."""

    def __init__(self, memory, fd=-1):
        self.memory = memory
        self.asked = []
        self.fileno = lambda: fd  # -1: memory of its own

    def setsockopt(self, _level, option, value):
        if option == ring._PACKET_RX_RING:
            size, blocks = struct.unpack_from("=II", value)
            self.asked.append(size * blocks)
            if size * blocks > self.memory:
                raise OSError(errno.ENOMEM, "Cannot allocate memory")


class Bare:
    def __init__(self, *args):
        self.socket = Refusing(*args)


def test_with_little_memory_the_ring_is_smaller():
    small = Bare(20 << 20)
    mapped, blocks = ring._mapped(small, 64 << 20)
    assert len(mapped) == blocks * ring._BLOCK == 16 << 20
    mapped.close()
    assert small.socket.asked == [64 << 20, 32 << 20, 16 << 20]
    none = Bare(1 << 20)
    with pytest.raises(OSError, match="Cannot allocate memory"):
        ring._mapped(none, 64 << 20)
    assert none.socket.asked == [64 << 20, 32 << 20, 16 << 20, 8 << 20]


def test_a_ring_that_cannot_be_mapped_is_taken_back():
    unmapped = Bare(64 << 20, 1_000_000)
    with pytest.raises(OSError, match="Bad file descriptor"):
        ring._mapped(unmapped, 64 << 20)
    assert unmapped.socket.asked == [64 << 20, 0]


@pytest.mark.parametrize("name", ["eth77", "", "../lo", "lo\0", "x" * 100, "a b", "\udcff"])
def test_an_unknown_interface(name):
    with pytest.raises(InterfaceError, match="there is no interface `.*`; there are: "):
        LiveCapture(name)


def test_without_the_right(monkeypatch):
    def refuse(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(packetsocket.socket, "socket", refuse)
    with pytest.raises(InterfaceError, match="capturing needs root or CAP_NET_RAW"):
        LiveCapture("lo")
