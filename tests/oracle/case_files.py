"""Language cases as data: `tests/dsl/cases/*.yaml` -> a checked plan, its events, expected rows.

A case is a detection (`detect`, `params`), events as in a rule's tests (`given`), lists, and for
each alert statement the rows it must make: `at` and `start` in seconds after the begin, roles by
name, `severity`, `confidence`, `dedup`. Beside them stands, where a case needs it,

- `directory`, `profile`: as in a rule's tests
- `lists`: name -> values (hosts), or name -> {kind, values}; a value may be {value, expires}
- `silent`: event type -> [begin, end] in which its sources were not alive; `all` for all types
- `relations`: name -> block of a shared relation
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from naive_directory import World

from dsl.catalogue import Detection, ListFile, SharedRelation
from dsl.check import check
from dsl.diagnostics import Diagnostics
from dsl.durations import parse_duration
from dsl.given_events import BASE
from dsl.load import load_detection
from dsl.parse import parse
from dsl.plan import DetectionPlan
from dsl.schema.base import Event
from dsl.schema.registry import event_type, event_types
from dsl.source import parse_source
from dsl.teach import teach
from engine.directory_file import DirectoryFile
from engine.entities_build import directory_of
from engine.entities_rows import DirectoryRows
from engine.lists import ListRow, list_row

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
    world: World
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
    lists = {n: list_rows(n, given) for n, given in case.get("lists", {}).items()}
    plan, detection = build(case, {n: rows[0].kind for n, rows in lists.items()}, folder)
    directory = directory_of(DirectoryFile(detection.tests[0].directory, ())).take_rows()
    silent = {
        kind: [(BASE + parse_duration(a), BASE + parse_duration(b))]
        for name, (a, b) in case.get("silent", {}).items()
        for kind in (event_types() if name == "all" else [name])
    }
    world = World(directory or DirectoryRows(), lists, silent)
    return Case(case["name"], plan, numbered(detection.tests[0].events), world, case["rows"])


def list_rows(name: str, given: Any) -> list[ListRow]:
    """Rows of a list from its lines in a case."""
    kind, values = ("host", given) if isinstance(given, list) else (given["kind"], given["values"])
    rows = []
    for value in values:
        whole = value if isinstance(value, dict) else {"value": value}
        expires = whole.get("expires")
        end = None if expires is None else BASE + parse_duration(expires)
        rows.append(list_row(name, kind, str(whole["value"]), expires=end))
    return rows


def build(
    case: Mapping[str, Any], lists: Mapping[str, str], folder: Path
) -> tuple[DetectionPlan, Detection]:
    """The plan of a case's detection, and what was read of it."""
    test: dict[str, Any] = {"name": "case", "given": case["given"], "expect": []}
    test |= {key: case[key] for key in ("directory", "profile") if key in case}
    file = {**ENVELOPE, "id": "case", "detect": "DETECT", "tests": [test]}
    if "params" in case:
        file["params"] = case["params"]
    written = folder / "case.yaml"
    written.write_text(with_block(file, case["detect"]), encoding="utf-8")
    detection, found = load_detection(written)
    assert detection is not None, found
    files = {n: ListFile(n, kind, "", (), detection.source, written) for n, kind in lists.items()}
    plan, found = check(detection, shared(case, folder), files)
    assert plan is not None, found
    assert not [d for d in found if d.severity == "error"], found
    return teach(plan, detection.tests[0].profile)[0], detection


def with_block(file: Mapping[str, Any], detect: str) -> str:
    block = "|\n" + "".join(f"  {line}\n" for line in detect.splitlines())
    return yaml.safe_dump(file, sort_keys=False).replace("DETECT\n", block)


def shared(case: Mapping[str, Any], folder: Path) -> dict[str, SharedRelation]:
    """The relations of a case that stand in files of their own."""
    relations = {}
    for name, block in case.get("relations", {}).items():
        path = folder / f"{name}.yaml"
        diagnostics = Diagnostics()
        source = parse_source(
            path.name, with_block({"id": name, "detect": "DETECT"}, block), diagnostics
        )
        parsed, faults = parse(source.block("detect"))
        assert not faults, faults
        assert not diagnostics.items, diagnostics.items
        relations[name] = SharedRelation(name, "", "", parsed, (), source, path)
    return relations


def numbered(events: Iterable[Event]) -> tuple[Event, ...]:
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


def shown(rows: Iterable[Any], expected: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows in the form of the expectation: only the keys that it names, in order; floats to eight
    places.
    """
    keys = sorted({k for e in expected for k in e})
    made = []
    for row in sorted(rows, key=lambda r: (r.ts, str(sorted(r.roles.items(), key=str)))):
        whole = {
            **row.roles,
            "at": (row.ts - BASE) / 1e6,
            "start": (row.start - BASE) / 1e6,
            "severity": row.severity,
            "confidence": row.confidence,
            "dedup": list(row.dedup),
        }
        made.append({k: rounded(whole.get(k)) for k in keys} if keys else {"at": whole["at"]})
    return made


def wanted(expected: list[dict[str, Any]]) -> list[dict[str, Any]]:
    keys = sorted({k for e in expected for k in e})
    return [{k: rounded(e.get(k)) for k in keys} for e in expected]


def rounded(value: Any) -> Any:
    return round(value, 8) if isinstance(value, float) else value
