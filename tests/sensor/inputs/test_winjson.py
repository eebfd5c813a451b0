"""JSON of Windows events in the shapes that tools write, and broken."""

from __future__ import annotations

import io
import json

import pytest

from sensor.inputs import winjson
from sensor.inputs.damage import Damage
from sensor.inputs.winjson import read_winjson
from sensor.map.record import AUDIT_FAILURE, Record

TS = 1740992400123456
SYSTEM = {
    "EventID": 4776,
    "Channel": "Security",
    "Computer": "dc1.x",
    "Version": "1",
    "EventRecordID": "7",
    "Keywords": "0x8010000000000000",
}
TREES = {
    "evtx": {
        "Event": {
            "#attributes": {"xmlns": "urn:x"},
            "System": SYSTEM
            | {
                "Provider": {"#attributes": {"Name": "P"}},
                "TimeCreated": {"#attributes": {"SystemTime": "2025-03-03T09:00:00.123456Z"}},
                "Security": {"#attributes": {"UserID": "S-1-5-18"}},
                "EventID": {"#attributes": {"Qualifiers": 0}, "#text": 4776},
            },
            "EventData": {"A": "x", "N": 3, "E": None, "T": True},
        }
    },
    "list of Data": {
        "Event": {
            "System": SYSTEM
            | {
                "Provider": {"Name": "P"},
                "TimeCreated": {"SystemTime": "2025-03-03T09:00:00.123456700Z"},
                "Security": {"UserID": "S-1-5-18"},
                "EventID": {"text": "4776", "Qualifiers": "0"},
            },
            "EventData": {
                "Data": [
                    {"Name": "A", "text": "x"},
                    {"Name": "N", "text": "3"},
                    {"Name": "E"},
                    {"Name": "T", "text": "true"},
                ]
            },
        }
    },
    "xmltodict": {
        "Event": {
            "System": SYSTEM
            | {
                "Provider": {"@Name": "P"},
                "TimeCreated": {"@SystemTime": "2025-03-03T09:00:00.123456Z"},
                "Security": {"@UserID": "S-1-5-18"},
            },
            "EventData": {
                "Data": [
                    {"@Name": "A", "#text": "x"},
                    {"@Name": "N", "#text": "3"},
                    {"@Name": "E"},
                    {"@Name": "T", "#text": "true"},
                ]
            },
        }
    },
}
TREES["body"] = {"body": json.dumps(TREES["evtx"]), "task_id": "x"}
TREES["winlogbeat 7"] = {
    "@timestamp": "2025-03-03T09:00:00.123456Z",
    "winlog": {
        "provider_name": "P",
        "event_id": 4776,
        "channel": "Security",
        "version": 1,
        "computer_name": "dc1.x",
        "record_id": 7,
        "keywords": ["Audit Failure"],
        "user": {"identifier": "S-1-5-18"},
        "event_data": {"A": "x", "N": "3", "E": "", "T": "true"},
    },
}
TREES["winlogbeat 6"] = {
    "@timestamp": "2025-03-03T09:00:00.123456Z",
    "log_name": "Security",
    "source_name": "P",
    "event_id": 4776,
    "version": 1,
    "computer_name": "dc1.x",
    "record_number": "7",
    "keywords": ["Audit Failure"],
    "user": {"identifier": "S-1-5-18"},
    "event_data": {"A": "x", "N": "3", "E": "", "T": "true"},
}
TREES["nxlog"] = {
    "EventTime": "2025-03-03 10:00:00",
    "@timestamp": "2025-03-03T09:00:00.123456Z",
    "Hostname": "dc1.x",
    "EventID": 4776,
    "SourceName": "P",
    "Channel": "Security",
    "Version": 1,
    "RecordNumber": 7,
    "Keywords": -9218868437227405312,
    "UserID": "S-1-5-18",
    "A": "x",
    "N": "3",
    "E": "",
    "T": "true",
}


def read(text):
    return list(read_winjson(io.BytesIO(text if isinstance(text, bytes) else text.encode())))


@pytest.mark.parametrize("shape", TREES)
def test_shapes(shape):
    (record,) = read(json.dumps(TREES[shape]))
    data = {key: record.data[key] for key in "ANET"}
    assert record == Record(
        ts=TS,
        event_id=4776,
        provider="P",
        channel="Security",
        version=1,
        computer="dc1.x",
        record_id=7,
        keywords=record.keywords,
        user_sid="S-1-5-18",
        data=record.data,
    )
    assert data == {"A": "x", "N": "3", "E": "", "T": "true"}
    assert record.keywords & AUDIT_FAILURE


ONE = json.dumps(TREES["evtx"])
PRETTY = json.dumps(TREES["evtx"], indent=2)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        (ONE, 1),
        (f"{ONE}\n{ONE}\n\n{ONE}", 3),
        (f"\ufeff{ONE}\r\n{ONE}", 2),
        (f"[{ONE},{ONE}]", 2),
        (PRETTY, 1),
        (PRETTY + PRETTY, 2),
        (f"[\n{PRETTY},\n{PRETTY}\n]", 2),
        (json.dumps({"Events": [TREES["evtx"], TREES["nxlog"]]}), 2),
        (f"{ONE}\n".encode("utf-16"), 1),
        ("", 0),
    ],
)
def test_files(text, count):
    found = read(text)
    assert [type(item) for item in found] == [Record] * count


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        (f"{ONE}\n{{broken\n{ONE}", [Record, Damage, Record]),
        (f"{{broken\n{PRETTY}", [Damage, Record]),
        ("{broken", [Damage]),
        ("[1, 2]", [Damage, Damage]),
        (f"[{ONE}, {{}}, {ONE}]", [Record, Damage, Record]),
        ('{"Event": {"System": {}}}', [Damage]),
        ('{"Event": {}}', [Damage]),
        ('{"EventID": 1}', [Damage]),
        ('{"EventID": {"a": []}, "EventTime": 3}', [Damage]),
        ('{"body": "x"}', [Damage]),
        ("[" * 100_000, [Damage]),
        ('{"a":' * 100_000, [Damage]),
        (f'{ONE}\n{{"a": "\\ud800"}}\n', [Record, Damage]),
        (ONE.encode() + b"\n\xff\xfe{\n" + ONE.encode(), [Record, Damage, Record]),
    ],
)
def test_damage_costs_one_value(text, kinds):
    found = [type(item) for item in read(text)]
    if kinds == [Damage]:
        assert set(found) <= {Damage}
    else:
        assert found == kinds


def test_long_lines_are_damage(monkeypatch):
    monkeypatch.setattr(winjson, "LINE_LIMIT", 2000)
    found = read(f"{ONE}\n" + json.dumps({"Event": "x" * 9000}) + f"\n{ONE}\n")
    assert [type(item) for item in found] == [Record, Damage, Record]


def test_body_in_a_body_ends():
    text = ONE
    for _ in range(10):
        text = json.dumps({"body": text})
    assert [type(item) for item in read(text)] == [Damage]
