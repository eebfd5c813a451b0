"""A file is known by what it begins with."""

import gzip
import os

import pytest

from engine.daemon.identity import WHOLE, head_of


def head(path, data, size=WHOLE):
    path.write_bytes(data)
    return head_of(path, size)


DATA = os.urandom(5000)


def test_growth_and_packing_change_nothing(tmp_path):
    one = head(tmp_path / "a", DATA)
    assert one.whole
    assert head(tmp_path / "b", DATA + b"more") == one
    assert head(tmp_path / "c", gzip.compress(DATA)) == one
    assert head(tmp_path / "d", b"x" + DATA) != one


@pytest.mark.parametrize("size", [0, 1, 100, 1023])
def test_short_files_are_no_identity(tmp_path, size):
    one = head(tmp_path / "a", DATA[:size])
    assert (one.whole, one.size) == (False, size)
    assert head(tmp_path / "a", DATA, size) == one


def test_gzip_that_is_cut_or_none(tmp_path):
    packed = gzip.compress(DATA)
    assert head(tmp_path / "a", packed[:20]).digest
    assert head(tmp_path / "a", b"\x1f\x8bnothing").digest


def evtx(first, chunks, count):
    """The headers of a log as they change while it grows, and its first record."""
    file = b"ElfFile\0" + count.to_bytes(8, "little") * 2
    chunk = b"ElfChnk\0" + count.to_bytes(8, "little")
    record = b"\x2a\x2a\0\0" + (200).to_bytes(4, "little") + first
    return file.ljust(4096, b"\0") + chunk.ljust(512, b"\0") + record.ljust(65536 * chunks, b"\0")


def test_a_log_of_windows_is_known_by_its_first_record(tmp_path):
    one = head(tmp_path / "a", evtx(b"first-record-time", 1, 5))
    assert one.whole
    assert head(tmp_path / "b", evtx(b"first-record-time", 3, 900)) == one
    assert head(tmp_path / "c", evtx(b"other-record-time", 1, 5)) != one
