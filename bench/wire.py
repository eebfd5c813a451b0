"""Packets a second from a capture file to events, beside tshark and scapy, all on the same file.

The file is made of the lab's captures and of recordings beside real domain controllers
(`bench/traffic/copies.py`): the traffic of Active Directory, every copy with hosts and connections
of its own. It stays in the temporary folder under a name made of its content. tshark prints the
fields our events carry (`bench/traffic/peer_fields.py`); scapy dissects a slice with its layers of
the same protocols loaded. The compiled package is measured if `--compiled` names its folder
(`make bench-wire` builds it). Each runs alone in a process of its own, several times, the best
counts; seconds are those of the processor, start-up not counted for us, counted for tshark
(a fraction of a second). Memory is the most the process held at once.

Then one driver reads the file again and again, each time as other hosts, and the same hundred
thousand packets must cost after many others what they cost at first.

    python bench/wire.py [--least-pure 6] [--least-compiled 18] [--compiled FOLDER] [--packets N]
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from traffic import copies, peer_fields

from engine.collection import collect_rarely
from sensor.inputs.captures import blocks, read_capture
from sensor.inputs.packets import Packets
from sensor.wire import front
from sensor.wire.drive import Driver

ROOT = Path(__file__).resolve().parents[1]
LAB = Path(os.environ.get("ATP_LAB", ROOT.parent / "shared" / "lab"))
DATA = Path(os.environ.get("ATP_DATA", ROOT.parent / "shared" / "data"))
CONTROLLERS = (
    "OTRF+Security-Datasets",
    "corelight+PetitPotam",
    "corelight+CVE-2022-30216",
    "studylab1+SAMR-Enum-Lab",
)
"""Folders of recordings in domains of real controllers, of mixed traffic; not those of a single
exploit repeated ten thousand times."""
SLICE = 4_000
SAMPLE = 100_000
LAYERS = ("dns", "kerberos", "ldap", "ntlm", "smb", "smb2", "gssapi", "spnego", "dcerpc")
MEGABYTE = 1 << 20
LEAST_MEMORY = 150


def traffic(packets: int) -> Path:
    """The capture file, made if it is not there yet."""
    paths = sorted((LAB / "capture").glob("*.pcap"))
    for folder in CONTROLLERS:
        paths += sorted(path for path in (DATA / "pcap" / folder).glob("*cap*") if path.is_file())
    if not paths:
        return Path()
    content = hashlib.sha256(str(packets).encode() + Path(copies.__file__).read_bytes())
    for path in paths:
        content.update(path.read_bytes())
    target = Path(tempfile.gettempdir()) / f"atp-bench-{content.hexdigest()[:16]}.pcap"
    if not target.exists():
        with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as made:
            copies.write(paths, Path(made.name), packets)
        Path(made.name).rename(target)
    return target


def peak() -> int:
    """Most bytes this process held at once (of this program alone: a parent's are inherited)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) << 10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


class Counter:
    """Takes events and keeps their number."""

    def __init__(self) -> None:
        self.events = 0

    def __call__(self, _event: object) -> None:
        self.events += 1


def once(path: Path) -> dict[str, float]:
    """The file through the whole road, once."""
    counter = Counter()
    begin = time.process_time()
    summary = read_capture(path, counter)
    seconds = time.process_time() - begin
    return {
        "seconds": seconds,
        "packets": summary.packets,
        "events": counter.events,
        "peak": peak(),
    }


def many(path: Path, most: int) -> list[dict[str, float]]:
    """One driver reads on, as other hosts in each turn, until `most`; for each turn what the same
    first packets of the file cost, after how many others.
    """
    driver = Driver("bench", Counter())
    found = []
    packets = turn = shift = last = 0
    while packets < most:
        begun, spent, told = packets, 0.0, False
        with path.open("rb") as file:
            for item in blocks(file):
                if not isinstance(item, Packets):
                    continue
                data = copies.elsewhere(item, turn)
                times = [ts + shift for ts in item.times]
                last = times[-1]
                begin = time.process_time()
                driver.packets(data, item.linktype, times, item.starts, item.ends)
                spent += time.process_time() - begin
                packets += len(times)
                read = packets - begun
                if read >= SAMPLE and not told:
                    told = True
                    us = spent / read * 1e6
                    found.append({"after": begun, "packets": packets, "us": us, "peak": peak()})
                if packets >= most and told:
                    break
        turn += 1
        shift = last - copies.EPOCH + 1_000_000
    driver.close()
    return found


def scapy(path: Path) -> dict[str, float]:
    """The first packets of the file, dissected."""
    # loading it takes longer than what it is loaded for; only this process needs it
    from scapy.config import conf  # noqa: PLC0415
    from scapy.main import load_layer  # noqa: PLC0415
    from scapy.utils import rdpcap  # noqa: PLC0415

    for layer in LAYERS:
        load_layer(layer)
    conf.dcerpc_session_enable = True
    begin = time.process_time()
    packets = len(rdpcap(str(path), count=SLICE))
    return {"seconds": time.process_time() - begin, "packets": packets, "events": 0, "peak": peak()}


def tshark(program: str, path: Path) -> dict[str, float]:
    """Seconds of the processor (user and system) in tshark."""
    command = [program, "-n", "-r", str(path), "-T", "fields", *peer_fields.arguments()]
    begin = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    end = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = end.ru_utime + end.ru_stime - begin.ru_utime - begin.ru_stime
    return {"seconds": seconds, "peak": end.ru_maxrss << 10}


def child(what: str, path: Path, folder: Path, most: int = 0):
    """Run one measurement in a process of its own, with the packages of this folder."""
    command = [sys.executable, __file__, "--child", what, str(path)]
    command += ["--most", str(most)]
    environment = dict(os.environ, PYTHONPATH=str(folder))
    return json.loads(subprocess.run(command, env=environment, check=True, stdout=-1).stdout)


def best(runs: int, measures: dict) -> dict[str, dict[str, float]]:
    """For each measure the run with the fewest seconds: whatever else the machine does only adds.
    They take turns, so that a slow minute of the machine is nobody's alone.
    """
    rounds = [{name: measure() for name, measure in measures.items()} for _ in range(runs)]
    return {
        name: min((run[name] for run in rounds), key=lambda run: run["seconds"])
        for name in measures
    }


def line(name: str, run: dict[str, float], theirs: float) -> float:
    rate = run["packets"] / run["seconds"]
    ratio = rate / theirs if theirs else 0.0
    events = f"{run['events']:>10,}" if run.get("events") else f"{'':>10}"
    memory = f"{run['peak'] / MEGABYTE:>9.0f}" if run.get("peak") else f"{'':>9}"
    print(f"{name:<22}{run['packets']:>10,}{rate:>12,.0f}{ratio:>9.2f}{events}{memory}")
    return ratio


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--least-pure", type=float, default=0.0, metavar="RATIO")
    parser.add_argument("--least-compiled", type=float, default=0.0, metavar="RATIO")
    parser.add_argument("--compiled", type=Path, metavar="FOLDER")
    parser.add_argument("--packets", type=int, default=500_000)
    parser.add_argument("--most", type=int, default=1_500_000, help="packets of the long run")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        collect_rarely()  # as the programs do
        what, name = options.child
        if what == "compiled" and front.__file__.endswith(".py"):
            raise SystemExit("this package is not compiled")
        if options.most:
            print(json.dumps(many(Path(name), options.most)))
        else:
            print(json.dumps(scapy(Path(name)) if what == "scapy" else once(Path(name))))
        return 0
    path = traffic(options.packets)
    if not path.name:
        print(f"no captures in {LAB} and {DATA} (set ATP_LAB, ATP_DATA)", file=sys.stderr)
        return int(os.environ.get("CI") == "true")
    builds = {"pure": ROOT}
    if options.compiled is not None:
        builds["compiled"] = options.compiled
    measures = {
        name: lambda name=name, folder=folder: child(name, path, folder)
        for name, folder in builds.items()
    }
    program = shutil.which("tshark")
    if program:
        measures["tshark"] = lambda: tshark(program, path)
    runs = best(options.runs, measures)
    packets = runs["pure"]["packets"]
    print(f"{path.name}: {packets:,} packets, {path.stat().st_size / MEGABYTE:.0f} MB")
    print(f"{'':<22}{'packets':>10}{'packets/s':>12}{'x tshark':>9}{'events':>10}{'peak MB':>9}")
    theirs = 0.0
    if program:
        peer = runs.pop("tshark") | {"packets": packets}
        theirs = packets / peer["seconds"]
        line("tshark -T fields", peer, theirs)
    line("scapy", child("scapy", path, ROOT), theirs)
    ratios = {name: line(f"atp, {name}", run, theirs) for name, run in runs.items()}
    for name, folder in builds.items():
        found = child(name, path, folder, options.most)
        chosen = {
            run["packets"]: run
            for run in (
                found[0],
                next((r for r in found if r["packets"] >= 10**6), found[0]),
                found[-1],
            )
        }
        steps = ", ".join(
            f"{run['us']:.2f} us ({run['peak'] / MEGABYTE:.0f} MB) up to packet {run['packets']:,}"
            for run in chosen.values()
        )
        print(f"one packet, {name}: {steps}")
    if not program:
        print("tshark is not installed: no ratio")
        return int(options.least_pure > 0 or options.least_compiled > 0)
    heavy = [name for name, run in runs.items() if run["peak"] > LEAST_MEMORY * MEGABYTE]
    if heavy:
        print(f"more than {LEAST_MEMORY} MB: {', '.join(heavy)}")
    slow = ratios["pure"] < options.least_pure
    if options.least_compiled:
        slow = slow or ratios.get("compiled", 0.0) < options.least_compiled
    return int(slow or bool(heavy))


if __name__ == "__main__":
    sys.exit(main())
