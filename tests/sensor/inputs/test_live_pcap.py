"""Portable live capture through libpcap, on a cable of a private network namespace."""

import builtins
import threading
import time

import pytest

from sensor.inputs.interface import InterfaceError
from sensor.inputs.pcap_live import PcapCapture
from sensor.wire.link import ETHERNET

pytest.importorskip("scapy")
pytest.importorskip("scapy.libs.winpcapy", reason="needs libpcap", exc_type=OSError)

FRAME = b"\xff" * 6 + b"\x02\0\0\0\0\x01" + b"\x88\xb5"


def frame(number, size=60):
    return (FRAME + number.to_bytes(4, "big")).ljust(size, b"\0")


@pytest.fixture
def right(cable):
    opened = cable.inside(lambda: PcapCapture("right"))
    yield opened
    opened.stop()
    opened.close()


def collect(capture, count, seconds=10):
    found, end = [], time.monotonic() + seconds
    for block in capture.blocks():
        if block is not None:
            assert block.linktype == ETHERNET
            frames = zip(block.starts, block.ends, strict=True)
            found += zip(block.times, (bytes(block.data[a:b]) for a, b in frames), strict=True)
        if len(found) >= count or time.monotonic() > end:
            break
    return found


def test_frames_as_they_were_sent(cable, right):
    sent = [frame(i, 60 + i % 1400) for i in range(300)]
    before = time.time_ns() // 1000
    with cable.sender("left") as left:
        for one in sent:
            left.send(one)
    found = collect(right, len(sent))
    assert [f for _, f in found] == sent
    assert before <= found[0][0] <= found[-1][0] <= time.time_ns() // 1000
    assert right.dropped == 0
    assert right.fill() == 0


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


def test_drops_are_counted(cable, right):
    sent = 6000
    with cable.sender("left") as left:
        for i in range(sent):
            left.send(frame(i, 1400))
    found = len(collect(right, sent, seconds=2))
    assert 0 < found < sent
    assert found + right.dropped == sent
    assert right.fill() == 1
    assert right.fill() == 0


def test_one_that_goes_and_comes_back(cable, right):
    blocks = right.blocks()
    assert next(blocks) is None
    cable.ip("link", "del", "right")
    with pytest.raises(InterfaceError, match="`right`"):
        list(blocks)
    cable.ip("link", "add", "left", "type", "veth", "peer", "name", "right")
    for end in ("left", "right"):
        cable.ip("link", "set", end, "addrgenmode", "none")
        cable.ip("link", "set", end, "up")
    cable.inside(right.reopen)
    with cable.sender("left") as left:
        left.send(frame(1))
    assert [f for _, f in collect(right, 1)] == [frame(1)]


def test_an_unknown_interface(cable):
    with pytest.raises(InterfaceError, match="`eth77` cannot be captured: "):
        cable.inside(lambda: PcapCapture("eth77"))


def test_without_scapy(monkeypatch):
    real = builtins.__import__

    def without(name, *args):
        if name.startswith("scapy"):
            raise ImportError(name)
        return real(name, *args)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(
        InterfaceError, match=r"this capture needs scapy: pip install 'atp\[scapy\]'"
    ):
        PcapCapture("lo")
