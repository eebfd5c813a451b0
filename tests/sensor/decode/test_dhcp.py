"""DHCP messages made by scapy, judged by what they claim; and hostile options."""

from __future__ import annotations

import conversation
import pytest
import zeeklog
from scapy.layers.dhcp import BOOTP, DHCP

from sensor.contract import Flow
from sensor.decode import dhcp

MAC, OTHER = bytes.fromhex("020000000001"), bytes.fromhex("020000000002")
HOUR = 3_600_000_000


def message(kind, *more, op=1, mac=MAC, your="0.0.0.0", client="0.0.0.0", sname=b"", file=b""):
    head = BOOTP(op=op, chaddr=mac, yiaddr=your, ciaddr=client, xid=7, sname=sname, file=file)
    return bytes(head / DHCP(options=[("message-type", kind), *more, "end"]))


def ack(*more, **fields):
    return message("ack", *more, op=2, **{"your": "10.0.0.60", **fields})


def fqdn(name, flags=0):
    return ("client_FQDN", bytes([flags, 0, 0]) + name)


def hear(*messages):
    """Each message in a conversation of its own, as broadcasts come."""
    ears = conversation.Ears()
    for ts, raw in enumerate(messages, 1):
        server = raw[:1] == b"\2"
        flow = Flow("255.255.255.255", 68, "10.0.0.1", 67, udp=True)
        reader = dhcp.reader(flow, ears)
        conversation.hear(reader, ts, not server, raw)
        reader.close(ts)
    assert ears.events == []
    return ears


def told(*messages):
    return [(ip, host, method, until) for _, ip, host, method, until in hear(*messages).hosts]


def test_the_name_of_the_request_and_the_address_of_the_answer():
    asked = message("request", ("hostname", b"WS9"))
    assert told(asked, ack(("lease_time", 3600))) == [
        ("10.0.0.60", "name:WS9", "dhcp", 2 + HOUR),
    ]
    assert told(asked, ack(mac=OTHER)) == []
    assert told(message("discover", ("hostname", b"WS9")), ack()) == [
        ("10.0.0.60", "name:WS9", "dhcp", None)
    ]


@pytest.mark.parametrize(
    ("options", "host"),
    [
        ([("hostname", b"ws9.corp.lab.test")], "ws9.corp.lab.test"),
        ([("hostname", b"WS9\0")], "name:WS9"),
        ([("hostname", b"WS9"), fqdn(b"\3ws9\4corp\4test\0", 4)], "ws9.corp.test"),
        ([("hostname", b"WS9"), fqdn(b"\3ws9", 4)], "name:WS9"),
        ([fqdn(b"ws9.corp.test.")], "ws9.corp.test"),
        ([fqdn(b"ws9")], "name:ws9"),
        ([("hostname", b"two words")], None),
        ([("hostname", b"\xff\xfe")], None),
        ([("hostname", b"a" * 254)], None),
        ([], None),
    ],
)
def test_names(options, host):
    assert [h for _, h, _, _ in told(ack(*options))] == ([host] if host else [])


@pytest.mark.parametrize(
    ("lease", "until"), [(60, 1 + 60_000_000), (0, 1_000_001), (0xFFFFFFFF, None)]
)
def test_leases(lease, until):
    assert told(ack(("lease_time", lease), ("hostname", b"WS9")))[0][3] == until


def test_a_fixed_address_that_asks_for_the_rest():
    inform = message("inform", ("hostname", b"FS1"), client="10.0.0.20")
    assert told(inform, ack(your="0.0.0.0", client="10.0.0.20")) == [
        ("10.0.0.20", "name:FS1", "dhcp", None)
    ]


def test_release_ends_the_binding():
    asked = message("request", ("hostname", b"WS9"))
    given_back = message("release", client="10.0.0.60")
    assert told(asked, ack(), given_back)[1:] == [("10.0.0.60", "name:WS9", "dhcp", 3)]
    assert told(given_back) == []


@pytest.mark.parametrize("kind", ["offer", "nak"])
def test_other_answers_bind_nothing(kind):
    assert told(message(kind, ("hostname", b"WS9"), op=2, your="10.0.0.60")) == []


def test_options_that_overflow_into_the_fields_of_bootp():
    name = b"\x0c\3WS9\xff"
    assert told(ack(("dhcp-option-overload", 1), file=name))[0][1] == "name:WS9"
    assert told(ack(("dhcp-option-overload", 2), sname=name))[0][1] == "name:WS9"
    assert told(ack(file=name)) == []


def test_plain_bootp_and_damaged_messages():
    whole = ack(("hostname", b"WS9"))
    assert hear(whole[:236] + b"\0\0\0\0" + whole[240:]).counts == {}
    for broken in (whole[:200], whole[:-3], whole[:2] + b"\xff" + whole[3:], b"\2"):
        ears = hear(broken)
        assert (ears.hosts, ears.counts) == ([], {"malformed": 1})


@pytest.mark.data
def test_real_leases(atp_data):
    capture = atp_data / "pcap/OISF+suricata-verify/tests__smb2-ntlmssp-negotiateflags__input.pcap"
    events = [e for e in zeeklog.events(capture, "HostBinding") if e.method == "dhcp"]
    assert [(e.ip, e.host, e.src_ip, e.dst_ip, e.until - e.ts) for e in events] == [
        ("192.168.199.133", "name:DESKTOP-V1FA0UQ", "192.168.199.133", "192.168.199.254", HOUR // 2),
        ("192.168.199.132", "name:DESKTOP-2AEFM7G", "192.168.199.132", "192.168.199.254", HOUR // 2),
    ]  # fmt: skip


def test_an_answer_from_another_port_is_none():
    ears = conversation.Ears()
    flow = Flow("10.0.0.66", 50_000, "10.0.0.1", 67, udp=True)
    raw = ack(("hostname", b"DC1"))
    conversation.hear(dhcp.reader(flow, ears), 1, True, raw)
    assert (ears.hosts, ears.counts) == ([], {"dhcp.no_server": 1})
    relayed = Flow("10.0.1.1", 67, "10.0.0.1", 67, udp=True)
    conversation.hear(dhcp.reader(relayed, ears), 1, True, raw)
    assert [host[2] for host in ears.hosts] == ["name:DC1"]
