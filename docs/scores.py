"""How many clauses of each detection its tests need: figures of `atp test --mutate`, kept in
docs/scores.csv since all of them take minutes.

    docs/scores.py [--all]      measure what changed since (or all), and write the file

A figure belongs to a digest of what the rule is made of; one whose rule changed is not shown.
"""
# ruff: noqa: INP001  # a script beside the pages, not a package

from __future__ import annotations

import csv
import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

ROOT: Final = Path(__file__).resolve().parent.parent
FILE: Final = ROOT / "docs" / "scores.csv"

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dsl.catalogue import Catalogue


class Score(NamedTuple):
    """Clauses that a test needs, of all; `digest` of the rule's own text and what it reads."""

    rule: str
    digest: str
    needed: int
    clauses: int


def read() -> dict[str, Score]:
    """The figures by rule."""
    with FILE.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        return {
            r["rule"]: Score(r["rule"], r["digest"], int(r["needed"]), int(r["clauses"]))
            for r in rows
        }


def write(scores: Iterable[Score]) -> None:
    """Keep figures, in the order of names."""
    with FILE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(Score._fields)
        writer.writerows(sorted(scores))


def digest(catalogue: Catalogue, rule: str) -> str:
    """Of a detection's text and of the shared relations and lists that it names, at any distance."""
    texts, waiting = {rule: catalogue.detections[rule].source.text}, [rule]
    shared = {name: r.source.text for name, r in catalogue.relations.items()}
    shared |= {name: entries.source.text for name, entries in catalogue.lists.items()}
    while waiting:
        words = set(re.findall(r"\w+", texts[waiting.pop()]))
        new = {name: text for name, text in shared.items() if name in words and name not in texts}
        texts |= new
        waiting += new
    whole = "\0".join(texts[name] for name in sorted(texts))
    return hashlib.sha256(whole.encode()).hexdigest()[:16]


def current(catalogue: Catalogue) -> dict[str, Score]:
    """The figures of those rules that are as they were when measured."""
    return {
        rule: score
        for rule, score in read().items()
        if rule in catalogue.detections and score.digest == digest(catalogue, rule)
    }


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
