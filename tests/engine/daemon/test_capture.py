"""A live interface as a source of events: numbers that go on, losses, an interface that goes."""

import time

import pytest
from frames import ether, ipv4, udp

from engine.daemon import capture, waiting
from engine.daemon.capture import Capture
from sensor.inputs.live import LiveCapture
from sensor.inputs.packets import Packets
from sensor.wire.link import ETHERNET

QUESTION = b"\0\x07\1\0\0\1\0\0\0\0\0\0\1a\0\0\1\0\1"


@pytest.fixture
def opened(cable):
    made = []

    def start(after=0):
        made.append(Capture(cable.inside(lambda: LiveCapture("right")), after))
        return made[-1]

    yield start
    for one in made:
        one.close()


def send(cable, packets):
    with cable.sender("left") as sender:
        for _, frame in packets:
            sender.send(frame)


def gather(source, condition, seconds=10):
    """Events taken until the condition holds of them."""
    found, end = [], time.monotonic() + seconds
    while not condition(found):
        assert time.monotonic() < end, [type(e).__name__ for e in found]
        found += source.take()
        time.sleep(0.02)
    return found


def test_events_come_while_it_runs_and_at_its_end(cable, opened, recording):
    source = opened(after=1000)
    send(cable, recording[:400])
    found = gather(source, lambda f: len(f) > 20)
    found += source.close()
    assert source.fault == ""
    assert {e.sensor for e in found} == {"interface:right"}
    assert [e.seq for e in found] == list(range(1001, 1001 + len(found)))
    assert type(found[-1]).__name__ == "SensorHealth"
    now = time.time_ns() // 1000
    assert all(0 <= now - e.ts < 60_000_000 for e in found)
    assert not source._thread.is_alive()
    assert source.close() == []


def test_events_that_nobody_takes_are_counted(cable, opened, recording, monkeypatch):
    monkeypatch.setattr(waiting, "_MOST", 5)
    source = opened()
    send(cable, recording[:400])
    end = time.monotonic() + 10
    while not source.lost and time.monotonic() < end:
        time.sleep(0.02)
    time.sleep(0.5)
    lost, found = source.lost, source.take()
    assert len(found) == 5
    assert found[-1].seq == lost + 5


def test_an_interface_that_comes_back(cable, opened, recording, monkeypatch):
    monkeypatch.setattr(capture, "_AGAIN_S", 0.05)
    source = opened()
    send(cable, recording[:400])
    first = gather(source, lambda f: len(f) > 20)
    cable.ip("link", "del", "right")
    end = time.monotonic() + 10
    while not source.away and time.monotonic() < end:
        time.sleep(0.02)
    assert "`right`" in source.away
    cable.ip("link", "add", "left", "type", "veth", "peer", "name", "right")
    for name in ("left", "right"):
        cable.ip("link", "set", name, "addrgenmode", "none")
        cable.ip("link", "set", name, "up")
    while source.away and time.monotonic() < end:
        time.sleep(0.02)
    assert source.away == ""
    time.sleep(0.2)
    send(cable, [p for p in recording[400:800] if len(p[1]) <= 1514])
    second = gather(source, lambda f: len(f) > 20)
    assert second[0].seq > first[-1].seq


def test_a_defect_of_the_thread_is_told(cable, opened, monkeypatch):
    def packets(*_):
        raise ZeroDivisionError("oops")

    monkeypatch.setattr(capture.Driver, "packets", packets)
    source = opened()
    send(cable, [(0, b"\xff" * 60)])
    end = time.monotonic() + 10
    while not source.fault and time.monotonic() < end:
        time.sleep(0.02)
    assert source.fault == "ZeroDivisionError: oops"


class Choked:
    """A live input whose buffer is full of name lookups until it was asked often enough."""

    interface = "choked"
    way = "nowhere"
    dropped = 0

    def __init__(self, packets):
        self.packets = packets
        self.asked = 0
        self.watched = []
        self.strict = []
        self.going = True

    def blocks(self):
        while self.going:
            time.sleep(0.002)
            block = Packets(b"".join(self.packets), ETHERNET)
            at = 0
            for one in self.packets:
                block.times.append(time.time_ns() // 1000)
                block.starts.append(at)
                at += len(one)
                block.ends.append(at)
            self.asked += 1
            yield block

    def fill(self):
        return 0.9

    def watch(self, tcp, *, strict=False):
        self.watched.append(bytes(tcp))
        self.strict.append(strict)

    def stop(self):
        self.going = False

    def close(self):
        pass


def test_under_pressure_it_sheds_and_says_so():
    question = ether(ipv4("10.0.0.5", "10.0.0.1", 17, udp(50_000, 53, QUESTION)))
    ticket = ether(ipv4("10.0.0.5", "10.0.0.1", 17, udp(50_000, 88, b"\x6a\x03\x02\x01\x05")))
    live = Choked([question, ticket] * 5)
    source = Capture(live)
    end = time.monotonic() + 10
    while source.shed < 100 and time.monotonic() < end:
        time.sleep(0.02)
    events = source.close()
    assert source.fault == ""
    assert source.shed >= 100
    told = [e for e in events if type(e).__name__ == "SensorHealth" and e.kind == "shed"]
    assert {e.activity for e in told} == {"dns"}
    counters = source._driver.counters()
    assert counters["wire.packets"] == 10 * live.asked
    assert {name for name in counters if name.startswith("shed.")} == {"shed.dns"}
    assert sum(e.lost for e in told) == counters["shed.dns"]
    assert live.watched[-1][88] == 1
    assert live.watched[-1][443] == 0
    assert live.strict[-1]
