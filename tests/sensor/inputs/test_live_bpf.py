"""The assembler of packet filters, and what the filter of bulk traffic lets through.

Judges: a machine written from the paper, the kernel itself, and a plain reading of the frame.
"""

import random
import socket
import struct
from array import array

import bpfmachine
import pytest
from frames import ACK, FIN, RST, SYN, ether, ipv4, ipv6, tcp, udp

from sensor.inputs.bpf import MOST, Program
from sensor.inputs.bulk import BULK_TCP, SHORT, bulk_filter
from sensor.inputs.captures import blocks
from sensor.inputs.packets import Packets
from sensor.wire.link import ETHERNET, RAW
from sensor.wire.protocols import discover

TCP_WANTED = frozenset(port for p in discover() for port in p.tcp)
UDP_WANTED = frozenset(port for p in discover() for port in p.udp)
WHOLE = 0xFFFFFFFF
A, B = "10.0.0.50", "10.0.0.10"
A6, B6 = "fd00::50", "fd00::10"
LONG = b"\x17" * 400


@pytest.fixture
def kernel():
    """A function that asks the kernel whether frames pass a program."""
    left, right = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    right.setblocking(False)

    def ask(program, frames):
        code = array("B", b"".join(struct.pack("=HBBI", *one) for one in program))
        fprog = struct.pack("@HP", len(program), code.buffer_info()[0])
        right.setsockopt(socket.SOL_SOCKET, 26, fprog)
        answers = []
        for frame in frames:
            left.send(frame)
            try:
                right.recv(1 << 17)
                answers.append(True)
            except BlockingIOError:
                answers.append(False)
        return answers

    yield ask
    left.close()
    right.close()


def passes(frame, linktype, tcp_wanted=TCP_WANTED, udp_wanted=UDP_WANTED, *, strict=False):
    """Whether a frame is handed over, by plain reading."""
    if linktype == ETHERNET:
        kind = {b"\x08\0": 4, b"\x86\xdd": 6}.get(frame[12:14])
        if kind is None:
            return True
        packet = frame[14:]
    else:
        packet = frame
        kind = packet[0] >> 4
    if kind == 4:
        if len(packet) < 20:
            return None
        total, fragment = struct.unpack_from(">HxxH", packet, 2)
        head = 4 * (packet[0] & 15)
        if fragment & 0x3FFF:
            return True
        protocol, rest = packet[9], packet[head:]
    elif kind == 6:
        if len(packet) < 40:
            return None
        head = 40
        total = struct.unpack_from(">H", packet, 4)[0] + head
        protocol, rest = packet[6], packet[40:]
    else:
        return True
    if protocol not in (6, 17):
        return True
    if len(rest) < (20 if protocol == 6 else 8):
        return None  # cut within the headers: not decided here
    ports = struct.unpack_from(">HH", rest)
    if protocol == 17:
        return bool({*ports} & (udp_wanted | {4789}))
    if not rest[13] & 7 and total == head + (rest[12] >> 4 << 2):
        return False  # an acknowledgement and nothing else
    if strict:
        return bool({*ports} & tcp_wanted) or rest[rest[12] >> 4 << 2 :][:1] == b"\x05"
    if total < SHORT:
        return True
    for one, other in (ports, ports[::-1]):
        if one in BULK_TCP - tcp_wanted:
            return other in tcp_wanted or rest[rest[12] >> 4 << 2 :][:1] == b"\x05"
    return True


def both(protocol, sport, dport, data):
    """IPv4 and IPv6 frames of this, on Ethernet and bare."""
    head = udp(sport, dport, data) if protocol == 17 else tcp(sport, dport, 7, data)
    packets = [ipv4(A, B, protocol, head), ipv6(A6, B6, protocol, head)]
    return [(ether(p), ETHERNET) for p in packets] + [(p, RAW) for p in packets]


