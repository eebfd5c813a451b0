"""Damaged messages, decoder by decoder: no exception but the allowed, bounded time, memory, output.

Seeds are runs of messages of one conversation: those recorded in tests/data, and of the captures of
$ATP_LAB, $ATP_DATA and examples/ what the framing hands to each reader. A case damages one or more
messages of a run and gives it to a fresh reader (and to a fresh reader of all conversations, where
the protocol has one): twice, at other offsets of other surroundings, and the events must be equal
(else a decoder reads beyond its end). Each case follows from its number alone.

    python fuzz/messages.py [--count 1000000] [--seed 1] [--jobs 2] [--only N] [--rss 300] [--digests]

Exit status 1 with the number of the first bad case; `--only N` runs that one and lets it raise.
"""

from __future__ import annotations

import argparse
import hashlib
import multiprocessing
import os
import random
import sys
import time
from collections import Counter
from pathlib import Path

import msgspec
from captures import EXTREMES, KEYED, most_memory

from sensor.contract import Context, Flow, Reader
from sensor.inputs.captures import blocks
from sensor.inputs.packets import Packets
from sensor.wire.bounds import Bounds
from sensor.wire.build import WORD
from sensor.wire.context import UNREADABLE, WireContext
from sensor.wire.drive import Driver
from sensor.wire.ports import Ports
from sensor.wire.protocols import WireProtocol, discover

ROOT = Path(__file__).parents[1]
LAB = Path(os.environ.get("ATP_LAB", ROOT.parent / "shared" / "lab"))
DATA = Path(os.environ.get("ATP_DATA", ROOT.parent / "shared" / "data"))
RUN = 10
"""Messages in a run."""
RUNS = 400
"""Runs kept of one protocol."""
MOST_SECONDS = 0.5
"""Processor time of one message of at most 64 KB; real ones take microseconds."""
MOST_EVENT = 512 * 1024
"""Bytes of one event as JSON."""
CLIENT = bytes.fromhex("0a000002 0a000001 bf68 0035")
SERVER = bytes.fromhex("0a000001 0a000002 0035 bf68")
"""The ends of a datagram, as `sensor.contract.Datagrams` has them."""
Message = tuple[int, bool, bytes]
"""(time, to the server, bytes)"""
Run = tuple[str, bool, list[Message]]
"""(protocol, over UDP, messages)"""


class _Listener(Reader):
    """A reader that keeps what it is given. (Compiled, nothing but a Reader is one.)"""

    def __init__(self, reader: Reader, kept: list[Message]) -> None:
        self.reader = reader
        self.kept = kept

    def frame(self, to_server: bool, b: bytes, o: int, e: int) -> tuple[int, int]:
        return self.reader.frame(to_server, b, o, e)

    def resync(self, to_server: bool, b: bytes, o: int, e: int) -> int:
        return self.reader.resync(to_server, b, o, e)

    def gap(self, ts: int, to_server: bool) -> None:
        self.reader.gap(ts, to_server)

    def close(self, ts: int) -> None:
        self.reader.close(ts)

    def message(self, ts: int, to_server: bool, b: bytes, o: int, e: int) -> None:
        if len(self.kept) < 4 * RUN and e - o < 65_536:
            self.kept.append((ts, to_server, b[o:e]))
        self.reader.message(ts, to_server, b, o, e)


