"""The walk over a block of the ring: frames where the kernel says, and nothing beyond the end."""

import random
import struct

import pytest

from sensor.inputs import ringblock

OUTGOING, HOST = 4, 0


def block(frames, first=48):
    """A block as the kernel writes it, of (seconds, nanoseconds, packet type, frame)."""
    body = b""
    for number, (seconds, nanoseconds, kind, frame) in enumerate(frames):
        mac = 82
        size = (mac + len(frame) + 15) & ~15
        step = 0 if number == len(frames) - 1 else size
        head = struct.pack(
            "=IIIIIIHH", step, seconds, nanoseconds, len(frame), len(frame), 1, mac, mac + 14
        )
        body += (head.ljust(48, b"\0") + struct.pack("=HHiHBB8s", 17, 8, 2, 1, kind, 6, b"")).ljust(
            mac, b"\0"
        )
        body += frame.ljust(size - mac, b"\0")
    size = first + len(body)
    return struct.pack("=IIIIII", 1, 48, 1, len(frames), first, size).ljust(first, b"\0") + body


def walk(data, loopback=False):
    times, starts, ends = [], [], []
    ringblock.walk(data, loopback, times, starts, ends)
    assert len(times) == len(starts) == len(ends)
    assert all(0 <= o <= e <= len(data) for o, e in zip(starts, ends, strict=True))
    return [(t, data[o:e]) for t, o, e in zip(times, starts, ends, strict=True)]


FRAMES = [(1_700_000_000, n * 1999, HOST, bytes([n]) * (60 + 7 * n)) for n in range(20)]


def test_all_frames_in_order():
    wanted = [(s * 1_000_000 + n // 1000, f) for s, n, _, f in FRAMES]
    assert walk(block(FRAMES)) == wanted
    assert walk(block(FRAMES), loopback=True) == wanted
    assert walk(block([])) == []


def test_the_loopback_leaves_out_what_goes_out():
    both = [(1, 0, kind, bytes([kind]) * 60) for kind in (OUTGOING, HOST) * 3]
    assert walk(block(both), loopback=True) == [(1_000_000, b"\0" * 60)] * 3
    assert len(walk(block(both))) == 6


@pytest.mark.parametrize("seed", range(200))
def test_whatever_the_block_holds(seed):
    rng = random.Random(seed)
    data = bytearray(block(FRAMES))
    for _ in range(rng.randrange(1, 12)):
        data[rng.randrange(len(data))] = rng.randrange(256)
    walk(bytes(data[: rng.randrange(24, len(data) + 1)]), loopback=bool(seed % 2))
