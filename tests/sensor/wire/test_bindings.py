"""What is told of addresses, and what is not told again."""

from __future__ import annotations

import pytest

from sensor.contract import Flow
from sensor.wire.bindings import AGAIN, Bindings
from sensor.wire.bounds import Bounds
from sensor.wire.context import WireContext
from sensor.wire.ports import Ports

FLOW = Flow("10.0.0.50", 50_000, "10.0.0.10", 88, udp=True)


def context():
    events = []
    return WireContext("probe", events.append, Ports((), Bounds())), events


def test_news_is_told_once_until_it_grows_old():
    told = Bindings()
    steps = [
        (0, "ws9", True), (1, "ws9", False), (AGAIN - 1, "ws9", False), (AGAIN, "ws9", True),
        (AGAIN + 1, "ws8", True), (AGAIN + 2, "ws9", True), (5, "ws9", True),
    ]  # fmt: skip
    for ts, host, expected in steps:
        assert told.news(ts, "10.0.0.50", host, "dhcp", None) is expected, ts


def test_methods_and_addresses_are_told_apart():
    told = Bindings()
    assert all(told.news(0, ip, "ws9", m, None) for ip in ("a", "b") for m in ("dhcp", "ntlm"))


def test_an_end_is_told_once_and_only_of_what_was_told():
    told = Bindings()
    assert not told.news(5, "a", "ws9", "dhcp", 5)
    assert told.news(5, "a", "ws9", "dhcp", 99)
    assert not told.news(6, "a", "ws8", "dhcp", 6)
    assert told.news(7, "a", "ws9", "dhcp", 7)
    assert not told.news(8, "a", "ws9", "dhcp", 8)
    assert told.news(9, "a", "ws9", "dhcp", 99)


def test_memory_is_bounded():
    told = Bindings()
    for i in range(20_000):
        told.news(i, str(i), "ws9", "dhcp", None)
    assert not told.news(20_001, "19999", "ws9", "dhcp", None)
    assert told.news(20_001, "0", "ws9", "dhcp", None)


def test_the_event():
    wire, events = context()
    wire.host_seen(7, FLOW, "kerberos", "10.0.0.50", "name:WS9", "kerberos_machine")
    wire.host_seen(8, FLOW, "kerberos", "10.0.0.50", "name:WS9", "kerberos_machine")
    (event,) = events
    assert (event.ts, event.ip, event.host, event.method, event.until, event.src_ip) == (
        7, "10.0.0.50", "name:WS9", "kerberos_machine", None, "10.0.0.50",
    )  # fmt: skip
    assert (event.dst_ip, event.dst_port, event.via, event.seq) == ("10.0.0.10", 88, "wire", 1)


@pytest.mark.parametrize(
    "ip",
    ["0.0.0.0", "127.0.0.1", "255.255.255.255", "10.0.0.255", "224.0.0.1", "::", "::1", "ff02::1"],
)
def test_addresses_that_no_host_has(ip):
    wire, events = context()
    wire.host_seen(7, FLOW, None, ip, "name:WS9", "dhcp")
    assert events == []


def test_a_broadcast_is_no_server():
    wire, events = context()
    flow = Flow("10.0.0.50", 138, "10.0.0.255", 138, udp=True)
    wire.host_seen(7, flow, "netbios", "10.0.0.50", "name:WS9", "netbios")
    assert (events[0].dst_ip, events[0].dst_port) == (None, None)


def test_what_is_kept_is_bounded():
    wire, _ = context()
    wire.keep(b"long", "x" * 600)
    for i in range(20_000):
        wire.keep(b"%d" % i, str(i))
    assert [wire.kept(k) for k in (b"long", b"0", b"19999")] == [None, None, "19999"]
