"""Bytes nobody should send: readers of SMB and DCE/RPC raise only what the driver expects, end, and
keep their memory bounded."""

from __future__ import annotations

import struct
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transcripts import Recorder, flow, load

from sensor.decode import dcerpc, smb, smb1_message, smb2_header
from sensor.decode.rpc_pending import REQUEST_LIMIT, RESPONSE_LIMIT

ROOT = Path(__file__).resolve().parents[3]
TALKS = load(ROOT / "tests/data/wire/smb_rpc.txt")
EXPECTED = (IndexError, ValueError, struct.error)
OVER_SMB = sorted(name for name, (port, _) in TALKS.items() if port == 445)
OVER_TCP = sorted(name for name, (port, _) in TALKS.items() if port != 445)


def survive(reader, talk):
    """Feed each message by itself, as the driver does, and count what was refused."""
    refused = 0
    for to_server, data in talk:
        try:
            want, total = reader.frame(to_server, data, 0, len(data))
            assert want <= max(total, 0)
            if total < 0:
                assert -1 <= reader.resync(to_server, data, 0, len(data)) < len(data)
            reader.message(1, to_server, data, 0, min(want, len(data)) or len(data))
        except EXPECTED:
            refused += 1
            reader.gap(1, to_server)
    reader.close(2)
    return refused


@st.composite
def damaged(draw, names):
    """A recorded conversation with bytes changed, cut, doubled or swapped."""
    talk = [(side, bytearray(data)) for side, data in TALKS[draw(st.sampled_from(names))][1]]
    for _ in range(draw(st.integers(1, 12))):
        i = draw(st.integers(0, len(talk) - 1))
        side, data = talk[i]
        kind = draw(st.sampled_from(["flip", "flip", "flip", "word", "cut", "double", "turn"]))
        at = draw(st.integers(0, max(0, len(data) - 1)))
        if kind == "flip" and data:
            data[at] = draw(st.integers(0, 255))
        elif kind == "word" and len(data) >= 4:
            at = min(at, len(data) - 4)
            value = draw(st.sampled_from([0, 1, 0xFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF]))
            struct.pack_into("<I", data, at, value)
        elif kind == "cut":
            del data[at:]
        elif kind == "double":
            talk.insert(i, (side, bytearray(data)))
        elif kind == "turn":
            talk[i] = (not side, data)
    return [(side, bytes(data)) for side, data in talk if data]


@settings(max_examples=300, deadline=None)
@given(damaged(OVER_SMB))
def test_damaged_smb(talk):
    survive(smb.reader(flow(445), Recorder()), talk)


@settings(max_examples=300, deadline=None)
@given(damaged(OVER_TCP))
def test_damaged_rpc(talk):
    survive(dcerpc.reader(flow(49_153), Recorder()), talk)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.binary(min_size=1, max_size=300)), max_size=20))
def test_noise(talk):
    survive(smb.reader(flow(445), Recorder()), talk)
    survive(smb.reader(flow(445), Recorder()), [(s, b"\0\0\1\0\xfeSMB\x40\0" + d) for s, d in talk])
    survive(smb.reader(flow(445), Recorder()), [(s, b"\0\0\1\0\xffSMB" + d) for s, d in talk])
    survive(dcerpc.reader(flow(135), Recorder()), [(s, b"\5\0" + d) for s, d in talk])
    pipe = dcerpc.pipe_reader(flow(445), "samr", Recorder())
    for to_server, data in talk:
        try:
            pipe.message(1, to_server, data, 0, len(data))
        except EXPECTED:
            pipe.gap(1, to_server)
    pipe.close(2)


def size_of(thing, seen=None):
    """Bytes of everything reachable that is the reader's own."""
    seen = set() if seen is None else seen
    if id(thing) in seen or isinstance(thing, (type, Recorder)) or callable(thing):
        return 0
    seen.add(id(thing))
    total = sys.getsizeof(thing)
    if isinstance(thing, dict):
        total += sum(size_of(k, seen) + size_of(v, seen) for k, v in thing.items())
    elif isinstance(thing, (list, tuple, set, frozenset)):
        total += sum(size_of(item, seen) for item in thing)
    for kind in type(thing).__mro__:
        for slot in getattr(kind, "__slots__", ()):
            total += size_of(getattr(thing, slot, None), seen)
    return total


@pytest.mark.parametrize("lost", [True, False])
def test_memory_of_calls_that_nobody_answers(lost):
    recorder = Recorder()
    reader = dcerpc.reader(flow(49_153), recorder)
    stub = b"\0" * 60_000
    for i in range(1_000):
        head = struct.pack("<BBBBIHHI", 5, 0, 0, 1, 0x10, 24 + len(stub), 0, i)
        data = head + struct.pack("<IHH", 0, 0, 12) + stub
        reader.message(1, True, data, 0, len(data))
        if lost:
            reader.gap(1, True)
    assert size_of(reader._association) < 64 * (REQUEST_LIMIT + RESPONSE_LIMIT)


def test_memory_of_a_pipe_whose_pdu_never_ends():
    reader = dcerpc.pipe_reader(flow(445), "samr", Recorder())
    head = struct.pack("<BBBBIHHI", 5, 0, 0, 3, 0x10, 65_535, 0, 1)
    for _ in range(1_000):
        try:
            reader.message(1, True, head + b"\0" * 4_000, 0, 4_016)
        except EXPECTED:
            reader.gap(1, True)
    assert all(len(side.rest) <= 65_535 for side in reader._directions)
    assert size_of(reader) < 1 << 20


def test_what_is_empty_may_be_said_to_lie_anywhere():
    head = b"\xfeSMB" + struct.pack("<HHIHHIIQIIQ", 64, 1, 0, 9, 1, 0, 0, 1, 1, 1, 1) + bytes(16)
    two = smb2_header.Message(head + bytes(200), 0, 64)
    assert two.span(100, 0) == (64, 64)
    assert two.kept(100, 0) == (64, 64, False)
    one = smb1_message.Block(
        b"\xffSMB".ljust(32, b"\0") + b"\0\0\0abc" + b"z" * 50, 0, 38, 0x2D, 32
    )
    assert one.kept(60, 0) == (38, 38, False)
    assert one.string(45)[0] == ""
