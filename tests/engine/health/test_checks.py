"""Each check finds what it is for, and nothing where all is well."""

import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from engine.health import HOUR_US, MINUTE_US, Ground, Report, checks, found
from engine.store.spool import Counts

NOW = 1_767_614_400_000_000


class Disk(NamedTuple):
    total: float
    used: float
    free: float


GB = 1 << 30
STEADY = {("eth0", "dns_query"): [(NOW - 5 * HOUR_US, NOW - MINUTE_US)]}


def ground(**parts):
    return Ground(
        **{"now": NOW, "since": NOW - MINUTE_US, "folder": Path("/"), "alive": STEADY} | parts
    )


@pytest.fixture(autouse=True)
def disk(monkeypatch):
    sizes = [Disk(1000 * GB, 0, 500 * GB)]
    monkeypatch.setattr(shutil, "disk_usage", lambda _: sizes[-1])
    return sizes


def issues(**parts):
    return [(i.check, i.subject, i.severity) for i in found(ground(**parts))]


def test_all_is_well():
    fine = [Counts("siem", 3, 100, 0, 0, "")]
    assert (
        issues(
            sinks=fine,
            marks={"dns_query": NOW - MINUTE_US},
            late={"dns_query": 0},
            waits={"x": 59.0},
        )
        == []
    )


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (
            {"reports": [Report("eth0", "loss", "", 7), Report("eth0", "shed", "smb", 5)]},
            ("dropped_traffic", "eth0", "medium"),
        ),
        (
            {"alive": {("eth0", "dns_query"): [(NOW - 5 * HOUR_US, NOW - 6 * MINUTE_US)]}},
            ("silent_source", "eth0", "medium"),
        ),
        (
            {"alive": STEADY | {("x", "dns_query"): [(NOW, NOW + 6 * MINUTE_US)]}},
            ("clock_skew", "x", "medium"),
        ),
        ({"late": {"ntlm_auth": 3}}, ("late_events", "ntlm_auth", "low")),
        ({"marks": {"ntlm_auth": NOW - 2 * HOUR_US}}, ("watermark_lag", "ntlm_auth", "medium")),
        ({"forgotten": {"usual": (0, 4)}}, ("profile_overflow", "usual", "low")),
        ({"complaints": {"sync dc1": "no route"}}, ("inputs", "sync dc1", "medium")),
        ({"waits": {"dcsync": 61.0, "x": 3.0}}, ("detections_behind", "engine", "medium")),
        ({"undone": {"backup": "disk full"}}, ("timetable", "backup", "medium")),
        ({"shortened": "5 GB are allowed"}, ("retention", "database", "low")),
        ({"faults": {"dcsync": "Out of Memory\nSELECT"}}, ("detection_faults", "dcsync", "high")),
        ({"sinks": [Counts("siem", 3, 0, 0, 0, "no route")]}, ("alerts_out", "siem", "medium")),
        ({"sinks": [Counts("siem", 0, 0, 0, 2, "")]}, ("alerts_out", "siem", "high")),
    ],
)
def test_what_is_wrong(parts, expected):
    assert issues(**parts) == [expected]


@pytest.mark.parametrize(
    "alive",
    [
        [(NOW - 5 * HOUR_US, NOW - 4 * MINUTE_US)],
        [(NOW - 5 * HOUR_US, NOW - 4 * HOUR_US), (NOW - HOUR_US, NOW - HOUR_US + MINUTE_US)],
        [(NOW - 400 * HOUR_US, NOW - 300 * HOUR_US)],
        [],
    ],
)
def test_not_silent(alive):
    assert issues(alive={("folder", "dns_query"): alive}) == []


@pytest.mark.parametrize(("free", "severity"), [(99, None), (19, "medium"), (0.5, "high")])
def test_disk(disk, free, severity):
    disk.append(Disk(1000 * GB, 0, free * GB))
    assert issues() == ([("disk_space", "/", severity)] if severity else [])


def test_texts_and_names():
    said = found(ground(reports=[Report("eth0", "loss", "", 7), Report("eth0", "shed", "smb", 5)]))
    assert said[0].text == "the sensor eth0 left 12 packets unread, of smb"
    assert len(checks()) == 15


def test_every_check_is_told_in_the_manual(root):
    text = (root / "docs/operations.md").read_text()
    assert [name for name in checks() if f"| `{name}` |" not in text] == []
