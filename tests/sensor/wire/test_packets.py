"""From frames to payload: link layers, IP options and extension headers, fragments, padding.

Frames are built by scapy (an independent writer); the payload must arrive whatever wraps it.
"""

from __future__ import annotations

import itertools
import logging
import random

import frames
import pytest
from small_protocol import message

from sensor.wire import link
from sensor.wire.bounds import SECOND, Bounds

logging.getLogger("scapy.runtime").setLevel(logging.ERROR)
scapy = pytest.importorskip("scapy.all", reason="scapy builds the packets")

DATA = message(b"hello")
V4 = {"src": "10.0.0.50", "dst": "10.0.0.10"}
V6 = {"src": "2001:db8::50", "dst": "2001:db8::10"}
TCP = scapy.TCP(sport=50_000, dport=88, seq=7, flags="PA")
UDP = scapy.UDP(sport=50_000, dport=88)
ETHER = scapy.Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")


def links():
    """name -> (link type, layers below IP)"""
    yield "ethernet", link.ETHERNET, ETHER
    yield "vlan", link.ETHERNET, ETHER / scapy.Dot1Q(vlan=5)
    yield "vlan like an IP header", link.ETHERNET, ETHER / scapy.Dot1Q(vlan=0x500, prio=2)
    yield "stacked vlan", link.ETHERNET, ETHER / scapy.Dot1AD(vlan=5) / scapy.Dot1Q(vlan=6)
    yield "cooked", link.LINUX_SLL, scapy.CookedLinux()
    yield "cooked vlan", link.LINUX_SLL, scapy.CookedLinux() / scapy.Dot1Q(vlan=3)
    yield "cooked v2", link.LINUX_SLL2, scapy.CookedLinuxV2()
    yield "raw", link.RAW, None
    yield "raw of OpenBSD", link.RAW_OPENBSD, None
    yield "loopback", link.NULL, scapy.Loopback(type=2)
    yield "loopback of OpenBSD", link.LOOP, scapy.Loopback(type=2)


def networks():
    yield "v4", scapy.IP(**V4), V4
    yield "v4 options", scapy.IP(**V4, options=[scapy.IPOption_RR(), scapy.IPOption_NOP()]), V4
    yield "v6", scapy.IPv6(**V6), V6
    yield (
        "v6 extensions",
        scapy.IPv6(**V6)
        / scapy.IPv6ExtHdrHopByHop()
        / scapy.IPv6ExtHdrRouting()
        / scapy.IPv6ExtHdrDestOpt(options=[scapy.PadN(optdata=b"\0" * 12)]),
        V6,
    )
    yield "v6 atomic fragment", scapy.IPv6(**V6) / scapy.IPv6ExtHdrFragment(id=3), V6


@pytest.mark.parametrize("transport", [TCP, UDP], ids=["tcp", "udp"])
@pytest.mark.parametrize("network", list(networks()), ids=lambda n: n[0])
@pytest.mark.parametrize("below", list(links()), ids=lambda n: n[0])
def test_every_wrapping(wire, notes, below, network, transport):
    _, linktype, lower = below
    _, ip, addresses = network
    whole = ip / transport / DATA
    frame = bytes(whole if lower is None else lower / whole)
    wire.run([(1, frame + b"\0\0trailer")], linktype)
    (flow,) = notes.flows
    assert (flow.client, flow.server) == (addresses["src"], addresses["dst"])
    assert (flow.client_port, flow.server_port, flow.udp) == (50_000, 88, transport is UDP)
    assert notes.said(True) == [DATA if transport is UDP else b"hello"]


@pytest.mark.parametrize("data", [b"", b"\0", b"abc"])
def test_short_datagrams(wire, notes, data):
    wire.run([(1, bytes(ETHER / scapy.IP(**V4) / UDP / data).ljust(60, b"\0"))])
    assert notes.said() == [data]


def test_tcp_options(wire, notes):
    segment = scapy.TCP(
        sport=50_000, dport=88, seq=7, options=[("Timestamp", (1, 2)), ("NOP", None)]
    )
    wire.run([(1, bytes(ETHER / scapy.IP(**V4) / segment / DATA))])
    assert notes.said() == [b"hello"]


def test_length_left_to_the_network_card(wire, notes):
    frame = bytearray(bytes(ETHER / scapy.IP(**V4) / TCP / DATA))
    frame[16:18] = b"\0\0"
    wire.run([(1, bytes(frame))])
    assert notes.said() == [b"hello"]


