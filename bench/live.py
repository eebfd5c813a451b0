"""Live capture: the highest rate of packets at which no identity message is lost.

Two ends of a cable in a network namespace of their own. tcpreplay sends recorded traffic
(the file of `bench/wire.py`, looped, each round with addresses of its own), the capture thread of
`atp-run` reads it: ring, filter, driver, events. Each rate is sent for some seconds, and rates rise until an identity
message is lost (columns `identity` and `names`: events that were not seen; those of name services,
which overload sheds first, apart). Events expected are those of reading the file, times the rounds;
the sensor's words about itself do not count. Needs root, iproute2 and tcpreplay.

    python bench/live.py [--rates 50,100,200] [--seconds 10] [--least 100] [--compiled FOLDER]

Rates are thousands of packets a second. On a machine of two cores the sender takes half of one of them, and
in a cable between namespaces the sender's core also pays for the copy into the ring.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

from wire import traffic

from sensor.inputs.captures import read_capture

ROOT = Path(__file__).resolve().parents[1]
RATES = (50, 100, 150, 200, 250, 300, 400, 500)
MEGABYTE = 1 << 20
OWN = frozenset({"sensor_health"})
NAMES = frozenset({"dns_query"})
"""Events of name services, which are shed first; all others are identity messages."""


def events_of(path: Path) -> dict[str, int]:
    """Events by type of reading the file."""
    counted: Counter[str] = Counter()
    summary = read_capture(path, lambda event: counted.update((event.__struct_config__.tag,)))
    return {"packets": summary.packets} | {k: n for k, n in counted.items() if k not in OWN}


@contextlib.contextmanager
def cable():
    """A namespace with a cable in it; its name."""
    name = f"atp-bench-{os.getpid()}"
    subprocess.run(["ip", "netns", "add", name], check=True)
    try:
        ends = ["left", "mtu", "65535", "type", "veth", "peer", "name", "right", "mtu", "65535"]
        subprocess.run(["ip", "-n", name, "link", "add", *ends], check=True)
        for end in ("left", "right"):
            subprocess.run(
                ["ip", "-n", name, "link", "set", end, "addrgenmode", "none"], check=True
            )
            subprocess.run(["ip", "-n", name, "link", "set", end, "up"], check=True)
        yield name
    finally:
        subprocess.run(["ip", "netns", "del", name], check=False)


def run(space: str, path: Path, packets: int, options, folder: Path, rate: int) -> dict:
    """Send at so many thousand packets a second; what was sent and what was seen."""
    rounds = max(1, round(rate * 1000 * options.seconds / packets))
    within = ["ip", "netns", "exec", space]
    receive = Path(__file__).resolve().parent / "traffic" / "receive.py"
    command = [*within, sys.executable, str(receive), "right", str(options.memory)]
    environment = dict(os.environ, PYTHONPATH=str(folder), PYTHONSAFEPATH="1")
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
        cwd=folder,
        text=True,
    ) as receiver:
        about = json.loads(receiver.stdout.readline())
        sent = subprocess.run(
            # this timer sleeps between packets, the usual one takes a whole core to wait
            [*within, "tcpreplay", "-q", "-K", "--timer=nano", "-i", "left", "--unique-ip", "--loop", str(rounds),
             "--pps", str(rate * 1000), str(path)],
            check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        rated = re.search(r"Rated: .* ([\d.]+) pps", sent.stdout)
        found = json.loads(receiver.communicate()[0])
    pace = float(rated[1]) if rated else 0.0
    return found | about | {"sent": packets * rounds, "rounds": rounds, "pace": pace}


def line(rate: int, found: dict, expected: dict[str, int]) -> tuple[bool, bool]:
    """Print a row; whether no identity message was lost, and whether nothing at all was."""
    seen = {k: n for k, n in found["events"].items() if k not in OWN}
    rounds = found["rounds"]
    lost = {k: n * rounds - seen.get(k, 0) for k, n in expected.items()}
    identity = sum(n for k, n in lost.items() if k not in NAMES and n > 0)
    names = sum(max(0, lost[k]) for k in NAMES if k in lost)
    shed = sum(found["shed"].values())
    wanted = sum(expected.values()) * rounds
    packets = max(1, found["packets"])
    print(
        f"{found['build']:<9}{rate:>6}k{found['pace'] / 1000:>7.0f}k{found['sent']:>11,}{found['packets'] + shed:>11,}"
        f"{found['drops']:>9,}{shed:>9,}{wanted:>10,}{identity:>9,}{names:>9,}"
        f"{found['cpu'] / packets * 1e6:>8.2f}{found['fullest']:>6.0%}{found['peak'] / MEGABYTE:>6.0f}",
        flush=True,
    )
    if found["shed"]:
        print(" " * 9 + "shed:", ", ".join(f"{k} {n:,}" for k, n in sorted(found["shed"].items())))
    if identity:
        print(" " * 9 + "lost:", ", ".join(f"{k} {n:,}" for k, n in lost.items() if n > 0))
    if found["fault"]:
        print(found["fault"])
    kept = not found["drops"] and not identity
    return kept, kept and not shed and not names


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rates", default=",".join(map(str, RATES)), help="thousands a second")
    parser.add_argument("--seconds", type=float, default=10.0, help="how long each rate is sent")
    parser.add_argument("--packets", type=int, default=200_000, help="of the file")
    parser.add_argument("--memory", type=int, default=128, help="of the ring, MB")
    parser.add_argument("--least", type=int, default=0, help="fail below this rate, pure Python")
    parser.add_argument("--least-compiled", type=int, default=0)
    parser.add_argument("--compiled", type=Path, metavar="FOLDER")
    parser.add_argument("--only", choices=["pure", "compiled"], help="measure this build alone")
    parser.add_argument("--beyond", action="store_true", help="go on after the first loss")
    options = parser.parse_args()
    missing = [program for program in ("tcpreplay", "ip") if shutil.which(program) is None]
    path = traffic(options.packets)
    if missing or os.geteuid() != 0 or not path.name:
        why = f"{', '.join(missing)} not installed" if missing else "no root, or no captures"
        print(f"not measured: {why}", file=sys.stderr)
        return int(os.environ.get("CI") == "true")
    expected = events_of(path)
    packets = expected.pop("packets")
    print(f"{path.name}: {packets:,} packets, {path.stat().st_size / packets:.0f} bytes each")
    print(
        f"{'':<9}{'asked':>7}{'paced':>8}{'sent':>11}{'received':>11}{'drops':>9}{'shed':>9}{'events':>10}"
        f"{'identity':>9}{'names':>9}{'us/pkt':>8}{'ring':>6}{'MB':>6}"
    )
    best = {"pure": 0, "compiled": 0}
    whole = dict(best)
    builds = {"pure": ROOT} | ({"compiled": options.compiled.resolve()} if options.compiled else {})
    builds = {k: v for k, v in builds.items() if options.only in (None, k)}
    with cable() as space:
        for name, folder in builds.items():
            for rate in map(int, options.rates.split(",")):
                found = run(space, path, packets, options, folder, rate)
                kept, complete = line(rate, found, expected)
                if complete:
                    whole[name] = rate
                if kept:
                    best[name] = rate
                elif not options.beyond:
                    break
    for name in builds:
        print(
            f"{name}: no identity message lost up to {best[name]},000 packets/s, "
            f"nothing shed up to {whole[name]},000"
        )
    least = {"pure": options.least, "compiled": options.least_compiled}
    return int(any(best[name] < least[name] for name in builds))


if __name__ == "__main__":
    sys.exit(main())
