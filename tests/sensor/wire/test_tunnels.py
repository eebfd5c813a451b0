"""The same traffic in a tunnel gives the same events: real recordings, each packet wrapped by scapy."""

from __future__ import annotations

import functools
import logging
import os
from pathlib import Path

import frames
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensor.inputs import captures
from sensor.inputs.packets import Packets
from sensor.wire import link, tunnels
from sensor.wire.drive import Driver

logging.getLogger("scapy.runtime").setLevel(logging.ERROR)
scapy = pytest.importorskip("scapy.all", reason="scapy wraps the packets")
from scapy.contrib.erspan import ERSPAN_I, ERSPAN_II, ERSPAN_III, ERSPAN_PlatformSpecific  # noqa: E402
from scapy.contrib.mpls import MPLS  # noqa: E402

ROOT = Path(__file__).parents[3]
LAB = Path(os.environ.get("ATP_LAB", ROOT.parent / "shared" / "lab")) / "capture"
BLOCK = 400
"""Frames that are read at once, as an input would."""
ETHER = scapy.Ether(src="02:00:00:00:00:09", dst="02:00:00:00:00:08")
OUT = ETHER / scapy.IP(src="192.0.2.1", dst="192.0.2.2", ttl=9)
OUT6 = ETHER / scapy.IPv6(src="2001:db8::1", dst="2001:db8::2")
VXLAN = scapy.UDP(sport=40_001, dport=4789) / scapy.VXLAN(vni=77)


def gre(**fields):
    return scapy.GRE(**fields)


LAYERS = {
    "gre ethernet": OUT / gre(proto=0x6558),
    "gre with everything": OUT / gre(proto=0x6558, chksum_present=1, key_present=1, seqnum_present=1, key=7),
    "gre over ipv6": OUT6 / gre(proto=0x6558, key_present=1),
    "erspan 1": OUT / gre(proto=0x88BE) / ERSPAN_I(),
    "erspan 2": OUT / gre(proto=0x88BE, seqnum_present=1) / ERSPAN_II(session_id=3),
    "erspan 3": OUT / gre(proto=0x22EB, seqnum_present=1) / ERSPAN_III(),
    "erspan 3 with more": OUT / gre(proto=0x22EB, seqnum_present=1) / ERSPAN_III(o=1) / ERSPAN_PlatformSpecific(),
    "vxlan": OUT / VXLAN,
    "vxlan over ipv6": OUT6 / VXLAN,
    "vlan, vxlan": ETHER / scapy.Dot1Q(vlan=9) / scapy.IP(src="192.0.2.1", dst="192.0.2.2") / VXLAN,
    "erspan of vxlan": OUT / gre(proto=0x88BE, seqnum_present=1) / ERSPAN_II() / OUT / VXLAN,
}  # fmt: skip
BARE = {
    "gre ip": OUT / gre(),
    "ip in ip": OUT,
    "mpls": ETHER / MPLS(label=5, s=0) / MPLS(label=6, s=1),
    "mpls under vlan": ETHER / scapy.Dot1Q(vlan=2) / MPLS(label=6, s=1),
}


def wrapped(outer, frame):
    return bytes(outer / scapy.Raw(frame))


def without_ethernet(outer, frame):
    """The IP packet in the outer layers; None for a frame that holds none."""
    kind = int.from_bytes(frame[12:14], "big")
    if kind not in (0x0800, 0x86DD):
        return None
    version = frame[14] >> 4
    layers = outer.copy()
    if scapy.GRE in layers:
        layers[scapy.GRE].proto = kind
    elif scapy.IP in layers:
        layers[scapy.IP].proto = 4 if version == 4 else 41
    return bytes(layers / scapy.Raw(frame[14:]))


@functools.cache
def recording(path: Path, limit: int | None = None):
    found = []
    with path.open("rb") as file:
        for item in captures.blocks(file):
            if isinstance(item, Packets):
                spans = zip(item.times, item.starts, item.ends, strict=True)
                found += [(ts, item.data[o:e]) for ts, o, e in spans]
    return found[:limit]


def events_of(found, linktype=link.ETHERNET):
    """Events as text, without what counts packets."""
    events = []
    driver = Driver("probe", events.append)
    for i in range(0, len(found), BLOCK):
        times, starts, ends = [], [], []
        at = 0
        for ts, frame in found[i : i + BLOCK]:
            times.append(ts)
            starts.append(at)
            at += len(frame)
            ends.append(at)
        block = b"".join(frame for _, frame in found[i : i + BLOCK])
        driver.packets(block, linktype, times, starts, ends)
    driver.close()
    assert driver.fault is None
    return [msgspec.json.encode(e) for e in events if type(e).__name__ != "SensorHealth"], driver


BUNDLED = recording(ROOT / "examples" / "intrusion.pcap.gz", 700)


@pytest.mark.parametrize("name", [*LAYERS, *BARE])
def test_bundled_recording(name):
    plain, _ = events_of(BUNDLED)
    assert len(plain) > 50
    if name in LAYERS:
        outer = [(ts, wrapped(LAYERS[name], frame)) for ts, frame in BUNDLED]
    else:
        pairs = [(ts, without_ethernet(BARE[name], frame)) for ts, frame in BUNDLED]
        outer = [(ts, frame) for ts, frame in pairs if frame is not None]
    inside, driver = events_of(outer)
    assert inside == plain
    assert "wire.tunnel_unread" not in driver.counters()


