"""Records that another product has normalised: what we say agrees, field by field.

`windows_names.yaml` has the names: which column says the same, and what has no column and why.
Every field of every sample stands there, so a new one must be judged.
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import msgspec
import pytest
import yaml

from sensor.inputs.winjson import read_winjson
from sensor.map.record import Record
from sensor.map.windows import map_record

NAMES = yaml.safe_load((Path(__file__).parents[2] / "data" / "windows_names.yaml").read_text())
SAMPLES = "events/Security-Experts-Community+open-xp-rules"
NOT_OF_THE_RECORD = {
    "action", "category.generic", "category.high", "category.low", "chain_id", "event_src.category",
    "event_src.id", "event_src.subsys", "event_src.title", "event_src.vendor", "id", "importance",
    "msgid", "object", "subject",
}  # fmt: skip
"""Words of the vendor's taxonomy: the same for all records of a number."""
UNTYPED = {4670, 4673, 4674, 4688, 4704, 5140}
"""Processes, uses of privileges, shares: told whole as `windows_event`."""
SUCCEEDED = {"success", None}


def same(value: object) -> str:
    """Numbers in any base and text in any case compare equal."""
    text = str(value).strip().lower()
    try:
        return str(int(text, 0))
    except ValueError:
        return text


def forms(raw: str) -> dict[str, str]:
    """Parts of an account's raw form."""
    full, _, sid = raw.partition("|")
    if full.startswith("S-1-"):
        return {"id": full, "full": full}
    found = {"full": full, "name": full} | ({"id": sid} if sid else {})
    if "\\" in full:
        found["domain"], found["name"] = full.split("\\", 1)
    elif "@" in full:
        found["name"], found["domain"] = full.rsplit("@", 1)
    return found


def told(event: object, column: str) -> set[str]:
    name, _, part = column.partition(".")
    value = msgspec.to_builtins(event).get(name)
    if value is None:
        return set()
    if part == "short":
        return {same(value.removeprefix("name:").split(".")[0])}
    if part:
        return {same(forms(value).get(part))}
    values = value if isinstance(value, list) else [value]
    return {same(str(v).removeprefix("name:")) for v in values}


@pytest.fixture(scope="module")
def samples(atp_data):
    found = []
    for path in sorted((atp_data / SAMPLES).glob("norm__*.txt")):
        expected = json.loads(Path(f"{path}.expected.js").read_text(encoding="utf-8-sig"))
        with path.open("rb") as stream:
            (record,) = read_winjson(stream)
        assert isinstance(record, Record)
        found.append((path.name, int(expected["msgid"]), expected, map_record(record)))
    return found


def column_of(name: str, number: int) -> str | None:
    columns = NAMES["same"].get(name, {})
    return next((column for column, ids in columns.items() if number in ids), None)


def excused(kind: str, name: str, number: int) -> bool:
    return number in NAMES[kind].get(name, {}).get("ids", ())


@pytest.mark.data
def test_every_field_agrees_or_is_explained(samples):
    wrong, agreed = [], 0
    for sample, number, expected, events in samples:
        assert bool(events) == (number not in UNTYPED), sample
        if not events:
            continue
        for name, value in expected.items():
            if name in NOT_OF_THE_RECORD | {"time", "status"} or excused("differs", name, number):
                continue
            column = column_of(name, number)
            if column is None:
                wrong.append((sample, name, value, "not in the table"))
            elif same(value) in told(events[0], column):
                agreed += 1
            elif not excused("sometimes", name, number):
                wrong.append((sample, name, value, told(events[0], column)))
    assert wrong == []
    assert agreed >= 494


@pytest.mark.data
def test_times_and_outcomes(samples):
    for sample, number, expected, events in samples:
        if not events:
            continue
        if not excused("differs", "time", number):
            at = datetime.fromisoformat(expected["time"]).timestamp() * 1_000_000
            assert abs(at - events[0].ts) <= 1000, sample
        if expected["status"] != "failure":
            assert events[0].outcome in SUCCEEDED, sample
        else:
            assert events[0].outcome not in SUCCEEDED, sample


@pytest.mark.data
def test_the_table_says_nothing_else(samples):
    held = {
        (name, number) for _, number, expected, events in samples if events for name in expected
    }
    for kind in ("differs", "sometimes"):
        for name, entry in NAMES[kind].items():
            assert entry["why"]
            assert {(name, number) for number in entry["ids"]} <= held, name
    for name, columns in NAMES["same"].items():
        assert {(name, number) for ids in columns.values() for number in ids} <= held, name
