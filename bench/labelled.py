"""Detections on labelled captures and logs: technique by technique found or missed, false alerts.

Inputs are the captures and event logs of $ATP_DATA with a judgement in expect.csv (class,
acceptable alerts by external id, ATT&CK technique or a piece of the detection's name, alerts that
are wrong there, confidence of the label), the lab's benign recordings in $ATP_LAB, and the
recordings of tests/data/wire. Alerts count from severity low up. Nothing is told about the domain
but what the inputs show.

    python bench/labelled.py [--only SUBSTRING] [--show] [--keep docs/found.csv]

`--show` prints every alert, `--keep` writes how many inputs each detection was found in, by the way
that its evidence came. Exit status 1 if any alert is false.
"""

from __future__ import annotations

import argparse
import csv
import os
import re
import sys
import tempfile
from collections import Counter, defaultdict
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from engine.cli.rules import Loaded, load_rules
from engine.directory_file import read_directory_file
from engine.replay import Setting, replay
from sensor.inputs.files import read_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dsl.schema.base import Event
    from engine.directory_file import DirectoryFile

ROOT = Path(__file__).parents[1]
RECORDED = ROOT / "tests" / "data" / "wire"
LAB = Path(os.environ.get("ATP_LAB", ROOT.parent / "shared" / "lab"))
DATA = Path(os.environ.get("ATP_DATA", ROOT.parent / "shared" / "data"))
LAB_BENIGN = ("benign.pcap", "dcjoin.pcap")
Alert = dict[str, object]
Task = tuple[Path, dict[str, str], object]
"""An input, its row of expect.csv, and what is known beside it."""


@dataclass
class Judged:
    """One input: what it holds, and what was said; `units` are packets or records."""

    file: str
    kind: str
    technique: str
    confidence: str
    units: int
    alerts: list[Alert]
    right: list[Alert] = field(default_factory=list)
    false: list[Alert] = field(default_factory=list)


def names(alert: Alert, tokens: list[str]) -> bool:
    """Whether one of the tokens names this alert."""
    mitre = alert["mitre"]
    techniques = [str(t) for t in mitre] if isinstance(mitre, list) else []
    for token in tokens:
        if token.isdigit():
            hit = token == str(alert["external_id"])
        elif re.fullmatch(r"TA?\d{4}(\.\d+)?", token):
            hit = any(t == token or t.startswith(f"{token}.") for t in techniques)
        else:
            hit = token.lower() in str(alert["detection"])
        if hit:
            return True
    return False


def tokens(cell: str) -> list[str]:
    return [token.strip() for token in cell.split("|") if token.strip()]


def judge(
    loaded: Loaded, path: Path, row: dict[str, str], directory: DirectoryFile | None = None
) -> Judged:
    """Replay one input and compare with its row of expect.csv."""
    events: list[Event] = []
    summary = read_file(path, events.append)
    ended = replay(loaded.rules, events, loaded.compile_detection, Setting(directory, loaded.rows))
    alerts = [dict(a) for a in ended.dicts() if a["severity"] != "informational"]
    ended.engine.store.close()
    accept, never = tokens(row["accept"]), tokens(row["never"])
    wrong = [a for a in alerts if names(a, never)]
    if row["class"] == "benign":
        wrong += [a for a in alerts if a not in wrong and not names(a, accept)]
    right = [a for a in alerts if a not in wrong and names(a, accept)]
    return Judged(
        row["file"], row["class"], row["technique"], row["confidence"], summary.units, alerts,
        right, wrong,
    )  # fmt: skip


def known(beside: object) -> DirectoryFile | None:
    """What is known beside a recording, in the words of a directory file."""
    if beside is None:
        return None
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(yaml.safe_dump(beside))
        file.flush()
        directory, wrong = read_directory_file(Path(file.name))
    if wrong:
        raise ValueError(wrong[0].message)
    return directory


def recorded() -> Iterator[Task]:
    """The project's own recordings, whose test says what must be found in them."""
    for row in yaml.safe_load((RECORDED / "expected.yaml").read_text(encoding="utf-8")):
        judged = {"file": f"recorded/{row['capture']}", "class": "recorded", "accept": "|".join(row["expected"]), "never": "", "technique": "", "confidence": "sure"}  # fmt: skip
        yield RECORDED / f"{row['capture']}.pcap.gz", judged, row.get("directory")


