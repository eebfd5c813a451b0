"""The governor under load: what of the host stays free, and what the sensor sheds for it.

A sensor (the capture thread of `atp-run`, with its governor) reads recorded traffic that tcpreplay sends through a
cable in a network namespace, faster than it may be read. After a while stress-ng takes processor time,
then memory. Each second it is noted how much of the host is free. Needs root, iproute2, tcpreplay, stress-ng.

    python bench/governed.py [--rate 60] [--seconds 60] [--load 60] [--memory 75]

On a machine that is busy with other things `--group 0.5` lets sensor and stress-ng live in a control group
(version 1) of so many cores, in place of the host.

`--load`: per cent of all processors that stress-ng takes, `--memory`: of the memory. Prints the longest time
for which less than 15 % was free (smoothed over five seconds), what was shed by protocol, what the kernel dropped, and events of identity
protocols. Exit code 1 where it was longer than 20 s.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections import Counter, deque
from pathlib import Path

import psutil
from live import cable
from wire import traffic

ROOT = Path(__file__).resolve().parents[1]
RESERVE = 0.15
LONGEST_S = 20
SMOOTH = 5


class Grouped:
    """Readings of the group alone."""

    def __init__(self, host) -> None:
        self._host = host

    def read(self):
        """See `readings.Host`; without the first room, which is the host."""
        found = self._host.read()
        return found._replace(processor=found.processor[1:] or found.processor)


class Group:
    """A control group of so many cores for processes; all of them share it."""

    def __init__(self, cores: float) -> None:
        self.cores = cores
        self._folders = [
            Path("/sys/fs/cgroup") / name / f"atp-bench-{os.getpid()}"
            for name in ("cpu", "cpuacct")
        ]
        for folder in self._folders:
            folder.mkdir()
        (self._folders[0] / "cpu.cfs_period_us").write_text("100000")
        (self._folders[0] / "cpu.cfs_quota_us").write_text(str(int(cores * 100_000)))
        (self._folders[0] / "cpu.shares").write_text("10240")

    def join(self) -> None:
        """This process is in it from now on."""
        for folder in self._folders:
            (folder / "cgroup.procs").write_text(str(os.getpid()))

    def spent(self) -> float:
        """Seconds of processor time that all in it have used."""
        return int((self._folders[1] / "cpuacct.usage").read_text()) / 1e9

    def close(self) -> None:
        """It must be empty."""
        for folder in self._folders:
            folder.rmdir()


def receiver(interface: str, grouped: bool) -> None:
    """Reads until standard input ends; what it read, as JSON."""
    from engine.daemon.capture import Capture  # noqa: PLC0415 - of the process within the namespace
    from sensor.govern.allowance import Allowance  # noqa: PLC0415
    from sensor.govern.governor import Governor  # noqa: PLC0415
    from sensor.govern.readings import Host  # noqa: PLC0415
    from sensor.inputs.live import LiveCapture  # noqa: PLC0415

    allowance = Allowance()
    host = Grouped(Host()) if grouped else Host()
    governor = Governor(host, allowance, RESERVE, 2 << 30)
    capture = Capture(LiveCapture(interface, 64 << 20), 0, allowance)
    os.set_blocking(0, False)
    events: Counter[str] = Counter()
    shed: Counter[str] = Counter()
    limited: list[str] = []
    print("ready", flush=True)
    while sys.stdin.buffer.raw.read(1) is None:
        time.sleep(0.5)
        governor.step()
        for event in capture.take():
            events[event.__struct_config__.tag] += 1
            if getattr(event, "kind", "") == "shed":
                shed[event.activity] += event.lost or 0
        for event in governor.take():
            limited.append(event.activity)
            print(
                "; ".join(filter(None, governor.complaints().values())), file=sys.stderr, flush=True
            )
    for event in capture.close():
        events[event.__struct_config__.tag] += 1
        if getattr(event, "kind", "") == "shed":
            shed[event.activity] += event.lost or 0
    found = {
        "events": events,
        "shed": shed,
        "dropped": capture.dropped,
        "limited": Counter(limited),
    }
    print(json.dumps(found), flush=True)


def short(free: list[float]) -> int:
    """The longest run of seconds with less than the reserve, smoothed."""
    window: deque[float] = deque(maxlen=SMOOTH)
    longest = run = 0
    for share in free:
        window.append(share)
        run = run + 1 if sum(window) / len(window) < RESERVE else 0
        longest = max(longest, run)
    return longest


def watch(seconds: float, processor: list[float], memory: list[float], group: Group | None) -> None:
    """Note each second what is free, of the group or of the host."""
    for _ in range(int(seconds)):
        before, began = group.spent() if group else 0.0, time.monotonic()
        times = psutil.cpu_times_percent(1.0)
        if group:
            used = (group.spent() - before) / (time.monotonic() - began)
            processor.append(max(0.0, 1 - used / group.cores))
        else:
            processor.append((times.idle + getattr(times, "iowait", 0.0)) / 100)
        found = psutil.virtual_memory()
        memory.append(found.available / found.total)


def stressed(group: Group | None, *words: str):
    """stress-ng with these words."""
    return subprocess.Popen(
        ["stress-ng", *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=group.join if group else None,  # noqa: PLW1509 - one thread
    )


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rate", type=int, default=60)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--load", type=int, default=60)
    parser.add_argument("--memory", type=int, default=75)
    parser.add_argument("--packets", type=int, default=200_000)
    parser.add_argument("--group", type=float, default=0.0)
    parser.add_argument("--receive")
    options = parser.parse_args()
    if options.receive:
        receiver(options.receive, bool(options.group))
        return 0
    path = traffic(options.packets)
    group = Group(options.group) if options.group else None
    workers, load = (
        ("1", str(round(options.load * options.group))) if group else ("0", str(options.load))
    )
    with cable() as space:
        # not `ip netns exec`, which hides the control groups
        within = ["nsenter", f"--net=/var/run/netns/{space}"]
        own = [
            *within,
            sys.executable,
            __file__,
            "--receive",
            "right",
            "--group",
            str(options.group),
        ]
        pps = str(options.rate * 1000)
        replay = [
            *within,
            "tcpreplay",
            "-q",
            "-K",
            "--loop",
            "0",
            "--unique-ip",
            "-p",
            pps,
            "-i",
            "left",
            str(path),
        ]
        environment = dict(os.environ, PYTHONPATH=str(ROOT))
        sensor = subprocess.Popen(
            own,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            text=True,
            preexec_fn=group.join if group else None,  # noqa: PLW1509 - one thread
        )
        assert sensor.stdout is not None
        sensor.stdout.readline()
        sender = subprocess.Popen(replay, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        phases: dict[str, tuple[list[float], list[float]]] = {}
        try:
            for name, words in (
                ("alone", None),
                (
                    "processor",
                    ("--cpu", workers, "--cpu-load", load, "--cpu-load-slice", "20"),
                ),
                ("memory", ("--vm", "1", "--vm-bytes", f"{options.memory}%", "--vm-hang", "0")),
                ("afterwards", None),
            ):
                stress = stressed(group, *words) if words else None
                phases[name] = ([], [])
                watch(options.seconds, *phases[name], group)
                if stress is not None:
                    stress.terminate()
                    stress.wait()
        finally:
            sender.terminate()
            sender.wait()
        found = json.loads(sensor.communicate("")[0])
    if group:
        group.close()
    for name, (processor, memory) in phases.items():
        print(
            f"{name:11} processor free: mean {sum(processor) / len(processor):4.0%}, short for "
            f"{short(processor):2} s; memory free: least {min(memory):4.0%}, short for {short(memory):2} s"
        )
    print(f"limited, ten seconds each: {found['limited']}")
    print(f"packets shed: {found['shed']}; dropped by the kernel: {found['dropped']}")
    print(f"events: {found['events']}")
    return int(any(short(processor) > LONGEST_S for processor, _ in phases.values()))


if __name__ == "__main__":
    sys.exit(main())
