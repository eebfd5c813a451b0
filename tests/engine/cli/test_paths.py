"""Paths that people name, and where detections come from."""

import os
from pathlib import Path

import pytest

from engine.cli import paths

REFUSED = [
    ({}, "missing", "missing: No such file or directory"),
    ({}, "", "the path is empty"),
    ({}, "a/b\x00c", "embedded null byte"),
    ({}, "/dev/null", "/dev/null is neither a file nor a folder\n  = hint: save"),
    ({}, "pipe", "pipe is neither a file nor a folder"),
    ({}, "dangling", "dangling: No such file or directory"),
    ({}, "loop", "loop: Too many levels of symbolic links"),
    ({}, "file/below", "file/below: Not a directory"),
    ({}, "x" * 300, "File name too long"),
    ({}, "e\x1b[31m\u202evil", "error: e\\x1b[31m\\u202evil: No such"),
    ({"folder": False}, "folder", "folder is a folder\n  = hint: name a file"),
    ({"file": False}, "file", "file is no folder"),
]


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("x")
    Path("folder").mkdir()
    os.mkfifo("pipe")
    Path("dangling").symlink_to("nowhere")
    Path("loop").symlink_to("loop")
    return tmp_path


@pytest.mark.parametrize(("kind", "name", "told"), REFUSED, ids=range(len(REFUSED)))
def test_what_cannot_be_read(place, capsys, kind, name, told):
    with pytest.raises(SystemExit) as ended:
        paths.Existing(**kind).convert(name, None, None)
    assert ended.value.code == 2
    assert told in capsys.readouterr().err


@pytest.mark.parametrize("name", ["file", "folder", ".", "../" * 3])
def test_what_can(place, name):
    assert paths.Existing().convert(name, None, None) == Path(name)


def test_the_shipped_detections_unless_there_are_some_here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert paths.default_paths() == (paths.SHIPPED,)
    assert (paths.SHIPPED / "relations").is_dir()
    (tmp_path / "detections").mkdir()
    assert paths.default_paths() == (Path("detections"),)


def test_rules_elsewhere_read_the_shipped_relations_and_lists(rule):
    found = paths.read([rule()])
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
    found = paths.read([tmp_path / "rules"])
    assert found.lists["replicators"].source.file.endswith("rules/lists/replicators.yaml")


@pytest.mark.parametrize("command", ["check", "test", "replay"])
def test_a_folder_without_detections_is_no_success(atp, tmp_path, capture, command):
    (tmp_path / "empty").mkdir()
    args = ["--detections", "empty", capture] if command == "replay" else ["empty"]
    done = atp(command, *args)
    assert (done.code, done.out) == (2, "")
    assert done.err == "error: no detections in empty\n  = hint: name their folder\n"