def way(event: dict[str, object]) -> str:
    """How an event was seen: `wire`, `events` or `directory`."""
    via = str(event.get("via") or "")
    if via in ("sync", "engine"):
        return "directory"
    return "wire" if via in ("wire", "radius", "zeek") else "events"


def kept(judged: Iterable[Judged]) -> Counter[tuple[str, str, str]]:
    """(detection, way, whose) and in how many inputs it was found so."""
    found: Counter[tuple[str, str, str]] = Counter()
    for one in judged:
        whose = "recorded" if one.kind == "recorded" else "labelled"
        if one.kind in ("attack", "recorded"):
            found.update(
                {
                    (str(alert["detection"]), way(event), whose)
                    for alert in one.right
                    for event in alert["evidence"]  # type: ignore[attr-defined]
                }
            )
    return found


def labelled(only: str) -> Iterator[Task]:
    """Every labelled input whose name has `only` in it."""
    with (DATA / "expect.csv").open(encoding="utf-8") as file:
        rows = [
            r for r in csv.DictReader(file) if r["file"].startswith(("pcap/", "evtx/", "events/"))
        ]
    for row in rows:
        if only in row["file"] and row["class"] in ("attack", "benign"):
            yield DATA / row["file"], row, None
    for name in LAB_BENIGN:
        row = {"file": f"lab/{name}", "class": "benign", "accept": "", "never": "", "technique": "", "confidence": "sure"}  # fmt: skip
        if only in row["file"]:
            yield LAB / "capture" / name, row, None


@cache
def rules() -> Loaded:
    """The shipped detections, once a process."""
    return load_rules(())


def done(task: Task) -> Judged:
    """One input judged, in a process of the pool."""
    path, row, beside = task
    return judge(rules(), path, row, known(beside))


def judgements(only: str = "") -> list[Judged]:
    """All inputs, or those whose name has `only` in it, one on each core."""
    tasks = [*labelled(only), *(() if only else recorded())]
    with ProcessPoolExecutor() as pool:
        # what is no log in a form known here (pages that quote one) holds nothing to find
        return [one for one in pool.map(done, tasks) if one.units]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="inputs with this in their name")
    parser.add_argument("--show", action="store_true", help="print every alert")
    parser.add_argument("--keep", type=Path, metavar="FILE", help="write what was found how")
    options = parser.parse_args()
    judged = judgements(options.only)
    found: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for one in judged:
        if one.kind == "attack":
            found[one.technique, one.confidence]["found" if one.right else "missed"] += 1
        if options.show:
            print(f"{one.kind:8} {'found' if one.right else '':6} {one.file}")
            for alert in one.alerts:
                mark = "FALSE " if alert in one.false else ""
                print(f"      {mark}{alert['detection']} ({alert['severity']})")
    print(f"{'technique':34} {'label':8} found missed")
    for (technique, confidence), counts in sorted(found.items()):
        print(f"{technique:34} {confidence:8} {counts['found']:5} {counts['missed']:6}")
    for one in judged:
        if one.kind == "attack" and not one.right:
            print(f"missed: {one.technique} ({one.confidence}) {one.file}")
        for alert in one.false:
            print(f"FALSE: {alert['detection']} in {one.file}: {alert['explanation']}")
    benign = [one for one in judged if one.kind == "benign"]
    units = sum(one.units for one in benign)
    false = sum(len(one.false) for one in judged)
    said = sum(len(one.alerts) for one in benign)
    print(
        f"benign: {len(benign)} inputs, {units:,} packets and records, {said} alerts, "
        f"{said * 100_000 / max(units, 1):.2f} a 100,000; false anywhere: {false}"
    )
    if options.keep:
        with options.keep.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(("detection", "way", "whose", "inputs"))
            writer.writerows((*key, number) for key, number in sorted(kept(judged).items()))
    return 1 if false else 0


if __name__ == "__main__":
    sys.exit(main())
