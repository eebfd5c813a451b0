"""Stubs nobody should send: a stub reader raises only what its caller expects, ends, and makes
events of bounded size."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stub_calls import READERS, ask

from sensor.decode.ndr import Ndr
from sensor.decode.rpc_call import Handles

STUBS = [
    (interface, int(opnum), form, bytes.fromhex(data))
    for _name, interface, opnum, form, data in (
        line.split()
        for line in (Path(__file__).parents[2] / "data" / "rpc" / "samba_stubs.txt")
        .read_text()
        .splitlines()[1:]
    )
]
EXPECTED = (IndexError, ValueError, struct.error)
EVENT_LIMIT = 300_000


def survive(interface, opnum, request, answer, form):
    handles = Handles()
    handles.open(request[:20], "S-1-5-21-1-2-3")
    try:
        events = ask(
            interface, opnum, request, answer, handles=handles,
            wide=form == "ndr64", big=form == "big",
        )  # fmt: skip
    except EXPECTED:
        return
    assert events
    assert sum(len(repr(event)) for event in events) < EVENT_LIMIT


@st.composite
def damaged(draw):
    interface, opnum, form, stub = draw(st.sampled_from(STUBS))
    data = bytearray(stub)
    for _ in range(draw(st.integers(1, 6))):
        if len(data) < 8:
            break
        at = draw(st.integers(0, len(data) - 4))
        kind = draw(st.sampled_from(["flip", "word", "word", "cut"]))
        if kind == "flip":
            data[at] = draw(st.integers(0, 255))
        elif kind == "cut":
            del data[at:]
        else:
            value = draw(st.sampled_from([0, 1, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF]))
            struct.pack_into("<I", data, at, value)
    return interface, opnum, bytes(data) or b"\0", form


@settings(max_examples=600, deadline=None)
@given(damaged(), st.binary(min_size=4, max_size=60))
def test_damaged_stubs(call, answer):
    interface, opnum, request, form = call
    survive(interface, opnum, request, answer, form)


@settings(max_examples=600, deadline=None)
@given(
    st.sampled_from(sorted(READERS)),
    st.integers(0, 90),
    st.binary(min_size=1, max_size=400),
    st.binary(min_size=4, max_size=60),
    st.sampled_from(["ndr", "big", "ndr64"]),
)
def test_noise(interface, opnum, request, answer, form):
    survive(interface, opnum, request, answer, form)


def test_counts_that_promise_more_than_there_is():
    """Arrays whose count is a lie cost no more than the stub holds."""
    lie = b"\xff\xff\xff\x7f"
    for interface in READERS:
        for opnum in range(80):
            for request in (b"H" * 20 + lie * 2_000, lie * 2_000, b"\1\0\0\0" * 2_000):
                survive(interface, opnum, request, lie * 16, "ndr")


def test_a_text_behind_the_end_after_alignment():
    stub = Ndr(b"x" * 40, 0, 9, big=False, wide=False)
    stub.skip(9)
    stub.align(4)
    with pytest.raises(ValueError, match="stub ends"):
        stub.characters(3)