@pytest.mark.parametrize(
    ("protocol", "sport", "dport", "data", "passed"),
    [
        (6, 50_000, 443, LONG, False),
        (6, 443, 50_000, LONG, False),
        (6, 3389, 443, LONG, False),
        (6, 50_000, 443, b"\x05" + LONG, True),  # may be the begin of a DCE/RPC bind
        (6, 443, 50_000, b"short", True),
        (6, 443, 88, LONG, True),  # a client that hides behind a bulk port
        (6, 445, 443, LONG, True),
        (6, 443, 49_700, LONG, False),
        (6, 50_000, 49_700, LONG, True),  # RPC may be anywhere
        (6, 50_000, 445, LONG, True),
        (17, 50_000, 443, LONG, False),
        (17, 443, 50_000, LONG, False),
        (17, 443, 53, LONG, True),
        (17, 3478, 4789, LONG, True),
        (17, 50_000, 4789, LONG, True),
        (17, 50_000, 50_001, LONG, False),
        (17, 50_000, 50_001, b"", False),
        (17, 53, 50_001, b"", True),
        (6, 50_000, 445, b"", False),  # an acknowledgement and nothing else
        (6, 445, 50_000, b"", False),
        (47, 443, 443, LONG, True),
    ],
)
def test_what_is_bulk(protocol, sport, dport, data, passed):
    for frame, linktype in both(protocol, sport, dport, data):
        program = bulk_filter(linktype, TCP_WANTED, UDP_WANTED)
        assert bpfmachine.run(program, frame) == (WHOLE if passed else 0)


@pytest.mark.parametrize(
    ("sport", "dport", "data", "passed"),
    [
        (50_000, 49_700, LONG, False),
        (50_000, 49_700, b"short", False),
        (50_000, 49_700, b"\x05" + LONG, True),  # may be the begin of a DCE/RPC bind
        (50_000, 49_700, b"\x05", True),
        (50_000, 445, LONG, True),
        (445, 50_000, b"short", True),
        (443, 50_000, LONG, False),
    ],
)
def test_what_is_bulk_under_overload(sport, dport, data, passed):
    for frame, linktype in both(6, sport, dport, data):
        program = bulk_filter(linktype, TCP_WANTED, UDP_WANTED, strict=True)
        assert bpfmachine.run(program, frame) == (WHOLE if passed else 0)


def test_what_is_learnt_is_wanted():
    for frame, linktype in both(6, 443, 49_700, LONG):
        program = bulk_filter(linktype, TCP_WANTED | {49_700}, UDP_WANTED)
        assert bpfmachine.run(program, frame) == WHOLE


def test_a_claimed_port_is_no_bulk():
    for frame, linktype in both(6, 80, 50_000, LONG):
        assert bpfmachine.run(bulk_filter(linktype, {80}, ()), frame) == WHOLE
        assert bpfmachine.run(bulk_filter(linktype, (), ()), frame) == 0


@pytest.mark.parametrize(
    "frame",
    [
        ether(ipv4(A, B, 6, tcp(1, 443, 7, LONG)), tags=(0x8100,)),
        ether(ipv4(A, B, 6, tcp(1, 443, 7, LONG), flags=1)),
        ether(ipv4(A, B, 6, tcp(1, 443, 7, LONG), offset=800)),
        ether(ipv6(A6, B6, 0, bytes([6, 0] + [0] * 6) + tcp(1, 443, 7, LONG))),
        b"\xff" * 12 + b"\x08\x06" + bytes(46),
        b"\xff" * 12 + b"\x88\x47" + bytes(446),
    ],
)
def test_what_is_not_plain_passes(frame):
    assert bpfmachine.run(bulk_filter(ETHERNET, TCP_WANTED, UDP_WANTED), frame) == WHOLE


@pytest.mark.parametrize("flags", [ACK | FIN, SYN, SYN | ACK, RST, RST | ACK])
def test_openings_and_endings_pass(flags):
    for packet in (
        ipv4(A, B, 6, tcp(1, 445, 7, b"", flags)),
        ipv6(A6, B6, 6, tcp(1, 445, 7, b"", flags)),
    ):
        assert bpfmachine.run(bulk_filter(RAW, TCP_WANTED, UDP_WANTED), packet) == WHOLE


@pytest.mark.parametrize("options", [b"", bytes(12)])
def test_padding_is_no_payload(options):
    """A short frame is filled up to 60 bytes; the header says how much of it counts."""
    segment = tcp(1, 445, 7, b"", options=options)
    frame = ether(ipv4(A, B, 6, segment, options=bytes(4))) + bytes(12)
    program = bulk_filter(ETHERNET, TCP_WANTED, UDP_WANTED)
    assert bpfmachine.run(program, frame) == 0
    longer = ether(ipv4(A, B, 6, segment + b"d", options=bytes(4))) + bytes(12)
    assert bpfmachine.run(program, longer) == WHOLE


