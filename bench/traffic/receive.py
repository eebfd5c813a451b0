"""The receiving end of `bench/live.py`: the capture thread of `atp-run`, and what it saw as JSON.

    python receive.py INTERFACE MEGABYTES

Writes a line when it is ready, reads until standard input ends and nothing has come for a while,
then writes what was seen.
"""

from __future__ import annotations

import json
import select
import sys
import time
from collections import Counter
from pathlib import Path

from engine.collection import collect_rarely
from engine.daemon.capture import Capture
from sensor.inputs.live import LiveCapture
from sensor.wire import front

SETTLED_S = 2.0


def ended() -> bool:
    """Whether standard input is at its end."""
    return bool(select.select([sys.stdin], [], [], 0)[0]) and not sys.stdin.read(1)


def peak() -> int:
    """Most bytes this process held at once; the ring's memory counts."""
    rows = Path("/proc/self/status").read_text().splitlines()
    return next(int(row.split()[1]) << 10 for row in rows if row.startswith("VmHWM"))


def main() -> None:
    collect_rarely()  # as the programs do
    live = LiveCapture(sys.argv[1], int(sys.argv[2]) << 20)
    capture = Capture(live)
    build = "pure" if front.__file__.endswith(".py") else "compiled"
    print(json.dumps({"way": live.way, "build": build}), flush=True)
    seen: Counter[str] = Counter()
    fullest, quiet, before, over = 0.0, time.monotonic(), -1, False
    used = 0.0
    while not over or time.monotonic() - quiet < SETTLED_S:
        time.sleep(0.05)
        seen.update(event.__struct_config__.tag for event in capture.take())
        fullest = max(fullest, live.fill())
        packets = capture._driver._front.packets
        if packets != before:
            if before <= 0:
                used = time.process_time()
            before, quiet = packets, time.monotonic()
        over = over or ended()
    used = time.process_time() - used
    seen.update(event.__struct_config__.tag for event in capture.close())
    counters = capture._driver.counters()
    told = {
        "packets": counters["wire.packets"],
        "drops": capture.dropped,
        "shed": {k[5:]: n for k, n in counters.items() if k.startswith("shed.")},
        "events": seen,
        "cpu": used,
        "peak": peak(),
        "fullest": fullest,
        "fault": capture.fault,
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
