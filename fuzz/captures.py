"""Damaged captures: nothing in a file may raise, count as a defect of a decoder, or eat memory.

Pieces of the bundled recording (and of $ATP_LAB, if there) are damaged: bits flipped, bytes
overwritten with extremes, ranges cut out, doubled, moved or spliced in from another piece, the end
cut off; some as pcapng, some as gzip. Each case follows from its number alone.

    python fuzz/captures.py [--count 10000] [--seed 1] [--only N] [--rss 300] [--digests]

Exit status 1 with the number of the first bad case; `--only N` runs that one and lets it raise.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import io
import os
import random
import re
import struct
import sys
import time
from pathlib import Path

import msgspec

from sensor.inputs.captures import blocks
from sensor.inputs.packets import Packets
from sensor.inputs.pcapng import Dropped
from sensor.wire.build import WORD
from sensor.wire.drive import Driver

ROOT = Path(__file__).parents[1]
LAB = Path(os.environ.get("ATP_LAB", ROOT.parent / "shared" / "lab"))
PIECE = 150
"""Packets in a piece."""
Frame = tuple[int, int, bytes]
"""(link type, time, frame)"""
KEYED = re.compile(rb'"password_tag":"[^"]*"')
"""A hash with a key that every process draws anew."""
EXTREMES = (
    b"\0",
    b"\xff",
    b"\x7f",
    b"\x80",
    b"\xff\xff",
    b"\xff\xff\xff\xff",
    b"\0\0\0\0",
    b"\0\1",
)


def pieces() -> list[list[Frame]]:
    """The recordings in pieces of consecutive packets."""
    found: list[list[Frame]] = []
    recordings = [*sorted((ROOT / "examples").glob("*.pcap*")), *sorted(LAB.glob("capture/*.pcap"))]
    for path in recordings:
        frames: list[Frame] = []
        with path.open("rb") as file:
            for item in blocks(file):
                if isinstance(item, Packets):
                    frames += [
                        (item.linktype, ts, item.data[o:e])
                        for ts, o, e in zip(item.times, item.starts, item.ends, strict=True)
                    ]
        found += [frames[i : i + PIECE] for i in range(0, len(frames), PIECE)]
    return found


def written(piece: list[Frame], rng: random.Random) -> bytes:
    """A piece as a file of some format."""
    order = rng.choice("<>")
    linktype = piece[0][0]
    if rng.random() < 0.6:
        out = [struct.pack(order + "IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262_144, linktype)]
        for _, ts, frame in piece:
            head = struct.pack(order + "IIII", *divmod(ts, 1_000_000), len(frame), len(frame))
            out.append(head + frame)
    else:
        out = [
            struct.pack(order + "IIIHHqI", 0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0, -1, 28),
            struct.pack(order + "IIHHII", 1, 20, linktype, 0, 0, 20),
        ]
        for _, ts, frame in piece:
            size = 32 + (len(frame) + 3) // 4 * 4
            head = struct.pack(
                order + "7I", 6, size, 0, ts >> 32, ts & 0xFFFFFFFF, len(frame), len(frame)
            )
            padding = b"\0" * (-len(frame) % 4)
            out.append(head + frame + padding + struct.pack(order + "I", size))
    return b"".join(out)


def damaged(data: bytes, other: bytes, rng: random.Random) -> bytes:
    """One to a few hundred damages."""
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 5, 20, 300))):
        if not out:
            break
        at = rng.randrange(len(out))
        size = min(rng.choice((1, 4, 16, 100, 2_000)), len(out) - at)
        kind = rng.randrange(8)
        if kind <= 2:
            out[at] ^= 1 << rng.randrange(8)
        elif kind == 3:
            extreme = rng.choice(EXTREMES)
            out[at : at + len(extreme)] = extreme
        elif kind == 4:
            del out[at : at + size]
        elif kind == 5:
            out[at:at] = out[at : at + size]
        elif kind == 6:
            begin = rng.randrange(len(other))
            out[at : at + rng.randrange(size + 1)] = other[begin : begin + size]
        elif rng.random() < 0.1:
            del out[at:]
        else:
            out[at : at + size] = rng.randbytes(size)
    return bytes(out)


def shuffled(piece: list[Frame], rng: random.Random) -> list[Frame]:
    """Packets lost, doubled, in disorder, or cut by the capture."""
    out: list[tuple[float, Frame]] = []
    for place, (linktype, ts, frame) in enumerate(piece):
        chance = rng.random()
        if chance < 0.03:
            continue
        if chance < 0.06:
            out.append((place, (linktype, ts, frame)))
        if chance > 0.97:
            frame = frame[: rng.randrange(len(frame) + 1)]  # noqa: PLW2901 - the cut one
        out.append((place + rng.random() * rng.choice((1, 1, 9)), (linktype, ts, frame)))
    return [frame for _, frame in sorted(out, key=lambda pair: pair[0])]


def case(number: int, seed: int, found: list[list[Frame]]) -> bytes:
    """The bytes of case `number`."""
    rng = random.Random(f"{seed}/{number}")
    piece = rng.choice(found)
    if rng.random() < 0.3:
        piece = shuffled(piece, rng) or piece
    data = written(piece, rng)
    if rng.random() < 0.9:
        data = damaged(data, written(rng.choice(found), rng), rng)
    if rng.random() < 0.1:
        data = gzip.compress(data, 1)
        if rng.random() < 0.5:
            data = damaged(data, data, rng)
    return data


def read(data: bytes, events: list[object] | None = None) -> tuple[int, int, int, dict[str, int]]:
    """(packets, events, damages, counters) of a file; AssertionError on a decoder's defect. The
    events themselves are appended to the list.
    """
    events = [] if events is None else events
    driver = Driver("fuzz", events.append)
    damages = 0
    for item in blocks(io.BytesIO(data)):
        if isinstance(item, Packets):
            driver.packets(item.data, item.linktype, item.times, item.starts, item.ends)
        elif isinstance(item, Dropped):
            driver.dropped(item.packets)
        else:
            damages += 1
    driver.close()
    assert driver.fault is None, driver.fault
    counters = driver.counters()
    return counters["wire.packets"], len(events), damages, counters


def digests(count: int, seed: int) -> None:
    """Print a hash of the events and the counters of each case; the last line names the build."""
    found = pieces()
    for number in range(count):
        events: list[object] = []
        told = read(case(number, seed, found), events)
        text = msgspec.json.encode([events, sorted(told[3].items())])
        digest = hashlib.sha256(KEYED.sub(b"", text))
        print("capture", number, len(events), digest.hexdigest()[:16])
    print("#", WORD)


def most_memory() -> int:
    """The most memory this process ever had, MB; not what it inherited from its parent, as
    `ru_maxrss` counts.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii")
    (line,) = (row for row in status.splitlines() if row.startswith("VmHWM:"))
    return int(line.split()[1]) // 1024


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, help="run this case only")
    parser.add_argument("--rss", type=int, default=300, help="most memory, MB")
    parser.add_argument("--digests", action="store_true", help="print a hash of each case's events")
    options = parser.parse_args()
    if options.digests:
        digests(options.count, options.seed)
        return 0
    found = pieces()
    if options.only is not None:
        print(*read(case(options.only, options.seed, found)))
        return 0
    begin = time.monotonic()
    sums = [0, 0, 0]
    unreadable = slowest = 0.0
    for number in range(options.count):
        data = case(number, options.seed, found)
        start = time.monotonic()
        try:
            *some, counters = read(data)
        except Exception as error:  # noqa: BLE001 - the finding
            print(f"case {number} of seed {options.seed}: {type(error).__name__}: {error}")
            return 1
        slowest = max(slowest, time.monotonic() - start)
        sums = [a + b for a, b in zip(sums, some, strict=True)]
        unreadable += sum(v for k, v in counters.items() if k.endswith(".malformed"))
    used = most_memory()
    print(
        f"{options.count} cases, {sums[0]:,} packets, {sums[1]:,} events, {sums[2]:,} damages, "
        f"{unreadable:,.0f} unreadable messages, no exception; slowest {slowest:.2f} s, "
        f"memory {used} MB, {time.monotonic() - begin:.0f} s, {WORD}"
    )
    if used > options.rss:
        print(f"more than {options.rss} MB")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
