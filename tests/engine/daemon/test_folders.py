"""Which files are read when, and which numbers their events get."""

import gzip
import os

import pytest

from engine.daemon import folders
from engine.daemon.folders import Folders

BIG = os.urandom(4000)
OTHER = os.urandom(4000)


class Watch:
    """Folders with a clock of their own, whose files are read as they are found."""

    def __init__(self, watched, store, **kw):
        self.refused = []
        self.store = store
        self.waiting = set()
        self.now = 0.0
        self.folders = Folders(
            [watched], store, refused=lambda p, e: self.refused.append((p.name, e.errno)), **kw
        )

    def look(self, seconds=1.0, took=0.1, ended=True, read=True):
        """One look, a second later; (name, number) of what was read."""
        self.now += seconds
        found = []
        for file in self.folders.ready(self.now, self.waiting.__contains__):
            found.append((file.path.name, file.known.number))
            self.last = file
            self.store.append((), self.folders.begin(file))
            if read:
                self.store.append((), self.folders.done(file, self.now, took, ended=ended))
        return found


@pytest.fixture
def watch(watched, store):
    return Watch(watched, store)


def test_a_file_is_read_once_it_rests(watch, watched):
    (watched / "a").write_bytes(BIG)
    assert watch.look() == []
    (watched / "a").write_bytes(BIG * 2)
    assert watch.look() == []
    assert watch.look() == [("a", 1)]
    assert watch.look(9) == []


def test_it_is_read_again_when_it_grew(watch, watched):
    (watched / "a").write_bytes(BIG)
    watch.look(), watch.look()
    with (watched / "a").open("ab") as file:
        file.write(b"more")
    assert watch.look() == []
    assert watch.look() == [("a", 1)]


def test_what_took_long_is_not_read_again_at_once(watch, watched):
    (watched / "a").write_bytes(BIG)
    watch.look(), watch.look(took=5)
    (watched / "a").write_bytes(BIG * 2)
    assert [watch.look(10) for _ in range(6)] == [[], [], [], [], [("a", 1)], []]


def test_one_that_never_rests_is_read_now_and_then(watch, watched):
    found = []
    for i in range(32):
        (watched / "a").write_bytes(BIG + b"x" * i)
        found.append(watch.look(1, took=0.01))
    assert [i for i, f in enumerate(found) if f] == [10, 20, 30]


def test_numbers_are_for_ever(watch, watched, store):
    (watched / "a").write_bytes(BIG)
    (watched / "b").write_bytes(OTHER)
    watch.look()
    assert watch.look() == [("a", 1), ("b", 2)]
    again = Watch(watched, store)
    assert again.look() == again.look() == []
    (watched / "c").write_bytes(BIG[::-1])
    assert again.look() == []
    assert again.look() == [("c", 3)]


def test_a_number_is_taken_before_the_first_event_is_in(watch, watched, store):
    """Killed while reading: the number is not given to another file."""
    (watched / "b").write_bytes(BIG)
    watch.look(), watch.look(read=False)
    (watched / "a").write_bytes(OTHER)
    again = Watch(watched, store)
    again.look()
    assert again.look() == [("a", 2), ("b", 1)]


def test_renamed_packed_and_copied_files_keep_their_number(watch, watched):
    (watched / "a").write_bytes(BIG)
    watch.look(), watch.look()
    (watched / "a").rename(watched / "a.1")
    (watched / "a").write_bytes(OTHER)
    watch.look()
    assert watch.look() == [("a", 2), ("a.1", 1)]
    (watched / "a.1.gz").write_bytes(gzip.compress((watched / "a.1").read_bytes()))
    (watched / "a.1").unlink()
    watch.look()
    assert watch.look() == [("a.1.gz", 1)]


def test_a_new_file_of_an_old_name_is_new(watch, watched):
    for number, data in enumerate((BIG, OTHER, BIG), start=1):
        (watched / "a").write_bytes(data + b"x" * number)
        watch.look()
        assert watch.look() == [("a", 1 if data is BIG else 2)]


def test_short_files_are_known_by_their_path(watch, watched):
    header = BIG[:24]
    for name in "ab":
        (watched / name).write_bytes(header)
    watch.look()
    assert watch.look() == [("a", 1), ("b", 2)]
    (watched / "a").write_bytes(header + b"a" * 4000)
    (watched / "b").write_bytes(header + b"b" * 4000)
    watch.look()
    assert watch.look() == [("a", 1), ("b", 2)]
    (watched / "b").rename(watched / "c")
    watch.look()
    assert watch.look() == [("c", 2)]


def test_a_file_whose_end_is_not_in_is_read_again_after_a_restart(watch, watched, store):
    (watched / "a").write_bytes(BIG)
    watch.look(), watch.look(ended=False)
    watch.waiting.add(watched / "a")
    assert watch.look(60) == []
    again = Watch(watched, store)
    assert [again.look(), again.look()] == [[], [("a", 1)]]


def test_hidden_unfinished_and_own_files(watched, store):
    for name in ("a", ".hidden", "~lock", "b.tmp", "c.part", "own.db", ".git/config", "deep/d"):
        (watched / name).parent.mkdir(exist_ok=True)
        (watched / name).write_bytes(name.encode() * 1000)
    watch = Watch(watched, store, own=[watched / "own.db"])
    watch.look()
    assert [name for name, _ in watch.look()] == ["a", "d"]


def test_odd_entries(watch, watched):
    os.mkfifo(watched / "pipe")
    (watched / "dangling").symlink_to("nowhere")
    (watched / "loop").symlink_to(watched)
    (watched / os.fsdecode(b"\xff\x1b")).write_bytes(BIG)
    watch.look()
    assert len(watch.look()) == 1
    assert watch.last.sensor == f"folder:{watched}"


def test_a_folder_that_goes_away_and_comes_back(watch, watched):
    (watched / "a").write_bytes(BIG)
    watch.look(), watch.look()
    watched.rename(watched.with_name("away"))
    assert watch.look() == []
    assert watch.folders.missing == {watched}
    watched.with_name("away").rename(watched)
    assert watch.look() == watch.look() == []
    assert not watch.folders.missing


def test_a_file_that_cannot_be_read_is_told_once(watch, watched, monkeypatch):
    (watched / "a").write_bytes(BIG)
    (watched / "b").write_bytes(OTHER)

    def head_of(path, *size):
        if path.name == "a":
            raise PermissionError(13, "Permission denied")
        return real(path, *size)

    real = folders.head_of
    with monkeypatch.context() as patch:
        patch.setattr(folders, "head_of", head_of)
        watch.look()
        assert watch.look() == [("b", 1)]
        assert watch.look() == []
    assert watch.refused == [("a", 13)]
    (watched / "a").write_bytes(BIG * 2)
    watch.look()
    assert watch.look() == [("a", 2)]


def test_numbers_of_events_do_not_meet(watch, watched):
    (watched / "a").write_bytes(BIG)
    (watched / "b").write_bytes(OTHER)
    watch.look(), watch.look()
    b = watch.last
    assert (b.known.number, b.first) == (2, 2 << 27)
    (watched / "b").write_bytes(OTHER * 2)
    watch.look(), watch.look()
    ends = {b.first_of_end, watch.last.first_of_end}
    assert len(ends) == 2
    for end in ends:
        assert (2 << 27) + (1 << 26) <= end < (3 << 27) - (1 << 20)
