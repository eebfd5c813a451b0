"""What is left unread under overload: by class, both address families, counted by protocol."""

import random
import struct
from collections import Counter

import pytest
from frames import ACK, SYN, ether, ipv4, ipv6, tcp, udp

from dsl.schema.registry import event_type
from sensor.inputs.captures import blocks
from sensor.wire.drive import Driver
from sensor.wire.link import ETHERNET, RAW
from sensor.wire.shed import ANSWERS, DIRECTORY, FILES, LARGE, NAMES

A, B = "10.0.0.50", "10.0.0.10"
A6, B6 = "fd00::50", "fd00::10"


@pytest.fixture
def driver():
    return Driver("x", lambda _: None)


def kept(driver, packets, linktype=ETHERNET):
    """Which of the packets are read."""
    seen = []
    for i, packet in enumerate(packets):
        before = driver.shed
        driver.packet(1_700_000_000_000_000 + i, packet, linktype)
        if driver.shed == before:
            seen.append(i)
    return seen


def everywhere(protocol, sport, dport, data, flags=ACK):
    head = udp(sport, dport, data) if protocol == 17 else tcp(sport, dport, 7, data, flags)
    return [ether(ipv4(A, B, protocol, head)), ether(ipv6(A6, B6, protocol, head))]


def smb2(command, size=200):
    body = b"\xfeSMB" + struct.pack("<HHIH", 64, 0, 0, command) + bytes(size)
    return struct.pack(">I", len(body)) + body


def ldap(operation, long_form=False):
    inner = b"\x02\x01\x07" + bytes([operation, 2]) + bytes(40)
    head = (
        b"\x30\x84" + struct.pack(">I", len(inner)) if long_form else b"\x30" + bytes([len(inner)])
    )
    return head + inner


CASES = {
    "dns answer": (17, 53, 50_000, b"d" * 40, ANSWERS, "dns"),
    "dns question": (17, 50_000, 53, b"d" * 40, NAMES, "dns"),
    "short question": (17, 50_000, 53, b"", NAMES, "dns"),
    "file": (6, 50_000, 445, smb2(8), FILES, "smb"),
    "file answer": (6, 445, 50_000, smb2(8), FILES, "smb"),
    "end of a file": (6, 445, 50_000, b"x" * 900, FILES, "smb"),
    "session set-up": (6, 50_000, 445, smb2(1), 0, ""),
    "negotiation": (6, 50_000, 445, smb2(0), 0, ""),
    "smb1 session": (6, 50_000, 445, b"\0\0\0\x40\xffSMB\x73" + bytes(60), 0, ""),
    "smb1 read": (6, 50_000, 445, b"\0\0\0\x40\xffSMB\x2e" + bytes(60), FILES, "smb"),
    "search": (6, 50_000, 389, ldap(0x63), DIRECTORY, "ldap"),
    "entry": (6, 389, 50_000, ldap(0x64, long_form=True), DIRECTORY, "ldap"),
    "bind": (6, 50_000, 389, ldap(0x60), 0, ""),
    "bind, long form": (6, 50_000, 389, ldap(0x60, long_form=True), 0, ""),
    "bind answer": (6, 3268, 50_000, ldap(0x61), 0, ""),
    "kerberos": (6, 50_000, 88, b"k" * 400, 0, ""),
    "kerberos, udp": (17, 88, 50_000, b"k" * 400, 0, ""),
    "endpoint mapper": (6, 50_000, 135, b"\x05\0\0\x03" + bytes(80), 0, ""),
    "nobody's": (6, 50_000, 50_001, b"x" * 400, 0, ""),
    "hidden behind smb": (6, 445, 88, b"k" * 400, 0, ""),
    "hidden behind dns": (17, 53, 88, b"k" * 400, 0, ""),
}


@pytest.mark.parametrize("name", CASES)
def test_by_level(driver, name):
    protocol, sport, dport, data, level, counted = CASES[name]
    packets = everywhere(protocol, sport, dport, data)
    for now in range(1, DIRECTORY + 1):
        driver._shed.set_level(now)
        gone = bool(level) and now >= level
        assert kept(driver, packets) == ([] if gone else [0, 1]), now
        bare = [p[14:] for p in packets]
        assert kept(driver, bare, RAW) == ([] if gone else [0, 1]), now
    assert set(driver._shed.lost) == ({counted} if counted else set())
    assert driver._shed.lost == driver._shed.total


def test_learnt_ports_are_kept(driver):
    driver._ports.learn(B, 49_700, 1_700_000_000_000_000)
    driver._shed.set_level(DIRECTORY)
    assert kept(driver, everywhere(6, 445, 49_700, b"r" * 400)) == [0, 1]


def test_openings_and_endings_are_kept(driver):
    driver._shed.set_level(DIRECTORY)
    assert kept(driver, everywhere(6, 50_000, 445, b"", SYN)) == [0, 1]


