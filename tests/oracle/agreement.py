"""Our events beside what Zeek and Suricata expect of the same captures, as one table.

For every capture of $ATP_DATA with an expected result: `agreement_zeek` pairs rows of Zeek's logs
with events and compares column by column, `agreement_suricata` counts the events that each check of
a Suricata test asks for. Whatever does not agree must be explained in agreement.yaml: by capture (a
glob), what (a glob) and why; an explanation that explains nothing is an error, too.

    python tests/oracle/agreement.py [SUBSTRING]

Exit status 1 if anything is unexplained.
"""

from __future__ import annotations

import csv
import fnmatch
import os
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import agreement_suricata
import agreement_zeek
import yaml

from sensor.inputs.captures import read_capture

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("ATP_DATA", ROOT.parent / "shared" / "data"))
REASONS = Path(__file__).with_suffix(".yaml")


@dataclass
class Finding:
    """One thing compared: what it is (`kerberos.cipher`, `dcerpc`), and how it came out."""

    capture: str
    peer: str
    what: str
    equal: bool
    detail: str = ""
    reason: str | None = None


@dataclass
class Reason:
    capture: str
    what: str
    why: str
    used: int = field(default=0, compare=False)

    def fits(self, finding: Finding) -> bool:
        return fnmatch.fnmatch(finding.capture, self.capture) and fnmatch.fnmatch(
            f"{finding.peer}:{finding.what} {finding.detail}", self.what
        )


def reasons() -> list[Reason]:
    rows = yaml.safe_load(REASONS.read_text(encoding="utf-8"))
    return [Reason(row["capture"], row["what"], row["why"]) for row in rows]


def findings(only: str = "") -> list[Finding]:
    """Everything compared, of all captures whose path has `only` in it."""
    found = []
    with (DATA / "MANIFEST.csv").open(encoding="utf-8") as file:
        entries = list(csv.DictReader(file))
    for entry in entries:
        paths = [DATA / p.strip() for p in entry["expected_result"].split("|") if p.strip()]
        logs = [(log, p) for p in paths if (log := agreement_zeek.log_of(p)) and p.is_file()]
        checks = [p for p in paths if "suricata" in str(p) and p.name == "test.yaml"]
        if only not in entry["file"] or not (logs or checks):
            continue
        events: list[object] = []
        summary = read_capture(DATA / entry["file"], events.append)
        assert summary.fault is None, summary.fault
        name = entry["file"].removeprefix("pcap/")
        for log, path in logs:
            for what, equal, detail in agreement_zeek.compare(log, path, events):
                found.append(Finding(name, "zeek", what, equal, detail))
        for path in checks:
            for what, equal, detail in agreement_suricata.compare(path, events):
                found.append(Finding(name, "suricata", what, equal, detail))
    return found


def explain(found: list[Finding], known: list[Reason]) -> list[Finding]:
    """Give each difference its reason; those that have none."""
    open_ = []
    for finding in found:
        if finding.equal:
            continue
        for reason in known:
            if reason.fits(finding):
                reason.used += 1
                finding.reason = reason.why
                break
        else:
            open_.append(finding)
    return open_


def main() -> int:
    only = sys.argv[1] if len(sys.argv) > 1 else ""
    known = reasons()
    found = findings(only)
    unexplained = explain(found, known)
    tally: dict[tuple[str, str], Counter[str]] = {}
    for f in found:
        verdict = "equal" if f.equal else "explained" if f.reason else "unexplained"
        tally.setdefault((f.capture, f.peer), Counter())[verdict] += 1
    print(f"{'equal':>6} {'expl.':>6} {'open':>5}  capture")
    for (capture, peer), counts in sorted(tally.items()):
        equal, explained, left = (counts[v] for v in ("equal", "explained", "unexplained"))
        print(f"{equal:6} {explained:6} {left:5}  {peer:8} {capture}")
    print("\nAccepted differences:")
    for reason in known:
        if reason.used:
            print(f"{reason.used:6}  {reason.capture}  {reason.what}\n        {reason.why}")
    for finding in unexplained:
        print(f"OPEN  {finding.capture}  {finding.peer}:{finding.what}  {finding.detail}")
    total = Counter(f.peer for f in found)
    equal_by = Counter(f.peer for f in found if f.equal)
    for peer in sorted(total):
        print(f"{peer}: {equal_by[peer]} of {total[peer]} equal")
    print(f"{len({c for c, _ in tally})} captures, {len(unexplained)} unexplained")
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
