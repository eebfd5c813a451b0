"""Packets a second from a capture file to events, beside tshark in the same run.

Prints one line a capture: packets, events, packets/s of each, and the ratio, which is the figure
that travels between machines. Seconds are those of the processor (user and system, start-up of
tshark included), for neighbours on the machine would spoil the clock's. tshark prints five fields;
it does a wider job, so the ratio is a yardstick and no race. With `--least R` the exit status tells whether the real-traffic ratio of the
concatenated capture reached R.

    python bench/wire.py [--least 4] [--runs 5] [CAPTURE ...]

Without captures: $ATP_LAB/capture/*.pcap and a concatenation of them, ten megabytes or more, the
copies with addresses and times of their own.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from sensor.inputs.captures import blocks, read_capture
from sensor.inputs.packets import Packets

LAB = Path(os.environ.get("ATP_LAB", Path(__file__).parents[2] / "shared" / "lab"))
FIELDS = ("frame.time_epoch", "kerberos.msg_type", "ldap.messageID", "smb2.cmd", "dcerpc.opnum")


def concatenated(paths: list[Path], target: Path, least: int) -> Path:
    """Copies of Ethernet captures one after another: 10.77.0.x becomes 10.78.0.x and so on."""
    out = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262_144, 1)]
    size, shift, copy = 24, 0, 0
    while size < least:
        for path in paths:
            first = last = None
            with path.open("rb") as file:
                for item in blocks(file):
                    if not isinstance(item, Packets):
                        continue
                    for ts, o, e in zip(item.times, item.starts, item.ends, strict=True):
                        first = ts if first is None else first
                        last = ts
                        frame = bytearray(item.data[o:e])
                        if frame[12:14] == b"\x08\x00":
                            for at in (26, 30):
                                if frame[at] == 10:
                                    frame[at + 1] = (frame[at + 1] + copy) & 0xFF
                        second, micro = divmod(ts - first + shift, 1_000_000)
                        second += 1_700_000_000
                        out.append(struct.pack("<IIII", second, micro, e - o, e - o) + frame)
                        size += len(out[-1])
            shift += last - first + 1_000_000
        copy += 1
    target.write_bytes(b"".join(out))
    return target


def ours(path: Path) -> tuple[float, int, int]:
    events = 0

    def count(_event: object) -> None:
        nonlocal events
        events += 1

    begin = time.process_time()
    summary = read_capture(path, count)
    return time.process_time() - begin, summary.packets, events


def tshark(program: str, path: Path) -> float:
    command = [program, "-n", "-r", str(path), "-T", "fields"]
    for field in FIELDS:
        command += ["-e", field]
    begin = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    end = resource.getrusage(resource.RUSAGE_CHILDREN)
    return end.ru_utime + end.ru_stime - begin.ru_utime - begin.ru_stime


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("captures", nargs="*", type=Path)
    parser.add_argument("--least", type=float, default=0.0, help="fail below this ratio")
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    program = shutil.which("tshark")
    with tempfile.TemporaryDirectory() as folder:
        paths = options.captures
        if not paths:
            found = sorted((LAB / "capture").glob("*.pcap"))
            if not found:
                print(f"no captures in {LAB / 'capture'} (set ATP_LAB)", file=sys.stderr)
                return int(os.environ.get("CI") == "true")
            chosen = [p for p in found if p.name in ("benign.pcap", "suspicious.pcap")] or found
            big = concatenated(chosen, Path(folder) / "concatenated.pcap", 10 << 20)
            paths = [*found, big]
        ratio = 0.0
        print(
            f"{'capture':<20}{'packets':>10}{'events':>8}{'packets/s':>12}{'tshark':>10}{'ratio':>7}"
        )
        for path in paths:
            ours(path)  # imports and caches
            mine, theirs = [], []
            packets = events = 0
            for _ in range(options.runs):
                seconds, packets, events = ours(path)
                mine.append(packets / seconds)
                if program and len(theirs) < 3:
                    theirs.append(packets / tshark(program, path))
            rate = statistics.median(mine)
            line = f"{path.name:<20}{packets:>10,}{events:>8,}{rate:>12,.0f}"
            if theirs:
                ratio = rate / statistics.median(theirs)
                line += f"{statistics.median(theirs):>10,.0f}{ratio:>7.1f}"
            print(line)
    if not program:
        print("tshark is not installed: no ratio")
        return int(options.least > 0)
    return int(ratio < options.least)


if __name__ == "__main__":
    sys.exit(main())
