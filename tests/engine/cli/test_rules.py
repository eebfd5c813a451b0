"""Detections ready to run: complaints end the command, compiled statements are remembered."""

import pytest

from engine.cli import rules as cli_rules
from engine.cli.rules import load_rules


def test_rules_with_their_lists_and_statements(rule):
    loaded = load_rules((rule(),))
    assert [r.plan.id for r in loaded.rules] == list(loaded.compiled) == ["zone_transfers"]
    assert "replicators" in loaded.lists
    plan = loaded.rules[0].plan
    assert loaded.compile_detection(plan) is loaded.compiled["zone_transfers"]


def test_they_are_made_once(rule, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = rule()
    first = load_rules((path,))
    with monkeypatch.context() as patch:
        patch.setattr(cli_rules, "_load", lambda _: pytest.fail("made again"))
        again = load_rules((path,))
    assert [r.plan for r in again.rules] == [r.plan for r in first.rules]
    rule(title="Another title")
    assert load_rules((path,)).rules[0].envelope.title == "Another title"


def test_faults_end_the_command(rule, capsys):
    with pytest.raises(SystemExit) as ended:
        load_rules((rule(**{"qtype == axfr": "qtpe == axfr"}),))
    assert ended.value.code == 2
    assert "error: the detections have errors\n" in capsys.readouterr().err