def runs() -> list[Run]:
    """Runs of messages of every protocol, of all captures there are."""
    heard: dict[tuple[str, bool], list[list[Message]]] = {}

    def listening(protocol: WireProtocol) -> WireProtocol:
        def reader(flow: Flow, context: Context) -> Reader:
            kept: list[Message] = []
            conversations = heard.setdefault((protocol.name, flow.udp), [])
            if len(conversations) < 8 * RUNS:
                conversations.append(kept)
            return _Listener(protocol.reader(flow, context), kept)

        return WireProtocol(protocol.name, protocol.tcp, protocol.udp, reader)

    protocols = tuple(listening(protocol) for protocol in discover())
    paths = [*(ROOT / "examples").glob("*.pcap*"), *LAB.glob("capture/*.pcap")]
    paths += (ROOT / "tests" / "data" / "wire").glob("*.pcap.gz")
    paths += [p for p in DATA.glob("pcap/**/*cap*") if p.is_file() and p.stat().st_size < 1 << 20]
    for path in sorted(paths):
        driver = Driver("fuzz", lambda _: None, protocols)
        with path.open("rb") as file:
            for item in blocks(file):
                if isinstance(item, Packets):
                    driver.packets(item.data, item.linktype, item.times, item.starts, item.ends)
        driver.close()
    found = _written_down()
    for (name, udp), conversations in sorted(heard.items()):
        pieces = [
            kept[i : i + RUN] for kept in conversations for i in range(0, len(kept), RUN) if kept
        ]
        # the rarest kinds of talk have the most to tell: long and varied runs first
        pieces.sort(key=lambda run: (-len({m[2][:12] for m in run}), run[0][0]))
        found += [(name, udp, run) for run in pieces[:RUNS]]
    return found


def _written_down() -> list[Run]:
    """The conversations of tests/data: `# PORT tcp|udp, where from`, then a message a line."""
    named = {(port, False): p.name for p in discover() for port in p.tcp}
    named |= {(port, True): p.name for p in discover() for port in p.udp}
    found: list[Run] = []
    for path in sorted((ROOT / "tests" / "data" / "conversations").glob("*.hex")):
        head, *lines = path.read_text(encoding="ascii").splitlines()
        port, kind = head.removeprefix("#").partition(",")[0].split()
        rows = [line.split() for line in lines if line[:1] in "<>"]
        run = [(1_000 * i, way == ">", bytes.fromhex(x)) for i, (way, x) in enumerate(rows, 1)]
        found.append((named[int(port), kind == "udp"], kind == "udp", run[:RUN]))
    return found


def damaged(data: bytes, other: bytes, rng: random.Random) -> bytes:
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 4, 16))):
        if not out:
            break
        at = rng.randrange(len(out))
        kind = rng.randrange(9)
        if kind <= 2:
            out[at] = rng.randrange(256)
        elif kind == 3:
            extreme = rng.choice(EXTREMES)
            out[at : at + len(extreme)] = extreme
        elif kind == 4:
            del out[at : at + rng.randrange(1, 64)]
        elif kind == 5:
            out[at:at] = out[at : at + rng.randrange(1, 256)] * rng.choice((1, 1, 30))
        elif kind == 6 and other:
            begin = rng.randrange(len(other))
            out[at:at] = other[begin : begin + rng.randrange(1, 256)]
        elif kind == 7:
            del out[at:]
        else:
            out[at] ^= 1 << rng.randrange(8)
    return bytes(out[:65_535])


class BudgetError(AssertionError):
    """A decoder took too long, said too much, or read beyond its end."""


def events(run: Run, rng: random.Random, protocols: dict[str, WireProtocol]) -> list[bytes]:
    """The events of a run given to a fresh reader, as JSON."""
    name, udp, messages = run
    out: list[bytes] = []
    context = WireContext(
        "fuzz", lambda event: out.append(msgspec.json.encode(event)), Ports((), Bounds())
    )
    flow = Flow("10.0.0.2", 49_000, "10.0.0.1", 389, udp=udp)
    reader = protocols[name].reader(flow, context)
    for ts, to_server, data in messages:
        lead = rng.randbytes(rng.randrange(8))
        b = lead + data + (rng.randbytes(24) if rng.random() < 0.7 else data[:24])
        o, e = len(lead), len(lead) + len(data)
        start = time.process_time()
        try:
            if udp:
                reader.message(ts, to_server, b, o, e)
            else:
                want, total = reader.frame(to_server, b[:e], o, e)
                if total < 0:
                    reader.resync(to_server, b[:e], o, e)
                reader.message(ts, to_server, b, o, min(e, o + want) if want > 0 else e)
        except UNREADABLE:
            reader.gap(ts, to_server)
        if time.process_time() - start > MOST_SECONDS:
            raise BudgetError(f"{name}: {time.process_time() - start:.2f} s for {len(data)} bytes")
    reader.close(messages[-1][0])
    datagrams = protocols[name].datagrams
    if udp and datagrams is not None:
        every = datagrams(context, lambda _: flow)
        for ts, to_server, data in messages:
            try:
                every.datagram(ts, CLIENT if to_server else SERVER, data)
            except UNREADABLE:
                continue
        every.close(messages[-1][0])
    if any(len(event) > MOST_EVENT for event in out):
        raise BudgetError(f"{name}: an event of {max(map(len, out))} bytes")
    return out


