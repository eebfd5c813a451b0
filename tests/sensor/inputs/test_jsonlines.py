"""JSON lines from a byte on: whole lines only, numbers that do not depend on where reading began."""

from __future__ import annotations

import gzip
import json

import pytest

from sensor.inputs.jsonlines import LinePlace, is_json_lines, read_lines


def line(number, event_id=4776):
    system = {
        "Provider": {"Name": "Microsoft-Windows-Security-Auditing"}, "EventID": event_id,
        "TimeCreated": {"SystemTime": f"2026-01-05T12:{number:02d}:00Z"}, "Channel": "Security",
        "EventRecordID": number, "Computer": "dc1.corp.test",
    }  # fmt: skip
    data = {"TargetUserName": f"u{number}", "Workstation": "WS9", "Status": "0x0"}
    return json.dumps({"Event": {"System": system, "EventData": data}}).encode() + b"\n"


LINES = [line(n) for n in range(6)]
WHOLE = b"".join(LINES)
BEGIN = LinePlace()


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "log"

    def read(data, start=BEGIN, raw=False, keep=lambda place: False):
        path.write_bytes(data)
        events, steps = [], []

        def progress(place):
            steps.append(place)
            return keep(place)

        summary, place = read_lines(path, events.append, start, progress, "s", raw=raw)
        assert not steps or steps[-1] == place
        return events, place, summary

    return read


def told(events):
    found = [((e.sensor, e.seq), e) for e in events]
    assert len(found) == len(dict(found))
    return {key: e.ts for key, e in found if type(e).__name__ != "SensorHealth"}


@pytest.mark.parametrize("raw", [False, True])
@pytest.mark.parametrize("every", [1, 2, 4, 7])
def test_a_part_tells_what_it_tells_in_the_whole(log, every, raw):
    kept = []

    def keep(place):
        if place.records % every == 0:
            kept.append(place)
        return place.records % every == 0

    whole, place, summary = log(WHOLE, raw=raw, keep=keep)
    assert (place.at, place.records, summary.units) == (len(WHOLE), 6, 6)
    assert len(told(whole)) == (12 if raw else 6)
    for start in kept:
        part, end, _ = log(WHOLE, start, raw=raw, keep=keep)
        assert end == place
        assert told(part).items() <= told(whole).items()
        assert len(told(part)) == (6 - start.records) * (2 if raw else 1)


@pytest.mark.parametrize("cut", [1, 20, len(LINES[5]) - 2])
def test_a_line_that_is_not_whole_is_left(log, cut):
    data = WHOLE + LINES[5][:cut]
    events, (at, *_), summary = log(data)
    assert (at, len(told(events)), summary.damages) == (len(WHOLE), 6, [])


def test_a_whole_value_without_its_line_end_is_taken_once(log):
    events, place, _ = log(WHOLE[:-1])
    assert (place.at, len(told(events))) == (len(WHOLE) - 1, 6)
    events, (at, *_), summary = log(WHOLE + LINES[0], place)
    assert (at, len(told(events)), summary.damages) == (len(WHOLE) + len(LINES[0]), 1, [])


def test_what_is_no_json_between(log):
    events, (at, *_), summary = log(LINES[0] + b"{torn\n" + LINES[1] + b"\n" + LINES[2])
    assert len(told(events)) == 3
    assert [d.offset for d in summary.damages] == [len(LINES[0])]
    assert at == len(LINES[0] + b"{torn\n" + LINES[1] + b"\n" + LINES[2])


def test_several_records_of_a_line_have_numbers_of_their_own(log):
    many = json.dumps([json.loads(one) for one in LINES]).encode() + b"\n"
    events, _, _ = log(LINES[0] + many + LINES[1])
    assert len(told(events)) == 8


def test_a_line_that_is_too_long(log, monkeypatch):
    monkeypatch.setattr("sensor.inputs.jsonlines.LINE_LIMIT", 1000)
    long = b'{"x": "' + b"y" * 5000 + b'"}\n'
    events, (at, *_), summary = log(LINES[0] + long + LINES[1])
    assert (len(told(events)), at) == (2, len(LINES[0] + long + LINES[1]))
    assert [d.offset for d in summary.damages] == [len(LINES[0])]


def test_packed_it_tells_the_same(log):
    _, start, _ = log(LINES[0])
    whole, end, _ = log(WHOLE, start)
    packed, place, _ = log(gzip.compress(WHOLE), start)
    assert (told(packed), place) == (told(whole), end)
    _, place, summary = log(gzip.compress(WHOLE)[:-30])
    assert place.at < len(WHOLE)
    assert "breaks off" in summary.damages[0].reason


KINDS = {
    WHOLE: True,
    b"\xef\xbb\xbf" + WHOLE: True,
    LINES[0][:30]: True,
    gzip.compress(WHOLE): True,
    b"": False,
    b"{\n" + WHOLE: False,
    b"[" + WHOLE: False,
    b"<Event/>": False,
    WHOLE.decode().encode("utf-16"): False,
    b"\x1f\x8bnothing": False,
}


@pytest.mark.parametrize("data", KINDS)
def test_what_is_json_lines(tmp_path, data):
    (tmp_path / "log").write_bytes(data)
    assert is_json_lines(tmp_path / "log") == KINDS[data]