def test_a_session_set_up_in_several_segments(driver):
    """A Kerberos ticket is longer than a segment: what belongs to it is kept, what follows is not."""
    driver._shed.set_level(FILES)
    message = smb2(1, 4000)
    parts = [message[i : i + 1400] for i in range(0, len(message), 1400)] + [smb2(8), b"x" * 500]
    packets = [ether(ipv4(A, B, 6, tcp(50_000, 445, 7, part))) for part in parts]
    assert kept(driver, packets) == [0, 1, 2]
    assert driver._shed.lost == {"smb": 2}


def test_large_connections_go_first(driver):
    driver._shed.set_level(LARGE)
    big = [ether(ipv4(A, B, 6, tcp(50_000, 445, 7, b"x" * 60_000)))] * 30
    other = [ether(ipv4(A, B, 6, tcp(50_001, 445, 7, b"x" * 60_000)))]
    assert kept(driver, [*big, *other]) == [*range(18), 30]
    assert kept(driver, big[:2] + other) == [2]
    driver._shed.set_level(0)
    driver._shed.set_level(LARGE)
    assert kept(driver, big[:2]) == [0, 1]


def test_large_connections_of_kerberos_and_rpc_stay(driver):
    driver._shed.set_level(DIRECTORY)
    for port in (88, 135):
        assert (
            len(kept(driver, [ether(ipv4(A, B, 6, tcp(50_000, port, 7, b"x" * 60_000)))] * 30))
            == 30
        )


def test_memory_is_bounded(driver):
    driver._shed.flows = 100
    driver._shed.set_level(FILES)
    packets = [
        ether(ipv4(A, B, 6, tcp(20_000 + i, 445, 7, smb2(1, 4000)[:1400]))) for i in range(1000)
    ]
    assert len(kept(driver, packets)) == 1000
    assert len(driver._shed._carried) <= 100
    assert len(driver._shed._wanted) <= 100


@pytest.mark.parametrize("cut", range(0, 120, 3))
def test_cut_frames_do_not_raise(driver, cut):
    driver._shed.set_level(DIRECTORY)
    for protocol, sport, dport, data, _, _ in CASES.values():
        for packet in everywhere(protocol, sport, dport, data):
            kept(driver, [packet[:cut]])
            kept(driver, [packet[14:cut]], RAW)


def test_tagged_frames_are_weighed_too(driver):
    driver._shed.set_level(DIRECTORY)
    question = udp(50_000, 53, b"d" * 40)
    assert kept(driver, [ether(ipv4(A, B, 17, question), tags=(0x8100,))]) == []
    assert kept(driver, [ether(ipv4(A, B, 17, question, flags=1))]) == [0]  # a fragment


def read(path, level):
    """Events and counters of a capture read under a level that stays."""
    events = []
    driver = Driver("x", events.append)
    driver._shed.set_level(level)
    with path.open("rb") as file:
        for block in blocks(file):
            driver.packets(block.data, block.linktype, block.times, block.starts, block.ends)
    driver.close()
    return Counter(event_type(e) for e in events), events, driver.counters()


@pytest.mark.lab
def test_what_matters_most_is_still_read(atp_lab):
    """At the highest level every exchange of Kerberos, NTLM and replication is there."""
    path = atp_lab / "capture" / "suspicious.pcap"
    whole, _, all_counters = read(path, 0)
    least, events, counters = read(path, DIRECTORY)
    for kept in ("kerberos_as", "kerberos_tgs", "replication", "ldap_bind", "netlogon_secure"):
        assert least[kept] == whole[kept], kept
    assert whole["kerberos_as"] > 10
    assert whole["ntlm_auth"] * 0.9 <= least["ntlm_auth"]
    assert least["dns_query"] < whole["dns_query"] / 10  # by TCP, as zone transfers, it stays
    assert least["smb_file"] < whole["smb_file"]
    assert counters["wire.packets"] == all_counters["wire.packets"]
    shed_told = [e for e in events if event_type(e) == "sensor_health" and e.kind == "shed"]
    assert {e.activity for e in shed_told} == {"dns", "smb", "ldap"}
    for name in ("dns", "smb", "ldap"):
        assert sum(e.lost for e in shed_told if e.activity == name) == counters[f"shed.{name}"]
        assert all(e.from_ts < e.to_ts for e in shed_told)


@pytest.mark.lab
@pytest.mark.parametrize("seed", range(3))
def test_levels_that_come_and_go_with_losses(atp_lab, seed):
    """Holes of all kinds in a stream: nothing raises, and what is read again is read right."""
    rng = random.Random(seed)
    events = []
    driver = Driver("x", events.append)
    path = atp_lab / "capture" / "suspicious.pcap"
    now = 0
    with path.open("rb") as file:
        for block in blocks(file):
            for first in range(0, len(block.times), 50):
                part = slice(first, first + 50 - rng.choice([0, 0, 0, 1, 30]))
                now += 1_500_000
                driver.press(rng.choice([0.9, 0.9, 0.0, 0.0, 0.0]), now)
                driver.packets(
                    block.data, block.linktype, block.times[part], block.starts[part], block.ends[part]
                )  # fmt: skip
    driver.close()
    assert driver.fault is None
    counters = driver.counters()
    assert counters["shed.dns"] > 0
    assert any(name.endswith(".gaps") for name in counters)
    assert Counter(event_type(e) for e in events)["kerberos_as"] > 5
