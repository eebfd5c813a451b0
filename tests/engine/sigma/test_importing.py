"""From files to a folder of detections that check, compile, run and say where they come from."""

import json

import pytest
import yaml
from click.testing import CliRunner

from dsl.check import check
from dsl.load import load
from engine.backends.duckdb import compile_detection
from engine.cli.main import main
from engine.replay import Setting, replay
from engine.running import Rule
from engine.sigma.importing import Importer
from sensor.inputs.logs import read_log

CLEARED = """
title: Log cleared {{ 1 }}
id: 0d63a4f1-8aae-4b5f-9c8a-1c9b52d0c6a1
name: cleared
status: stable
level: critical
author: Ann, Bob
date: 2026/01/05
license: DRL 1.1
references: [https://example.test/x, a book]
tags: [attack.defense-evasion, attack.t1070.001, cve.2020.1]
falsepositives: [maintenance]
description: |
  Somebody cleared
  a log.
logsource: {product: windows, service: security}
detection: {s: {EventID: 1102}, condition: s}
"""
SERVERS = """
title: Logon from elsewhere
logsource: {product: windows, service: security}
detection: {s: {EventID: 4624, 'WorkstationName|expand': '%known%'}, condition: not s}
"""
BROKEN = "title: Broken\nlogsource: {product: windows}\ndetection: {s: {a|what: 1}, condition: s}\n"


@pytest.fixture
def rules(tmp_path):
    folder = tmp_path / "rules" / "deep"
    folder.mkdir(parents=True)
    (folder / "win cleared.yml").write_text(CLEARED)
    (folder / "servers.yaml").write_text(SERVERS)
    (folder / "notes.txt").write_text("no rule")
    return tmp_path / "rules"


def run(*arguments):
    return CliRunner().invoke(main, ["import", "sigma", *map(str, arguments)])


def test_a_rule_keeps_what_its_author_said(rules, tmp_path):
    out = tmp_path / "out"
    done = run(rules, "--to", out)
    assert done.exit_code == 0, done.output
    assert "2 rules: 2 imported, 0 applied inside others, 0 refused (100.0%)" in done.output
    made = yaml.safe_load((out / "defense_evasion" / "sigma_win_cleared.yaml").read_text())
    origin = made.pop("origin")
    assert origin.pop("path").endswith("win cleared.yml")
    assert len(origin.pop("sha256")) == 64
    assert origin == {
        "format": "sigma", "rule": "0d63a4f1-8aae-4b5f-9c8a-1c9b52d0c6a1", "author": "Ann, Bob",
        "licence": "DRL 1.1", "status": "stable", "level": "critical", "date": "2026/01/05",
    }  # fmt: skip
    assert made["title"] == "Log cleared {{ 1 }}"
    assert (made["severity"], made["confidence"]) == ("high", 80)
    assert made["mitre"] == ["T1070.001"]
    assert made["references"] == ["https://example.test/x"]
    assert made["false_positives"] == ["maintenance"]
    assert made["description"] == "Somebody cleared\na log.\nSee a book"
    assert made["kill_chain"] == "defense_evasion"
    assert made["detect"] == (
        'seen = match windows_event where channel == "Security" and event_id == 1102\n'
        "alert seen as (target: dc, actor: account)\n"
    )


def test_what_was_imported_checks_and_is_formatted(rules, tmp_path):
    out = tmp_path / "out"
    run(rules, "--to", out)
    for command in (["check", str(out)], ["fmt", "--check", str(out)]):
        done = CliRunner().invoke(main, command)
        assert done.exit_code == 0, done.output
    done = CliRunner().invoke(main, ["test", str(out)])
    assert done.exit_code == 0
    assert "2 imported rules have no tests" in done.output


def test_lists_of_placeholders_are_made_once_and_never_touched(rules, tmp_path):
    out = tmp_path / "out"
    run(rules, "--to", out)
    listed = out / "lists" / "sigma_known.yaml"
    mine = listed.read_text().replace(
        "entries: []", "entries:\n- {value: ws1, owner: me, reason: known}"
    )
    listed.write_text(mine)
    assert run(rules, "--to", out).exit_code == 0
    assert listed.read_text() == mine