@pytest.mark.lab
@pytest.mark.parametrize(
    ("capture", "name"),
    [
        ("benign", "erspan 2"),
        ("benign", "vxlan"),
        pytest.param("suspicious", "erspan 3", marks=pytest.mark.slow),
        pytest.param("dcjoin", "gre ethernet", marks=pytest.mark.slow),
    ],
)
def test_lab(capture, name):
    path = LAB / f"{capture}.pcap"
    if not path.exists():
        if os.environ.get("CI") == "true":
            pytest.fail(f"{path} is missing: set ATP_LAB")
        pytest.skip(f"{path} is missing: set ATP_LAB")
    plain, _ = events_of(recording(path))
    assert plain
    assert events_of([(ts, wrapped(LAYERS[name], f)) for ts, f in recording(path)])[0] == plain


def test_depth_is_bounded():
    deep = [(ts, wrapped(OUT / VXLAN / OUT / VXLAN / OUT / VXLAN, f)) for ts, f in BUNDLED[:50]]
    events, driver = events_of(deep)
    assert events == []
    assert driver.counters()["wire.tunnel_unread"] == 50


def test_an_outer_packet_in_fragments():
    talk = frames.Talk(server=("10.0.0.10", 389)).open()
    talk.send(True, bytes.fromhex("300c020101600702010304008000"))
    plain, _ = events_of(talk.frames)
    cut = []
    for i, (ts, frame) in enumerate(talk.frames):
        outer = scapy.IP(src="192.0.2.1", dst="192.0.2.2", id=i) / VXLAN / scapy.Raw(frame)
        parts = scapy.fragment(outer, fragsize=40)
        cut += [(ts, bytes(ETHER / part)) for part in parts]
    assert len(plain) == 1
    assert events_of(cut)[0] == plain


NOTHING = tunnels.NOTHING


@pytest.mark.parametrize(
    ("raw", "inner"),
    [
        ("00006558aabb", (link.ETHERNET, 4)),
        ("00000800aabb", (link.RAW, 4)),
        ("b0006558" + "00" * 12 + "aa", (link.ETHERNET, 16)),
        ("00006558", NOTHING),
        ("0000", NOTHING),
        ("40006558aabb", NOTHING),
        ("2001880bffff", NOTHING),
        ("00008847aabb", NOTHING),
        ("000088beaabb", (link.ETHERNET, 4)),
        ("100088be00000001" + "10" + "00" * 7 + "aa", (link.ETHERNET, 16)),
        ("100088be00000001" + "20" + "00" * 7 + "aa", NOTHING),
        ("100022eb00000001" + "20" + "00" * 11 + "aa", (link.ETHERNET, 20)),
        ("100022eb00000001" + "20" + "00" * 9 + "0800aa", (link.RAW, 20)),
        ("100022eb00000001" + "20" + "00" * 10 + "01aa", NOTHING),
        ("100022eb00000001" + "20" + "00" * 10 + "01" + "00" * 8 + "aa", (link.ETHERNET, 28)),
    ],
)
def test_gre(raw, inner):
    b = bytes.fromhex(raw)
    assert tunnels.inside_ip(tunnels.GRE, b, 0, len(b)) == inner
    padded = b"\xff" * 3 + b + b"\xff" * 3
    assert tunnels.inside_ip(tunnels.GRE, padded, 3, 3 + len(b)) == (
        inner if inner == NOTHING else (inner[0], inner[1] + 3)
    )


@pytest.mark.parametrize(
    ("raw", "inner"),
    [
        ("0800000000004d00aa", (link.ETHERNET, 8)),
        ("0800000000004d00", NOTHING),
        ("0000000000004d00aa", NOTHING),
    ],
)
def test_vxlan(raw, inner):
    b = bytes.fromhex(raw)
    assert tunnels.inside_vxlan(b, 0, len(b)) == inner


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([4, 41, 47]), st.binary(max_size=80))
def test_any_bytes(protocol, payload):
    frame = frames.ether(frames.ipv4("10.0.0.1", "10.0.0.2", protocol, payload))
    events, _ = events_of([(1_000_000, frame)])
    assert events == []
    vxlan = frames.udp(4000, 4789, payload)
    events_of([(1_000_000, frames.ether(frames.ipv4("10.0.0.1", "10.0.0.2", 17, vxlan)))])


def test_a_client_behind_the_port_of_a_tunnel_is_read():
    ask = OUT / scapy.UDP(sport=4789, dport=53) / scapy.DNS(id=7, qd=scapy.DNSQR(qname="a.test"))
    answer = ETHER / scapy.IP(src="192.0.2.2", dst="192.0.2.1") / scapy.UDP(sport=53, dport=4789)
    answer /= scapy.DNS(id=7, qr=1, rcode=3, qd=scapy.DNSQR(qname="a.test"))
    events = []
    driver = Driver("probe", events.append)
    for ts, packet in enumerate((ask, answer)):
        driver.packet(ts, bytes(packet), link.ETHERNET)
    driver.close()
    assert [event.rcode for event in events if type(event).__name__ == "DnsQuery"] == ["nxdomain"]