def case(number: int, seed: int, found: list[Run]) -> tuple[Run, random.Random]:
    """The damaged run of case `number`."""
    rng = random.Random(f"{seed}/{number}")
    # every protocol gets its share, however rare it is in the captures
    kinds = sorted({(name, udp) for name, udp, _ in found})
    kind = kinds[number % len(kinds)]
    name, udp, messages = rng.choice([run for run in found if run[:2] == kind])
    first = rng.randrange(len(messages))
    chosen = messages[first : first + rng.choice((1, 2, 4, RUN))]
    hurt = rng.randrange(len(chosen))
    result = []
    for at, (ts, to_server, data) in enumerate(chosen):
        if at == hurt or rng.random() < 0.1:
            other = rng.choice(found)[2][0][2]
            result.append((ts, to_server, damaged(data, other, rng)))
        else:
            result.append((ts, to_server, data))
    return (name, udp, result), rng


def check(number: int, seed: int, found: list[Run], protocols: dict[str, WireProtocol]) -> int:
    """Run a case; the number of its messages."""
    run, rng = case(number, seed, found)
    first = events(run, rng, protocols)
    if number % 4 == 0 and first != events(run, rng, protocols):
        raise BudgetError(f"{run[0]}: other surroundings, other events")
    return len(run[2])


def digests(count: int, seed: int) -> None:
    """Print a hash of the events of each case; the last line names the build."""
    found = runs()
    protocols = {protocol.name: protocol for protocol in discover()}
    for number in range(count):
        run, rng = case(number, seed, found)
        told = KEYED.sub(b"", b"\n".join(events(run, rng, protocols)))
        print("message", number, run[0], hashlib.sha256(told).hexdigest()[:16])
    print("#", WORD)


def work(job: tuple[int, int, int, int]) -> tuple[Counter[str], str | None, int]:
    """Cases start, start + step … below count: messages by protocol, the first defect, memory."""
    start, step, count, seed = job
    found = runs()
    protocols = {protocol.name: protocol for protocol in discover()}
    done: Counter[str] = Counter()
    for number in range(start, count, step):
        try:
            messages = check(number, seed, found, protocols)
        except Exception as error:  # noqa: BLE001 - the finding
            return done, f"case {number} of seed {seed}: {type(error).__name__}: {error}", 0
        done["messages"] += messages
        done["cases"] += 1
    return done, None, most_memory()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=1_000_000, help="damaged runs of messages")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--only", type=int, help="run this case only")
    parser.add_argument("--rss", type=int, default=300, help="most memory of a process, MB")
    parser.add_argument("--digests", action="store_true", help="print a hash of each case's events")
    options = parser.parse_args()
    if options.digests:
        digests(options.count, options.seed)
        return 0
    if options.only is not None:
        found = runs()
        print(check(options.only, options.seed, found, {p.name: p for p in discover()}))
        return 0
    begin = time.monotonic()
    jobs = [(n, options.jobs, options.count, options.seed) for n in range(options.jobs)]
    total: Counter[str] = Counter()
    used, wrong = 0, []
    with multiprocessing.get_context("spawn").Pool(options.jobs) as pool:
        for done, defect, memory in pool.imap_unordered(work, jobs):
            total += done
            used = max(used, memory)
            wrong += [defect] if defect else []
    for defect in wrong:
        print(defect)
    print(
        f"{total['cases']:,} cases, {total['messages']:,} messages, {len(wrong)} defects, "
        f"memory {used} MB, {time.monotonic() - begin:.0f} s, {WORD}"
    )
    if used > options.rss:
        print(f"more than {options.rss} MB")
    return 1 if wrong or used > options.rss else 0


if __name__ == "__main__":
    sys.exit(main())
