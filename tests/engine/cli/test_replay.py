"""replay: alerts explained, or one a line; damaged inputs, faulty rules, order of files."""

import json
import random

import pytest
from pcap_file import pcap_bytes

HOSTILE = "a\u009b2J\u202eb"


def test_an_alert_for_people(atp, capture, rule):
    done = atp("replay", capture, "--detections", rule())
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0] == "HIGH          Zone transfer"
    assert lines[1] == (
        "              2026-11-22 14:34:18 UTC  zone_transfers  T1110  confidence 80  1 event"
    )
    assert lines[2] == "              ip:10.20.30.66 asked for corp.example.test"
    assert lines[3].startswith("              14:34:18.897 dns_query dc=")
    assert lines[5].startswith("1 alert (1 high) from ")
    assert lines[6].startswith("domain controllers: ")


def test_an_alert_for_programs(atp, capture, rule):
    done = atp("replay", capture, "--detections", rule(), "--format", "json")
    assert (done.code, done.err) == (0, "")
    (alert,) = map(json.loads, done.out.splitlines())
    assert alert["detection"] == "zone_transfers"
    assert alert["source"] == "ip:10.20.30.66"
    assert len(alert["evidence"]) == alert["evidence_count"] == 1


@pytest.mark.parametrize(("shown", "lines"), [(0, 0), (1, 1)])
def test_so_much_evidence(atp, capture, rule, shown, lines):
    done = atp("replay", capture, "--detections", rule(), "--evidence", shown)
    assert done.out.count(" dns_query ") == lines


def test_nothing_found_is_a_result(atp, capture, rule):
    none = rule(**{"qtype == axfr": "qtype == mx"})
    done = atp("replay", capture, "--detections", none)
    assert done.code == 0
    assert done.out.startswith("0 alerts from ")
    assert atp("replay", capture, "--detections", none, "--format", "json").out == ""


def test_a_cut_file_is_used_and_told(atp, capture, rule):
    capture.write_bytes(capture.read_bytes()[:-5])
    done = atp("replay", capture, "--detections", rule())
    assert done.code == 1
    assert "1 alert " in done.out
    assert "damaged at offset" in done.err


def test_rules_with_errors(atp, capture, rule):
    done = atp("replay", capture, "--detections", rule(**{"qtype == axfr": "qtpe == axfr"}))
    assert (done.code, done.out) == (2, "")
    assert "error[D02" in done.err
    assert "error: the detections have errors\n  = hint: mend them" in done.err


def test_a_directory_file_with_errors(atp, capture, rule, tmp_path):
    (tmp_path / "d.yaml").write_text("hosts: 3\n")
    done = atp("replay", capture, "--detections", rule(), "--directory", "d.yaml")
    assert (done.code, done.out) == (2, "")
    assert "error: the directory file d.yaml has errors" in done.err


def test_the_directory_file_gives_names(atp, capture, rule, root):
    directory = root / "examples" / "directory.yaml"
    done = atp("replay", capture, "--detections", rule(), "--directory", directory)
    assert "domain controllers: dc1.corp.example.test (high), dc2.corp.example.test" in done.out


def test_a_rule_that_the_database_cannot_compute(atp, capture, rule, monkeypatch):
    import duckdb

    from engine.backends.duckdb import CompiledAlert

    def rows(self, connection, lo, hi):
        raise duckdb.OutOfMemoryException("no more\nSELECT everything")

    monkeypatch.setattr(CompiledAlert, "rows", rows)
    done = atp("replay", capture, "--detections", rule())
    assert done.code == 1
    assert done.err == "warning: the detection `zone_transfers` could not be computed: no more\n"


@pytest.mark.parametrize("form", ["text", "json"])
def test_hostile_titles(atp, capture, rule, form):
    hostile = rule(title=f'"{HOSTILE.encode("unicode_escape").decode()}"')
    done = atp("replay", capture, "--detections", hostile, "--format", form)
    assert done.code == 0
    assert not {"\u009b", "\u202e"} & set(done.out)
    assert "\\u202eb" in done.out


def alerts(atp, rule, *files):
    done = atp("replay", *files, "--detections", rule, "--format", "json")
    assert done.code == 0, done
    return [json.loads(line) for line in done.out.splitlines()]


def test_files_of_one_period_in_any_order(atp, packets, rule, tmp_path):
    """Two taps that share the packets by connection: named either way, the same alerts."""
    halves = {True: [], False: []}
    for ts, frame in packets:
        halves[sum(frame[26:38]) % 2 == 0].append((ts, frame))
    for name, half in zip("ab", halves.values(), strict=True):
        (tmp_path / f"{name}.pcap").write_bytes(pcap_bytes(half))
    path = rule()
    one = alerts(atp, path, "a.pcap", "b.pcap")
    assert len(one) == 1
    assert alerts(atp, path, "b.pcap", "a.pcap") == one


def test_files_of_one_name_are_two_sensors(atp, packets, rule, tmp_path):
    for half in (0, 1):
        (tmp_path / str(half)).mkdir()
        part = packets[half * 80 : half * 80 + 80]
        (tmp_path / str(half) / "c.pcap").write_bytes(pcap_bytes(part))
    (tmp_path / "c.pcap").write_bytes(pcap_bytes(packets))
    done = atp("decode", tmp_path / "0", tmp_path / "1", "--format", "json")
    events = [json.loads(line) for line in done.out.splitlines()]
    assert len({(e["sensor"], e["seq"]) for e in events}) == len(events)
    found = alerts(atp, rule(), tmp_path / "0", tmp_path / "1")
    (whole,) = alerts(atp, rule(), "c.pcap")
    assert [a["explanation"] for a in found] == [whole["explanation"]]


def test_a_file_given_twice_counts_once(atp, capture, rule):
    once = alerts(atp, rule(), capture)
    assert alerts(atp, rule(), capture, capture, capture.parent) == once


def test_packets_in_any_order_of_arrival(atp, packets, rule, tmp_path):
    """Queues of a card deliver packets of the same second out of order."""
    shuffled = [(ts // 2_000_000, random.Random(i).random(), ts, f) for i, (ts, f) in enumerate(packets)]  # fmt: skip
    mixed = [(ts, f) for _, _, ts, f in sorted(shuffled)]
    (tmp_path / "m.pcap").write_bytes(pcap_bytes(mixed))
    assert [a["source"] for a in alerts(atp, rule(), "m.pcap")] == ["ip:10.20.30.66"]


def test_settings_of_detections(atp, capture, rule, tmp_path):
    (tmp_path / "s.yaml").write_text("detections: {zone_transfers: {disabled: known}}")
    done = atp("replay", capture, "--detections", rule(), "--settings", "s.yaml")
    assert (done.code, done.out.splitlines()[0][:8]) == (0, "0 alerts")
    (tmp_path / "s.yaml").write_text("detections: {zone_transfer: {disabled: known}}")
    done = atp("replay", capture, "--detections", rule(), "--settings", "s.yaml")
    assert done.code == 2
    assert "there is no detection `zone_transfer`" in done.err
    assert "s.yaml:1" in done.err
