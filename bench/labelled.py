"""Detections on labelled captures: technique by technique found or missed, and false alerts.

Inputs are the captures of $ATP_DATA with a judgement in expect.csv (class, acceptable alerts by
external id, ATT&CK technique or a piece of the detection's name, alerts that are wrong there,
confidence of the label), and the lab's benign recordings in $ATP_LAB. Alerts count from severity
low up. Nothing is told about the domain but what the captures show.

    python bench/labelled.py [--only SUBSTRING] [--show]

`--show` prints every alert. Exit status 1 if any alert is false.
"""

from __future__ import annotations

import argparse
import csv
import os
import re
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from engine.cli.rules import Loaded, load_rules
from engine.replay import Setting, replay
from sensor.inputs.captures import read_capture

ROOT = Path(__file__).parents[1]
LAB = Path(os.environ.get("ATP_LAB", ROOT.parent / "shared" / "lab"))
DATA = Path(os.environ.get("ATP_DATA", ROOT.parent / "shared" / "data"))
LAB_BENIGN = ("benign.pcap", "dcjoin.pcap")
Alert = dict[str, object]


@dataclass
class Judged:
    """One capture: what it holds, and what was said."""

    file: str
    kind: str
    technique: str
    confidence: str
    packets: int
    alerts: list[Alert]
    found: bool
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


def judge(rules: Loaded, path: Path, row: dict[str, str]) -> Judged:
    """Replay one capture and compare with its row of expect.csv."""
    events: list[object] = []
    summary = read_capture(path, events.append)
    done = replay(rules.rules, events, rules.compile_detection, Setting(lists=rules.rows))  # type: ignore[arg-type]
    alerts = [dict(a) for a in done.dicts() if a["severity"] != "informational"]
    done.engine.store.close()
    accept, never = tokens(row["accept"]), tokens(row["never"])
    wrong = [a for a in alerts if names(a, never)]
    if row["class"] == "benign":
        wrong += [a for a in alerts if a not in wrong and not names(a, accept)]
    found = any(names(a, accept) for a in alerts if a not in wrong)
    return Judged(
        row["file"], row["class"], row["technique"], row["confidence"], summary.packets, alerts,
        found, wrong,
    )  # fmt: skip


def judgements(only: str = "") -> list[Judged]:
    """Every labelled capture whose name has `only` in it."""
    rules = load_rules(())
    with (DATA / "expect.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["file"].startswith("pcap/")]
    judged = [judge(rules, DATA / row["file"], row) for row in rows if only in row["file"]]
    for name in LAB_BENIGN:
        row = {"file": f"lab/{name}", "class": "benign", "accept": "", "never": "", "technique": "", "confidence": "sure"}  # fmt: skip
        if only in row["file"]:
            judged.append(judge(rules, LAB / "capture" / name, row))
    return judged


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="captures with this in their name")
    parser.add_argument("--show", action="store_true", help="print every alert")
    options = parser.parse_args()
    judged = judgements(options.only)
    found: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for one in judged:
        if one.kind == "attack":
            found[one.technique, one.confidence]["found" if one.found else "missed"] += 1
        if options.show:
            print(f"{one.kind:8} {'found' if one.found else '':6} {one.file}")
            for alert in one.alerts:
                mark = "FALSE " if alert in one.false else ""
                print(f"      {mark}{alert['detection']} ({alert['severity']})")
    print(f"{'technique':34} {'label':8} found missed")
    for (technique, confidence), counts in sorted(found.items()):
        print(f"{technique:34} {confidence:8} {counts['found']:5} {counts['missed']:6}")
    for one in judged:
        if one.kind == "attack" and not one.found:
            print(f"missed: {one.technique} ({one.confidence}) {one.file}")
        for alert in one.false:
            print(f"FALSE: {alert['detection']} in {one.file}: {alert['explanation']}")
    benign = [one for one in judged if one.kind == "benign"]
    packets = sum(one.packets for one in benign)
    false = sum(len(one.false) for one in judged)
    said = sum(len(one.alerts) for one in benign)
    print(
        f"benign: {len(benign)} captures, {packets:,} packets, {said} alerts, "
        f"{said * 100_000 / max(packets, 1):.2f} a 100,000 packets; false anywhere: {false}"
    )
    return 1 if false else 0


if __name__ == "__main__":
    sys.exit(main())