def test_options_are_stepped_over():
    program = bulk_filter(ETHERNET, TCP_WANTED, UDP_WANTED)
    for data, passed in ((LONG, 0), (b"\x05" + LONG, WHOLE)):
        segment = tcp(1, 443, 7, data, options=bytes(12))
        assert bpfmachine.run(program, ether(ipv4(A, B, 6, segment, options=bytes(8)))) == passed


def random_frames(count, seed):
    rng = random.Random(seed)
    ports = [*BULK_TCP, 3478, *TCP_WANTED, *UDP_WANTED, 4789, 49_700, 50_000]
    for _ in range(count):
        protocol = rng.choice([6, 6, 6, 17, 17, 47])
        data = bytes([rng.choice([5, 5, 0x17, 0])]) + bytes(rng.choice([0, 3, 200, 300, 1400]))
        data = data if rng.random() < 0.9 else b""
        frame, linktype = rng.choice(both(protocol, rng.choice(ports), rng.choice(ports), data))
        frame = bytearray(frame)
        if rng.random() < 0.3:
            frame[rng.randrange(min(60, len(frame)))] = rng.randrange(256)
        yield bytes(frame), linktype


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("linktype", [ETHERNET, RAW])
def test_machine_kernel_and_plain_reading_agree(kernel, linktype, strict):
    frames = [f for f, kind in random_frames(4000, 7) if kind == linktype]
    program = bulk_filter(linktype, TCP_WANTED, UDP_WANTED, strict=strict)
    told = [bool(bpfmachine.run(program, f)) for f in frames]
    assert kernel(program, frames) == told
    wanted = [passes(f, linktype, strict=strict) for f in frames]
    assert [t for t, w in zip(told, wanted, strict=True) if w is not None] == [
        w for w in wanted if w is not None
    ]
    assert 0.4 < sum(told) / len(told) < 0.95


@pytest.mark.data
def test_nothing_that_is_read_is_filtered_out(atp_data, atp_lab):
    """Of real captures, only what is bulk by plain reading is dropped."""
    program = bulk_filter(ETHERNET, TCP_WANTED, UDP_WANTED)
    dropped = seen = 0
    paths = [*(atp_lab / "capture").glob("*.pcap"), *(atp_data / "pcap").glob("OTRF*/*cap")]
    for path in paths:
        with path.open("rb") as file:
            for block in blocks(file):
                if not isinstance(block, Packets) or block.linktype != ETHERNET:
                    continue
                for o, e in zip(block.starts, block.ends, strict=True):
                    frame = block.data[o:e]
                    seen += 1
                    if not bpfmachine.run(program, frame):
                        dropped += 1
                        assert passes(frame, ETHERNET) is not True
    assert seen > 3000
    assert dropped


def test_jumps_and_lists_of_any_length(kernel):
    program = Program()
    program.load_half(0)
    program.one_of(frozenset(range(0, 3000, 2)), "found")
    program.reject()
    program.label("found")
    program.accept()
    code = program.assemble()
    frames = [struct.pack(">H", n) for n in (0, 1, 2, 1499, 1500, 2998, 2999, 3000, 65_535)]
    wanted = [True, False, True, False, True, True, False, False, False]
    assert [bool(bpfmachine.run(code, f)) for f in frames] == wanted
    assert kernel(code, frames) == wanted


def test_too_many_ports_mean_no_filter():
    assert len(bulk_filter(ETHERNET, range(10_000, 11_000), ())) <= MOST
    assert bulk_filter(ETHERNET, range(10_000, 11_001), ()) == []


def test_what_cannot_be_assembled():
    behind = Program()
    behind.label("a")
    behind.go("a")
    unknown = Program()
    unknown.equal(1, yes="nowhere")
    far = Program()
    far.equal(1, yes="end")
    for _ in range(256):
        far.accept()
    far.label("end")
    far.accept()
    long = Program()
    for _ in range(MOST + 1):
        long.accept()
    for program, why in ((behind, "ahead"), (unknown, "ahead"), (far, "too far"), (long, "more")):
        with pytest.raises(ValueError, match=why):
            program.assemble()
    with pytest.raises(ValueError, match="already"):
        behind.label("a")
