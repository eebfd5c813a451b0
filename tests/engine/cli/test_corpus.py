"""Where detections come from."""

from pathlib import Path

import pytest

from engine.cli import corpus


def test_the_shipped_detections_unless_there_are_some_here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert corpus.default_paths() == (corpus.SHIPPED,)
    assert (corpus.SHIPPED / "relations").is_dir()
    (tmp_path / "detections").mkdir()
    assert corpus.default_paths() == (Path("detections"),)


def test_rules_elsewhere_read_the_shipped_relations_and_lists(rule):
    found = corpus.read([rule()])
    assert list(found.detections) == ["zone_transfers"]
    assert {"auth", "ticket_use"} <= set(found.relations)
    assert "replicators" in found.lists


def test_own_lists_come_first(rule, tmp_path):
    lists = tmp_path / "rules" / "lists"
    lists.mkdir(parents=True)
    (lists / "replicators.yaml").write_text(
        "list: replicators\nkind: host\ndescription: ours\nentries: []\n"
    )
    rule()
    found = corpus.read([tmp_path / "rules"])
    assert found.lists["replicators"].source.file.endswith("rules/lists/replicators.yaml")


@pytest.mark.parametrize("command", ["check", "test", "replay"])
def test_a_folder_without_detections_is_no_success(atp, tmp_path, capture, command):
    (tmp_path / "empty").mkdir()
    args = ["--detections", "empty", capture] if command == "replay" else ["empty"]
    done = atp(command, *args)
    assert (done.code, done.out) == (2, "")
    assert done.err == "error: no detections in empty\n  = hint: name their folder\n"


def test_lists_alone_are_the_same(rule, tmp_path):
    for folder, value in (("rules/lists", "a"), ("own", "b")):
        (tmp_path / folder).mkdir(parents=True)
        for name in ("replicators", f"new_{value}"):
            (tmp_path / folder / f"{name}.yaml").write_text(
                f"list: {name}\nkind: host\ndescription: ours\nentries:\n"
                f"  - {{value: {value}, owner: a, reason: b}}\n"
            )
    rule()
    at = ([tmp_path / "rules"], [tmp_path / "own"])
    whole, lists = corpus.read(*at), corpus.read_lists(*at)
    assert lists.detections == {}
    assert {n: o.entries for n, o in lists.lists.items()} == {
        n: o.entries for n, o in whole.lists.items()
    }
    assert [e.value for e in lists.lists["replicators"].entries] == ["b", "a"]
