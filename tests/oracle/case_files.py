"""Language cases as data: `tests/dsl/cases/*.yaml` -> a checked plan, its events, expected rows.

A case is a detection (`detect`, `params`), events as in a rule's tests (`given`), lists, and for
each alert statement the rows it must make: `at` and `start` in seconds after the begin, roles by
name, `severity`, `confidence`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml
from dsl.catalogue import ListFile
from dsl.check import check
from dsl.given_events import BASE
from dsl.load import load_detection
from dsl.plan import DetectionPlan
from dsl.schema.base import Event
from dsl.schema.registry import event_type, event_types

CASES = Path(__file__).parent.parent / "dsl" / "cases"
ENVELOPE = {
    "atp": 1, "version": 1, "title": "A case", "severity": "medium", "confidence": 50,
    "kill_chain": "reconnaissance", "mitre": ["T1087"], "description": "A case.",
    "false_positives": [], "known_gaps": ["It is a case."], "explain": "A case.",
}  # fmt: skip
FOLDED = {"account", "host", "group", "service"}


@dataclass(frozen=True)
class Case:
    name: str
    plan: DetectionPlan
    events: tuple[Event, ...]
    lists: Mapping[str, tuple[str, ...]]
    rows: list[list[dict[str, Any]]]


def case_names() -> list[tuple[Path, int, str]]:
    found = []
    for path in sorted(CASES.glob("*.yaml")):
        for i, case in enumerate(yaml.safe_load(path.read_text(encoding="utf-8"))):
            found.append((path, i, f"{path.stem}: {case['name']}"))
    return found


def read_case(path: Path, index: int, folder: Path) -> Case:
    """Raises AssertionError where the checker refuses the case."""
    case = yaml.safe_load(path.read_text(encoding="utf-8"))[index]
    plan, events = build(case["detect"], case["given"], folder, case.get("lists"), case.get("params"))
    return Case(case["name"], plan, events, case.get("lists") or {}, case["rows"])


def build(detect, given, folder: Path, lists=None, params=None) -> tuple[DetectionPlan, tuple[Event, ...]]:
    """A detection from its block, with events from `given`."""
    test = {"name": "case", "given": given, "expect": []}
    file = {**ENVELOPE, "id": "case", "detect": "DETECT", "tests": [test]}
    if params:
        file["params"] = params
    text = yaml.safe_dump(file, sort_keys=False)
    block = "|\n" + "".join(f"  {line}\n" for line in detect.splitlines())
    written = folder / "case.yaml"
    written.write_text(text.replace("DETECT\n", block), encoding="utf-8")
    detection, found = load_detection(written)
    assert detection is not None, found
    files = {name: ListFile(name, "host", "", (), detection.source, written) for name in lists or {}}
    plan, found = check(detection, {}, files)
    assert plan is not None, found
    # the retention of raw events ends no case
    return plan, numbered(detection.tests[0].events)


def numbered(events) -> tuple[Event, ...]:
    """Events with ids in the order of time, identities folded as ingest does."""
    made = []
    for number, event in enumerate(events, start=1):
        copy = event_types()[event_type(event)].struct(
            **{f: getattr(event, f) for f in event.__struct_fields__}
        )
        copy.id = number
        for column in event_types()[event_type(event)].columns.values():
            value = getattr(copy, column.name)
            if column.field.kind in FOLDED and value is not None:
                folded = [v.lower() for v in value] if column.many else value.lower()
                setattr(copy, column.name, folded)
        made.append(copy)
    return tuple(made)


def as_dict(event: Event) -> dict[str, Any]:
    """An event as the naive evaluator reads it."""
    values = {f: getattr(event, f) for f in event.__struct_fields__}
    return {"type": event_type(event), "tie": event.seq, **values}


def shown(rows, expected: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows in the form of the expectation: only the keys that it names, in order."""
    keys = sorted({k for e in expected for k in e})
    made = []
    for row in sorted(rows, key=lambda r: (r.ts, str(sorted(r.roles.items(), key=str)))):
        whole = {
            **row.roles,
            "at": (row.ts - BASE) / 1e6,
            "start": (row.start - BASE) / 1e6,
            "severity": row.severity,
            "confidence": row.confidence,
        }
        made.append({k: whole.get(k) for k in keys} if keys else {"at": whole["at"]})
    return made


def wanted(expected: list[dict[str, Any]]) -> list[dict[str, Any]]:
    keys = sorted({k for e in expected for k in e})
    return [{k: e.get(k) for k in keys} for e in expected]


__all__ = ["BASE", "Case", "as_dict", "build", "case_names", "numbered", "read_case", "replace", "shown", "wanted"]
