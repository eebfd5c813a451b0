"""Each change once, whatever happens to the process, the disk and the file."""

import errno
import json
import os

import pytest

from engine.sinks import jsonl
from engine.sinks.jsonl import JsonLines, Line


@pytest.fixture
def path(tmp_path):
    return tmp_path / "alerts.jsonl"


def changes(path):
    return [json.loads(line)["change"] for line in path.read_text().splitlines()]


def written(path, *numbers):
    lines = JsonLines(path)
    for number in numbers:
        lines.write(number, "opened", {"id": f"i{number}", "title": "t"})
    lines.sync()
    lines.close()


def last(path):
    lines = JsonLines(path)
    lines.close()
    return lines.last


def test_lines_are_written_at_sync(path):
    lines = JsonLines(path)
    lines.write(1, "opened", {"id": "a", "title": "x\x9b"})
    assert path.read_bytes() == b""
    lines.sync()
    assert path.read_text() == '{"change":1,"kind":"opened","id":"a","title":"x\\u009b"}\n'
    lines.sync()
    assert changes(path) == [1]
    lines.close()


def test_the_last_line_is_known_again(path):
    assert last(path) is None
    written(path, 1, 2, 7)
    assert last(path) == Line(7, "opened", "i7")


@pytest.mark.parametrize("cut", range(1, 40))
def test_an_unfinished_line_is_cut_off(path, cut):
    written(path, 1, 2)
    whole = path.read_bytes()
    path.write_bytes(whole[:-cut])
    lines = JsonLines(path)
    assert lines.last == Line(1, "opened", "i1")
    lines.close()
    assert changes(path) == [1]
    written(path, 2)
    assert path.read_bytes() == whole


@pytest.mark.parametrize("text", ["root:x:0", '{"other": 1}', "{", '{"change"'])
def test_what_somebody_else_wrote_stays(path, text):
    path.write_text(text)
    written(path, 1)
    ours = '{"change":1,"kind":"opened","id":"i1","title":"t"}\n'
    own = jsonl._OURS.startswith(text.encode())
    assert path.read_text() == (ours if own else f"{text}\n{ours}")
    assert last(path) == Line(1, "opened", "i1")


def test_lines_of_others_in_between(path):
    written(path, 4)
    with path.open("a") as file:
        file.write('# a note\n{"a": 1}\n\n')
    assert last(path) == Line(4, "opened", "i4")


def test_a_long_file_is_read_from_its_end(path, monkeypatch):
    monkeypatch.setattr(jsonl, "_TAIL", 200)
    written(path, *range(1, 100))
    assert last(path) == Line(99, "opened", "i99")


def test_one_writer(path):
    lines = JsonLines(path)
    with pytest.raises(BlockingIOError):
        JsonLines(path)
    lines.close()
    JsonLines(path).close()


@pytest.mark.parametrize("name", ["no/alerts.jsonl", "."])
def test_it_cannot_be_opened(tmp_path, name):
    with pytest.raises(OSError):
        JsonLines(tmp_path / name)


@pytest.mark.parametrize("after", [0, 5, 60, 10_000])
def test_a_full_disk_leaves_no_halves(path, monkeypatch, after):
    written(path, 1)
    before = path.read_bytes()
    lines = JsonLines(path)
    room = after
    real = os.write

    def write(fd, data):
        nonlocal room
        if not room:
            raise OSError(errno.ENOSPC, "No space left on device")
        size = real(fd, data[:room])
        room -= size
        return size

    for number in (2, 3):
        lines.write(number, "updated", {"id": "x", "title": "y" * 100})
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", write)
        if after < 250:
            with pytest.raises(OSError, match="No space"):
                lines.sync()
            assert path.read_bytes() == before
    lines.sync()
    assert changes(path) == [1, 2, 3]
    lines.close()


def test_what_is_discarded_is_not_written(path):
    lines = JsonLines(path)
    lines.write(1, "opened", {"id": "a"})
    lines.discard()
    lines.sync()
    assert path.read_bytes() == b""
    lines.close()


@pytest.mark.parametrize("again", [True, False])
def test_a_file_that_was_moved_away(path, again):
    lines = JsonLines(path)
    lines.write(1, "opened", {"id": "a"})
    lines.sync()
    old = path.rename(path.with_suffix(".1"))
    if again:
        path.touch()
    lines.write(2, "updated", {"id": "a"})
    lines.sync()
    lines.close()
    assert (changes(old), changes(path)) == ([1], [2])