def test_refused_rules_are_named_and_end_in_exit_code_1(rules, tmp_path):
    (rules / "broken.yml").write_text(BROKEN)
    done = run(rules, "--to", tmp_path / "out")
    assert done.exit_code == 1
    assert "refused" in done.output
    assert "Broken: Unknown modifier 'what'" in done.output
    assert "(66.7%)" in done.output


def test_json(rules, tmp_path):
    (rules / "broken.yml").write_text(BROKEN)
    done = run(rules, "--to", tmp_path / "out", "--format", "json")
    told = [json.loads(line) for line in done.output.splitlines()]
    assert [bool(t["refused"]) for t in told] == [True, False, False]
    assert told[1]["detection"].endswith("other/sigma_servers.yaml")


def test_own_detections_are_not_overwritten(rules, tmp_path):
    own = tmp_path / "out" / "defense_evasion" / "sigma_win_cleared.yaml"
    own.parent.mkdir(parents=True)
    own.write_text("atp: 1\n")
    done = run(rules, "--to", tmp_path / "out")
    assert done.exit_code == 1
    assert own.read_text() == "atp: 1\n"


def test_the_same_name_twice_is_told_apart(tmp_path):
    for folder in ("a", "b"):
        (tmp_path / "rules" / folder).mkdir(parents=True)
        text = CLEARED if folder == "a" else CLEARED.replace("0d63a4f1", "1d63a4f1")
        (tmp_path / "rules" / folder / "same.yml").write_text(text)
    out = tmp_path / "out"
    run(tmp_path / "rules", "--to", out)
    assert sorted(p.stem for p in out.rglob("*.yaml")) == ["sigma_same", "sigma_same_1d63a4f1"]


def test_a_name_is_another_rule_s_in_a_later_import_too(tmp_path):
    out = tmp_path / "out"
    for folder, ident in (("a", "0d63a4f1"), ("b", "1d63a4f1"), ("a", "0d63a4f1")):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / "same.yml").write_text(CLEARED.replace("0d63a4f1", ident))
        assert run(tmp_path / folder, "--to", out).exit_code == 0
    kept = {
        p.stem: yaml.safe_load(p.read_text())["origin"]["rule"][:8] for p in out.rglob("*.yaml")
    }
    assert kept == {"sigma_same": "0d63a4f1", "sigma_same_1d63a4f1": "1d63a4f1"}


def test_a_rule_of_another_tactic_by_now_moves(rules, tmp_path):
    """From another copy of its source too: what says that it is the same is its id."""
    out, moved = tmp_path / "out", tmp_path / "new" / "win cleared.yml"
    run(rules, "--to", out)
    moved.parent.mkdir()
    moved.write_text(CLEARED.replace("defense-evasion", "impact"))
    mine = out / "sigma_win_cleared.yaml"
    mine.write_text("origin: none of ours\n")
    assert run(moved, "--to", out).exit_code == 0
    found = sorted(str(p.relative_to(out)) for p in out.rglob("sigma_win*.yaml"))
    assert found == ["impact/sigma_win_cleared.yaml", "sigma_win_cleared.yaml"]


def test_a_file_without_a_letter_in_its_name(tmp_path):
    for name in ("規則.yml", "правило.yml"):
        ident = "0d63a4f1" if name[0] == "規" else "1d63a4f1"
        (tmp_path / name).write_text(CLEARED.replace("0d63a4f1", ident))
    assert run(tmp_path, "--to", tmp_path / "out").exit_code == 0
    found = sorted(p.stem for p in (tmp_path / "out").rglob("*.yaml"))
    assert found == ["sigma_0d63a4f1", "sigma_1d63a4f1"]


