"""The front of the log readers: what a file is, what came of it, heartbeats."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path

import pytest

from dsl.schema.registry import event_type
from sensor.inputs.logs import is_log, read_log

SAMPLES = Path(__file__).parents[2] / "data" / "windows"


def read(path, **options):
    events = []
    return read_log(path, events.append, **options), events


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.xml")), ids=lambda p: p.stem)
def test_samples(path):
    summary, events = read(path)
    assert summary.damages == []
    assert summary.records == path.read_text(encoding="utf-8").count("</Event>")
    told = Counter(f"event {event_type(e)}" for e in events if event_type(e) != "sensor_health")
    assert told == {k: n for k, n in summary.counters.items() if k.startswith("event ")}
    assert [e.seq for e in events] == list(range(len(events)))
    assert {e.sensor for e in events} == {f"log:{path.name}"}


def test_heartbeats_begin_and_end_each_type():
    _, events = read(SAMPLES / "ntlm.xml", sensor="s1")
    beats = [e for e in events if event_type(e) == "sensor_health"]
    span = [e.ts for e in events if event_type(e) == "ntlm_auth"]
    assert [(b.kind, b.activity, b.dc, b.ts, b.sensor) for b in beats] == [
        ("heartbeat", "ntlm_auth", "dc1.corp.lab.test", min(span), "s1"),
        ("heartbeat", "ntlm_auth", "dc1.corp.lab.test", max(span), "s1"),
    ]
    assert events[0] is beats[0]
    assert events[-1] is beats[-1]


def test_a_heartbeat_each_minute_with_records(tmp_path):
    path = tmp_path / "events.json"
    line = {"Channel": "Security", "Hostname": "dc1.x", "TargetUserName": "a"}
    seconds = [(1, 0), (4776, 5), (1, 59), (1, 60), (1, 90), (1, 119), (1, 600), (1, 660)]
    path.write_text(
        "\n".join(
            json.dumps(
                line | {"EventID": n, "EventTime": f"2025-01-01 00:{s // 60:02}:{s % 60:02}"}
            )
            for n, s in seconds
        )
    )
    _, events = read(path)
    zero = events[0].ts
    beats = [
        (b.activity, (b.ts - zero) // 1_000_000) for b in events if event_type(b) != "ntlm_auth"
    ]
    assert beats == [("ntlm_auth", 0), ("*", 60), ("*", 600), ("*", 660), ("ntlm_auth", 660)]


def test_packed_and_plain_are_equal(tmp_path):
    plain = SAMPLES / "system.xml"
    packed = tmp_path / "system.xml"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert read(packed)[1] == read(plain)[1]


def test_packed_lines(tmp_path):
    line = {"EventID": 4776, "Channel": "Security", "Hostname": "dc1.x", "TargetUserName": "a"}
    path = tmp_path / "events.json.gz"
    text = "\n".join(json.dumps(line | {"EventTime": f"2025-01-01 00:00:{n:02}"}) for n in range(9))
    path.write_bytes(gzip.compress(text.encode()))
    summary, _ = read(path)
    assert (summary.records, summary.mapped, summary.damages) == (9, 9, [])
    broken = tmp_path / "broken.json.gz"
    broken.write_bytes(path.read_bytes()[:-30])
    assert read(broken)[0].damages


@pytest.mark.parametrize(
    ("content", "known"),
    [
        (b"", False),
        (b"hello", False),
        (b"\x1f\x8bbroken", False),
        (b"\xd4\xc3\xb2\xa1" + bytes(100), False),
        (b"  <Events/>", True),
        (b'\xef\xbb\xbf{"a": 1}', True),
        ("<Events/>".encode("utf-16"), True),
        (b"ElfFile\0", True),
        (bytes(4096) + b"ElfChnk\0", True),
    ],
)
def test_recognised_by_content(tmp_path, content, known):
    path = tmp_path / "file"
    path.write_bytes(content)
    assert is_log(path) is known
    summary, events = read(path)
    assert events == []
    assert known or summary.damages


def test_progress_ends_at_the_size():
    path = SAMPLES / "groups.xml"
    seen = []
    read(path, progress=lambda done, size: seen.append((done, size)))
    assert seen[-1] == (path.stat().st_size, path.stat().st_size)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "none")
    assert not is_log(tmp_path / "none")
