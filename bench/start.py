"""How soon the commands answer, beside bare Python and beside Python with click.

Run: `.venv/bin/python bench/start.py [rounds]`. Each program is started in turn, round after round,
so that all meet the same machine; the least time of each is taken. The aim is `atp --help` within
0.2 s, which is what a person takes for «at once»; the ratios hold on any machine.
"""

from __future__ import annotations

import subprocess
import sys
import time

ATP = "from engine.cli.main import main; main(prog_name='atp')"
RUN = "from engine.daemon.main import main; main(prog_name='atp-run')"
PROGRAMS = {
    "python -c pass": ["pass"],
    "import click": ["import click"],
    "atp --help": [ATP, "--help"],
    "atp replay --help": [ATP, "replay", "--help"],
    "atp chekc": [ATP, "chekc"],
    "atp-run --help": [RUN, "--help"],
    "atp schema": [ATP, "schema"],
}


def once(arguments: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", *arguments], capture_output=True, check=False)
    return time.perf_counter() - began


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    least = dict.fromkeys(PROGRAMS, float("inf"))
    for _ in range(rounds):
        for name, arguments in PROGRAMS.items():
            least[name] = min(least[name], once(arguments))
    bare, click = least["python -c pass"], least["import click"]
    print(f"{'':20} {'ms':>6} {'x bare':>7} {'x click':>8}")
    for name, seconds in least.items():
        print(f"{name:20} {seconds * 1000:6.0f} {seconds / bare:7.1f} {seconds / click:8.2f}")


if __name__ == "__main__":
    main()
