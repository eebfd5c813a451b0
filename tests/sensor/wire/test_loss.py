"""Losses inside of long messages that follow one another without a pause: most are still read,
for the next one is found inside the segment, and what was not read is counted.
"""

from __future__ import annotations

import random
import struct

import frames
import pytest

from sensor.wire.drive import Driver

MESSAGES = 2_000
SIZE = 4_096
SEGMENT = 1_460


def rpc(number: int) -> bytes:
    """A DCE/RPC request of 4 KB, each of a call of its own."""
    stub = random.Random(number).randbytes(SIZE - 24)
    head = struct.pack("<BBBB4sHHIIHH", 5, 0, 0, 3, b"\x10\0\0\0", SIZE, 0, number, 0, 0, 7)
    return head + stub


def element(tag: int, content: bytes) -> bytes:
    return struct.pack(">BBI", tag, 0x84, len(content)) + content


def ldap(number: int) -> bytes:
    """A searchRequest as Windows writes it, with a filter of 4 KB."""
    value = "".join(random.Random(number).choices("abcdefghij", k=SIZE)).encode()
    inside = (
        element(4, b"dc=corp") + b"\x0a\x01\x02\x0a\x01\x00\x02\x01\x00\x02\x01\x00\x01\x01\x00"
    )
    inside += element(0xA3, element(4, b"cn") + element(4, value)) + element(0x30, b"")
    ident = b"\x02\x04" + number.to_bytes(4, "big")
    return element(0x30, ident + element(0x63, inside))


@pytest.mark.parametrize(
    ("port", "make", "kind"), [(135, rpc, "RpcCall"), (389, ldap, "LdapSearch")]
)
def test_one_segment_in_a_hundred_lost(port, make, kind):
    talk = frames.Talk(server=("10.0.0.10", port)).open()
    stream = b"".join(make(number + 1) for number in range(MESSAGES))
    talk.send(True, stream, [SEGMENT] * (len(stream) // SEGMENT))
    rng = random.Random(7)
    kept = talk.frames[:2] + [f for f in talk.frames[2:] if rng.random() >= 0.01]
    events = []
    driver = Driver("probe", events.append)
    for ts, frame in kept:
        driver.packet(ts, frame, 1)
    driver.close()
    read = [e for e in events if type(e).__name__ == kind]
    # a message lies in four segments: 96 of 100 lose none of them
    assert len(read) > 0.94 * MESSAGES
    lost = (len(talk.frames) - len(kept)) * SEGMENT
    unread = sum(e.lost for e in events if getattr(e, "kind", "") == "unread")
    assert lost <= unread < 5 * lost + 2 * SIZE
