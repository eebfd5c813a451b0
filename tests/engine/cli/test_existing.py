"""Paths that people name and that must be there."""

import os
from pathlib import Path

import pytest

from engine.cli.existing import Existing

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
        Existing(**kind).convert(name, None, None)
    assert ended.value.code == 2
    assert told in capsys.readouterr().err


@pytest.mark.parametrize("name", ["file", "folder", ".", "../" * 3])
def test_what_can(place, name):
    assert Existing().convert(name, None, None) == Path(name)