LONG = message(bytes(range(256)) * 14)


def fragments(version, transport, size=600):
    if version == 4:
        whole = scapy.IP(**V4, id=77) / transport / LONG
        return [bytes(ETHER / part) for part in scapy.fragment(whole, size)]
    whole = scapy.IPv6(**V6) / scapy.IPv6ExtHdrFragment(id=77) / transport / LONG
    return [bytes(ETHER / part) for part in scapy.fragment6(whole, size + 48)]


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("transport", [TCP, UDP], ids=["tcp", "udp"])
@pytest.mark.parametrize("order", ["sent", "reversed", "shuffled", "doubled"])
def test_fragments(wire, notes, version, transport, order):
    found = fragments(version, transport)
    assert len(found) > 5
    if order == "reversed":
        found.reverse()
    elif order == "shuffled":
        random.Random(3).shuffle(found)
    elif order == "doubled":
        found = [f for part in found for f in (part, part)]
    wire.run([(1, f) for f in found])
    assert notes.said() == [LONG if transport is UDP else LONG[4:]]
    if order != "doubled":
        assert wire.counters["wire.datagrams_lost"] == 0


def test_two_datagrams_at_once(wire, notes):
    one = fragments(4, UDP)
    two = [f[:18] + b"\0\x09" + f[20:] for f in one]
    wire.run([(1, f) for pair in zip(one, two, strict=True) for f in pair])
    assert notes.said() == [LONG, LONG]


@pytest.mark.parametrize(
    ("version", "heard"), [(4, 1), (6, 0)], ids=["first wins", "datagram discarded"]
)
def test_overlapping_fragments(wire, notes, version, heard):
    evil = fragments(version, UDP, 632)[1]
    found = fragments(version, UDP, 600)
    found.insert(2, evil)
    wire.run([(1, f) for f in found])
    assert notes.said() == [LONG] * heard


@pytest.mark.parametrize("version", [4, 6])
def test_lost_fragments_are_counted_and_forgotten(wire, notes, version):
    wire.bounds = Bounds(datagrams=5, datagram_time=10 * SECOND)
    found = fragments(version, UDP)
    ids = itertools.count()
    wire.start()
    for _ in range(20):
        number = next(ids).to_bytes(2, "big")
        place = 18 if version == 4 else 14 + 40 + 6
        wire.feed([(1, f[:place] + number + f[place + 2 :]) for f in found[1:]])
    assert len(wire.driver._front._fragments._open) == 5
    wire.feed([(20 * SECOND, bytes(ETHER / scapy.ARP()))])
    assert wire.counters["wire.datagrams_lost"] == 20
    assert notes.said() == []


def test_ping_of_death(wire, notes):
    packet = frames.ipv4(*V4.values(), 17, b"x" * 64, flags=0, offset=65_520)
    wire.run([(1, frames.ether(packet))])
    assert wire.counters["wire.datagrams_lost"] == 1


@pytest.mark.parametrize("cut", range(1, 51, 3))
@pytest.mark.parametrize("transport", [TCP, UDP], ids=["tcp", "udp"])
@pytest.mark.parametrize("network", [scapy.IP(**V4), scapy.IPv6(**V6)], ids=["v4", "v6"])
def test_cut_frames(wire, notes, cut, transport, network):
    wire.run([(1, bytes(ETHER / network / transport / DATA)[:-cut])])
    assert notes.said() == []


def test_nothing_is_looked_at_on_other_ports_and_protocols(wire, notes):
    wire.run(
        [
            (1, bytes(ETHER / scapy.IP(**V4) / scapy.TCP(dport=443) / DATA)),
            (2, bytes(ETHER / scapy.IP(**V4) / scapy.UDP(dport=443) / DATA)),
            (3, bytes(ETHER / scapy.IP(**V4) / scapy.ICMP() / DATA)),
            (4, bytes(ETHER / scapy.ARP())),
            (5, bytes(ETHER / scapy.IPv6(**V6) / scapy.ICMPv6EchoRequest())),
            (6, b""),
        ]
    )
    assert notes.flows == []
    assert wire.counters["wire.packets"] == 6
    assert wire.counters["wire.not_ip"] == 2


def test_unknown_link_type(wire, notes):
    wire.run([(1, bytes(ETHER / scapy.IP(**V4) / TCP / DATA))], linktype=147)
    assert (notes.flows, wire.counters["wire.not_ip"]) == ([], 1)
