"""Alerts as other products read them: parsed back as their specifications say."""

import json
import re

import pytest

from engine.sinks.formats import forms
from engine.sinks.formats.parties import Party, party

HOSTILE = "a|b=c\\d\ne\tf\x1b[2J\u202eg <script>{{7*7}}"
ALERT = {
    "id": "5d7f", "number": 6, "detection": "dcsync", "version": 2, "external_id": 2006,
    "title": HOSTILE, "severity": "high", "confidence": 80, "kill_chain": "credential_access",
    "mitre": ["T1003.006", "T1078"], "first_seen": "2026-11-22T14:34:18.897998Z",
    "last_seen": "2026-11-22T14:35:00.000000Z", "actor": f"{HOSTILE}@corp.example.test",
    "source": ["ip:10.0.0.1", "ip:10.0.0.2"], "target": "dc1.corp.example.test",
    "roles": {
        "actor": f"{HOSTILE}@corp.example.test", "source": ["ip:10.0.0.1", "ip:10.0.0.2"],
        "target": "dc1.corp.example.test", "kind": None,
    },
    "varied": {}, "explanation": HOSTILE, "evidence": [], "evidence_count": 3, "count": 1,
    "overflow": False, "status": "open", "merged_into": None, "aliases": [], "params": {},
}  # fmt: skip


def line(name, change="opened", **changed):
    made = forms()[name](change, ALERT | changed, "1.2")
    assert b"\n" not in made
    assert all(c.isprintable() or c == "\t" for c in made.decode())
    return made.decode()


def cef(text):
    """The header and the extension, by the specification."""
    parts = re.split(r"(?<!\\)(?:\\\\)*\|", text, maxsplit=7)
    keys = re.split(r"(?:^| )(\w+)(?<!\\)=", parts[7])[1:]
    plain = {"\\\\": "\\", "\\=": "=", "\\n": "\n", "\\|": "|"}
    undone = [re.sub(r"\\[\\=n|]", lambda m: plain[m[0]], v) for v in [*parts[:7], *keys[1::2]]]
    return undone[:7], dict(zip(keys[::2], undone[7:], strict=True))


def test_cef():
    header, found = cef(line("cef"))
    assert header[:5] == ["CEF:0", "ATP", "ATP", "1.2", "dcsync"]
    assert header[5] == "a|b=c\\d\\ne\\tf\\x1b[2J\\u202eg <script>{{7*7}}"
    assert header[6] == "10"
    assert found["start"] == "1795358058897"
    assert found["suser"].startswith("a|b=c\\d\ne\\tf")
    assert (found["src"], found["dhost"], found["cs2"]) == (
        "10.0.0.1",
        "dc1.corp.example.test",
        "new",
    )
    assert found["externalId"] == "2006"
    assert cef(line("cef", "updated"))[1]["cs2"] == "update"


def test_cef_message_has_its_length():
    found = cef(line("cef", explanation="=" * 5000))[1]
    assert found["msg"] == "=" * 1023


def test_leef():
    header, _, attributes = line("leef").partition("|x09|")
    assert header == "LEEF:2.0|ATP|ATP|1.2|dcsync"
    found = dict(pair.split("=", 1) for pair in attributes.split("\t"))
    assert (found["sev"], found["src"], found["domain"]) == ("10", "10.0.0.1", "corp.example.test")
    assert found["usrName"].startswith("a|b=c\\d\\ne\\tf")


def test_ecs():
    found = json.loads(line("ecs"))
    assert found["user"] == {"name": HOSTILE, "domain": "corp.example.test"}
    assert found["source"] == {"ip": "10.0.0.1", "address": "10.0.0.1"}
    assert found["destination"]["domain"] == "dc1.corp.example.test"
    assert found["threat"]["technique"] == {
        "id": ["T1003", "T1078"],
        "subtechnique": {"id": ["T1003.006"]},
    }
    assert found["related"]["ip"] == ["10.0.0.1", "10.0.0.2"]


@pytest.mark.parametrize(
    ("change", "status", "activity", "told"),
    [("opened", "open", 1, 1), ("updated", "open", 2, 1), ("updated", "closed", 3, 4)],
)
def test_ocsf(change, status, activity, told):
    found = json.loads(line("ocsf", change, status=status))
    assert (found["class_uid"], found["type_uid"]) == (2004, 200400 + activity)
    assert (found["activity_id"], found["status_id"], found["severity_id"]) == (activity, told, 4)
    assert {(o["type_id"], o["value"]) for o in found["observables"]} == {
        (1, "dc1.corp.example.test"),
        (2, "10.0.0.1"),
        (2, "10.0.0.2"),
        (4, f"{HOSTILE}@corp.example.test"),
    }


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("ann@corp.test", Party("ann", "corp.test")),
        ("ip:10.0.0.1", Party(address="10.0.0.1")),
        ("fe80::1", Party(address="fe80::1")),
        ("name:ws9", Party(host="ws9")),
        ("ip:nonsense", Party()),
        (None, Party()),
        (3, Party()),
        ([], Party()),
    ],
)
def test_parties(value, expected):
    assert party(value) == expected
