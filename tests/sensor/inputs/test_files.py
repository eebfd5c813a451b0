"""One front for captures and logs; folders; names of sensors; what only holds at the end."""

import gzip
import os
from pathlib import Path

import pytest
from pcap_file import pcap_bytes, read_pcap

from sensor.inputs.files import files_in, read_file, sensor_names


@pytest.fixture(scope="module")
def packets(root):
    return read_pcap(root / "examples" / "intrusion.pcap.gz")[:300]


@pytest.fixture(scope="module")
def records(root):
    return (root / "examples" / "events.xml").read_bytes()


def read(path, **kw):
    found = []
    return read_file(path, found.append, **kw), found


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("name", ["a.pcap", "a.xml", "a"])
def test_content_decides(tmp_path, packets, records, name, packed):
    for data, kind in ((pcap_bytes(packets), "capture"), (records, "log")):
        (tmp_path / name).write_bytes(gzip.compress(data) if packed else data)
        summary, found = read(tmp_path / name)
        assert (summary.kind, summary.damages, summary.fault) == (kind, [], None)
        assert summary.units >= 50
        assert found
        assert {e.sensor for e in found} == {f"file:{name}"}


@pytest.mark.parametrize(
    "data", [b"", b"hello", b"\x1f\x8bx", b"{}", b"\xd4\xc3\xb2\xa1", b"\0" * 5000]
)
def test_unknown_content(tmp_path, data):
    (tmp_path / "x").write_bytes(data)
    summary, found = read(tmp_path / "x")
    assert (summary.kind, summary.units, found) == ("unknown", 0, [])
    assert summary.damages[0].reason


def test_a_capture_without_packets_is_one(tmp_path):
    (tmp_path / "x").write_bytes(pcap_bytes([]))
    summary, found = read(tmp_path / "x")
    assert (summary.kind, summary.units, summary.damages, found) == ("capture", 0, [], [])


def test_what_cannot_be_opened(tmp_path):
    for name in ("none", "."):
        with pytest.raises(OSError):
            read(tmp_path / name)


def test_the_sensor_may_be_named(tmp_path, packets, records):
    for data in (pcap_bytes(packets), records):
        (tmp_path / "x").write_bytes(data)
        assert {e.sensor for e in read(tmp_path / "x", sensor="tap 1")[1]} == {"tap 1"}


def test_progress_is_told_and_may_end_it(tmp_path, packets, records):
    class EnoughError(Exception):
        pass

    for data in (pcap_bytes(packets), records):
        (tmp_path / "x").write_bytes(data)
        told = []
        read(tmp_path / "x", progress=lambda *a: told.append(a))
        assert told[-1] == (len(data), len(data))
        assert told == sorted(told)

        def stop(done, size):
            raise EnoughError

        with pytest.raises(EnoughError):
            read(tmp_path / "x", progress=stop)


def growing(whole, cut):
    """Events of a file before and after its end is reached, at two lengths."""
    path = cut
    path.write_bytes(whole)
    before, after = [], []
    into = before

    def at_end():
        nonlocal into
        into = after

    read_file(path, lambda e: into.append(e), at_end=at_end)
    return before, after


@pytest.mark.parametrize("share", [0.1, 0.33, 0.5, 0.77, 0.99])
def test_events_before_the_end_stay_as_a_file_grows(tmp_path, packets, records, share):
    """A growing file is read again and again: what has a number keeps it."""
    for whole in (pcap_bytes(packets), records):
        one, end = growing(whole[: int(len(whole) * share)], tmp_path / "x")
        two, _ = growing(whole, tmp_path / "x")
        assert two[: len(one)] == one
        assert [e.seq for e in one] == [e.seq for e in two[: len(one)]]
        assert end


def test_files_of_folders(tmp_path):
    for name in ("b/2.pcap", "b/1.pcap", "a.pcap", "b/deep/3.pcap"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "b" / "loop").symlink_to(tmp_path)
    (tmp_path / "dangling").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe")
    listed = ["a.pcap", "b/1.pcap", "b/2.pcap", "b/deep/3.pcap"]
    assert list(files_in([tmp_path])) == [tmp_path / n for n in listed]
    twice = [tmp_path / "a.pcap", tmp_path, tmp_path / "b" / ".." / "a.pcap"]
    assert [p.name for p in files_in(twice)] == ["a.pcap", "1.pcap", "2.pcap", "3.pcap"]


@pytest.mark.parametrize(
    ("files", "names"),
    [
        (["x/a.pcap"], ["file:a.pcap"]),
        (["x/a.pcap", "y/b.pcap"], ["file:a.pcap", "file:b.pcap"]),
        (["/x/a.pcap", "/y/a.pcap"], ["file:a.pcap in /x", "file:a.pcap in /y"]),
        ([os.fsdecode(b"\xff.pcap")], ["file:\\xff.pcap"]),
    ],
)
def test_names_of_sensors(files, names):
    paths = [Path(f) for f in files]
    assert [sensor_names(paths)[p] for p in paths] == names
