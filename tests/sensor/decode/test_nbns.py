"""NetBIOS names: service and datagrams, made by scapy and by hand; and real networks."""

from __future__ import annotations

import struct

import conversation
import pytest
import zeeklog
from scapy.layers.netbios import (
    NBNSHeader,
    NBNSNodeStatusResponse,
    NBNSNodeStatusResponseService,
    NBNSQueryRequest,
    NBNSQueryResponse,
    NBNSRegistrationRequest,
    NBTDatagram,
)

from sensor.contract import Flow, Malformed
from sensor.decode import nbns, netbios_dgm, netbios_name

CLIENT, SERVER = "10.0.0.50", "10.0.0.255"


def hear(module, raw, to_server=True, port=137):
    ears = conversation.Ears()
    reader = module.reader(Flow(CLIENT, port, SERVER, port, udp=True), ears)
    conversation.hear(reader, 9, to_server, raw)
    reader.close(10)
    assert ears.events == []
    return ears


def told(*args, **kwargs):
    return [(ip, host, until) for _, ip, host, _, until in hear(*args, **kwargs).hosts]


def encoded(name, suffix):
    raw = name.ljust(15).encode() + bytes([suffix])
    return b"\x20" + bytes(c for b in raw for c in (0x41 + (b >> 4), 0x41 + (b & 15))) + b"\0"


def claim(opcode=5, name="WS9", suffix=0, flags=0, ip=(10, 0, 0, 50), kind=0x20):
    head = struct.pack(">HHHHHH", 1, opcode << 11 | 0x110, 1, 0, 0, 1)
    record = (
        b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 300, 6) + struct.pack(">H", flags) + bytes(ip)
    )
    return head + encoded(name, suffix) + b"\0\x20\0\1" + record


@pytest.mark.parametrize("opcode", [5, 8, 9, 15])
@pytest.mark.parametrize("suffix", [0x00, 0x20])
def test_claims_of_a_machine_for_itself(opcode, suffix):
    assert told(nbns, claim(opcode, suffix=suffix)) == [(CLIENT, "name:WS9", None)]


@pytest.mark.parametrize(
    "raw",
    [
        claim(flags=0x8000), claim(suffix=0x03), claim(suffix=0x1C), claim(ip=(10, 0, 0, 66)),
        claim(name="A B\\C"), claim(name=""), claim(kind=1), claim(opcode=7),
        bytes(NBNSHeader() / NBNSQueryRequest(QUESTION_NAME="WS9")),
    ],
)  # fmt: skip
def test_what_claims_nothing(raw):
    ears = hear(nbns, raw)
    assert (ears.hosts, ears.counts) == ([], {})


def test_release():
    assert told(nbns, claim(6)) == [(CLIENT, "name:WS9", 9)]


def test_a_registration_made_by_scapy():
    raw = bytes(NBNSHeader() / NBNSRegistrationRequest(QUESTION_NAME="WS9", NB_ADDRESS=CLIENT, G=0))
    assert told(nbns, raw) == [(CLIENT, "name:WS9", None)]


def test_answers_to_queries():
    raw = bytes(NBNSHeader() / NBNSQueryResponse(RR_NAME="FS1", ADDR_ENTRY=[]))
    head, tail = raw[:12], raw[12 : 12 + 34 + 8]
    addresses = b"".join(
        struct.pack(">H", flags) + bytes([10, 0, 0, n])
        for flags, n in ((0, 20), (0x8000, 21), (0, 22))
    )
    answer = head + tail + struct.pack(">H", len(addresses)) + addresses
    assert told(nbns, answer, to_server=False) == [
        ("10.0.0.20", "name:FS1", None), ("10.0.0.22", "name:FS1", None),
    ]  # fmt: skip
    negative = head[:2] + b"\x85\x83" + answer[4:]
    assert told(nbns, negative, to_server=False) == []


def test_node_status():
    names = [("WORKGROUP", 0, 0x80), ("WS9", 0x20, 4), ("WS9", 0, 4), ("BOB", 3, 4)]
    services = [
        NBNSNodeStatusResponseService(NETBIOS_NAME=n.ljust(15), SUFFIX=s, NAME_FLAGS=f)
        for n, s, f in names
    ]
    raw = bytes(
        NBNSHeader(RESPONSE=1, ANCOUNT=1)
        / NBNSNodeStatusResponse(RR_NAME="*", NUM_NAMES=len(names), NODE_NAME=services)
    )
    assert told(nbns, raw, to_server=False) == [(SERVER, "name:WS9", None)]


def datagram(kind=0x11, source="WS9", suffix=0, ip=CLIENT):
    address = bytes(int(n) for n in ip.split("."))
    head = struct.pack(">BBH", kind, 2, 1) + address + struct.pack(">HHH", 138, 100, 0)
    return head + encoded(source, suffix) + encoded("WORKGROUP", 0x1D) + b"\xffSMB"


def test_datagrams_name_their_sender():
    assert told(netbios_dgm, datagram(), port=138) == [(CLIENT, "name:WS9", None)]
    made = bytes(NBTDatagram(Type=17, SourceIP=CLIENT, SourceName="WS9"))
    assert told(netbios_dgm, made, port=138) == [(CLIENT, "name:WS9", None)]


@pytest.mark.parametrize(
    "raw", [datagram(0x13), datagram(suffix=3), datagram(ip="10.0.0.66"), datagram(source="*")]
)
def test_datagrams_that_say_nothing(raw):
    ears = hear(netbios_dgm, raw, port=138)
    assert (ears.hosts, ears.counts) == ([], {})


@pytest.mark.parametrize(("module", "raw"), [(nbns, claim()), (netbios_dgm, datagram()[:48])])
def test_every_cut(module, raw):
    for end in range(1, len(raw)):
        assert hear(module, raw[:end]).hosts == []


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"\x20" + b"A" * 31, "no NetBIOS name"),
        (b"\x1f" + b"A" * 40, "no NetBIOS name"),
        (b"\x20" + b"Z" * 32 + b"\0", "no half"),
        (b"\x20" + b"A" * 32 + b"\x3f", "without end"),
        (b"\x20" + b"A" * 32 + b"\1a" * 40 + b"\0", "without end"),
        (b"\x20" + b"A" * 32 + b"\xc0", "without end"),
    ],
)
def test_hostile_names(raw, why):
    with pytest.raises(Malformed, match=why):
        netbios_name.name(raw, 0, len(raw))


def test_a_scope_is_passed_over():
    raw = encoded("WS9", 0)[:-1] + b"\4corp\4test\0"
    found = netbios_name.name(raw, 0, len(raw))
    assert (found.text, found.suffix, found.stop, found.host) == ("WS9", 0, len(raw), "name:WS9")


@pytest.mark.data
@pytest.mark.parametrize(
    ("capture", "expected"),
    [
        (
            "ntop+nDPI/netbios.pcap",
            {("10.0.5.9", "NVR9"), ("10.0.4.24", "GUNNAR"), ("10.0.5.1", "GURU"), ("10.0.5.93", "BOWIE")},
        ),
        ("studylab1+SAMR-Enum-Lab/Resources__nmap.pcapng", {("192.168.10.11", "XDC1")}),
        ("corelight+CVE-2022-30216/testing__Traces__successful.pcap", {("192.168.56.104", "WIN10")}),
    ],
)  # fmt: skip
def test_real_networks(atp_data, capture, expected):
    """Names as tshark shows them in announcements, registrations and answers."""
    events = zeeklog.events(atp_data / "pcap" / capture, "HostBinding")
    found = {(e.ip, e.host.removeprefix("name:")) for e in events if e.method == "netbios"}
    assert found == expected