def test_rules_run_over_records(rules, root, tmp_path):
    """The examples' log through `atp replay`: records are told whole because a rule reads them."""
    out = tmp_path / "out"
    (rules / "logons.yml").write_text(
        "title: Logons\nlogsource: {product: windows, service: security}\n"
        "detection: {s: {EventID: 4624, TargetUserName|endswith: '*'}, condition: s}\n"
    )
    run(rules / "logons.yml", "--to", out)
    log = root / "examples" / "events.xml"
    done = CliRunner().invoke(
        main, ["replay", str(log), "--detections", str(out), "--format", "json"]
    )
    assert done.exit_code == 0, done.output
    alerts = [json.loads(line) for line in done.output.splitlines() if line.startswith("{")]
    told = []
    read_log(log, told.append, raw=True)
    logons = [e for e in told if getattr(e, "event_id", None) == 4624]
    assert logons
    assert sum(a["evidence_count"] for a in alerts) == len(logons)


@pytest.mark.data
def test_real_logs_give_what_the_specification_says(atp_data, tmp_path):
    """Own rules over the real event logs, against the naive reading of the same records."""
    import naive_sigma

    detections = {
        "logon": {"s": {"EventID": [4624, 4625], "LogonType": [3, 10]}, "f": {"IpAddress": "-"}, "condition": "s and not f"},
        "service": {"s": {"EventID": 7045, "ImagePath|contains": ["%", ".exe", "cmd"]}, "condition": "s"},
        "process": {"s": {"NewProcessName|endswith": ["\\cmd.exe", "\\powershell.exe", "\\net.exe"]}, "condition": "s"},
        "words": {"k": ["Administrator", "*\\System32\\*"], "condition": "k"},
        "share": {"s": {"ShareName|re|i": r"\\(admin|c)\$$"}, "t": {"RelativeTargetName|exists": True}, "condition": "1 of them"},
        "masks": {"s": {"AccessMask|gte": 256, "ObjectServer|cased": "DS"}, "condition": "s"},
        "sid": {"s": {"SubjectUserSid|startswith": "S-1-5-18", "Provider_Name|contains": "Auditing"}, "condition": "s"},
    }  # fmt: skip
    folder = tmp_path / "rules"
    folder.mkdir()
    for name, detection in detections.items():
        whole = {"title": name, "logsource": {"product": "windows"}, "detection": detection}
        (folder / f"{name}.yml").write_text(yaml.safe_dump(whole))
    out = tmp_path / "out"
    outcomes = list(Importer(out, compile_detection).run([folder]))
    assert not [o.refused for o in outcomes if o.refused]
    catalogue = load([out])
    rules = []
    for detection in catalogue.detections.values():
        plan, found = check(detection, {}, {})
        assert plan is not None, found
        rules.append(Rule(plan, detection.envelope))
    records, events = recorded(sorted((atp_data / "evtx").rglob("*.evtx"))[:60])
    done = replay(rules, events, compile_detection, Setting())
    for name, detection in detections.items():
        wanted = sum(naive_sigma.matches(detection, r) for r in records)
        alerts = [a for a in done.alerts if a.detection == f"sigma_{name}"]
        assert wanted, name
        assert sum(a.evidence_count for a in alerts) == wanted, name


def recorded(paths):
    """Records as dicts by Sigma's names, and the same as events."""
    from sensor.inputs.evtx import read_evtx
    from sensor.map.raw import raw_event
    from sensor.map.record import Record

    records, events = [], []
    for path in paths:
        with path.open("rb") as stream:
            for record in read_evtx(stream):
                if not isinstance(record, Record):
                    continue
                event = raw_event(record)
                event.sensor, event.seq = path.name, len(events) + 1
                events.append(event)
                head = {
                    "EventID": record.event_id, "Channel": record.channel, "Computer": record.computer,
                    "Provider_Name": record.provider, "Keywords": event.keywords, "UserID": event.user_sid,
                    "Version": record.version, "Level": record.level, "Task": record.task, "Opcode": record.opcode,
                    "RecordID": record.record_id,
                }  # fmt: skip
                unnamed = {"Data": event.data["Data"]} if "Data" in event.data else {}
                records.append({**record.user_data, **record.data, **unnamed, **head})
    return records, events
