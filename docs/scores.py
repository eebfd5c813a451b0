"""How many clauses of each detection its tests need: figures of `atp test --mutate`, kept in
detections/scores.csv since all of them take minutes.

    docs/scores.py [--all]      measure what changed since (or all), and write the file

A figure belongs to a digest of what the rule is made of; one whose rule changed is not shown.
"""
# ruff: noqa: INP001  # a script beside the pages, not a package

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from engine.scores import FILE, Score, current, digest, read  # noqa: F401 - what is told of figures is asked here

ROOT: Final = Path(__file__).resolve().parent.parent

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dsl.catalogue import Catalogue


def write(scores: Iterable[Score]) -> None:
    """Keep figures, in the order of names."""
    with FILE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(Score._fields)
        writer.writerows(sorted(scores))


def measure(catalogue: Catalogue, rules: Iterable[str]) -> dict[str, Score]:
    """New figures of some rules. Raises RuntimeError where a test of theirs fails."""
    paths = [str(catalogue.detections[rule].path) for rule in rules]
    if not paths:
        return {}
    program = "from engine.cli.main import main; main(prog_name='atp')"
    command = [sys.executable, "-c", program, "test", "--mutate", "--format", "json", *paths]
    done = subprocess.run(  # noqa: S603 - our own program, on our own files
        command, cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
    told = [json.loads(line) for line in done.stdout.splitlines()]
    return {
        one["rule"]: Score(
            one["rule"],
            digest(catalogue, one["rule"]),
            one["killed"],
            one["killed"] + len(one["survivors"]),
        )
        for one in told
        if "survivors" in one
    }


def main() -> None:
    """Bring the file up to date."""
    from dsl.load import load  # noqa: PLC0415 - for the script only

    catalogue = load([ROOT / "detections"], ROOT)
    known = {} if "--all" in sys.argv[1:] else current(catalogue)
    missing = [rule for rule in catalogue.detections if rule not in known]
    print(f"{len(missing)} of {len(catalogue.detections)} to measure")
    write([*known.values(), *measure(catalogue, missing).values()])


if __name__ == "__main__":
    main()
