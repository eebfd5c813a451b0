"""The file of a backup: what was put in comes out; what is damaged, cut, stuffed or newer is refused."""

import io
import tarfile

import msgspec
import pytest
import zstandard

from engine.backup import archive
from engine.backup.archive import BackupError, Manifest, Member

FILES = {
    "atp.duckdb": b"d" * 3_000_000,
    "instance/ca.pem": b"pem",
    "atp.duckdb.models/r.m/empty.npz": b"",
}


@pytest.fixture
def made(tmp_path):
    files = {}
    for i, (name, data) in enumerate(FILES.items()):
        files[name] = tmp_path / f"in{i}"
        files[name].write_bytes(data)
    path = tmp_path / "b.tar.zst"
    archive.write(path, "1.0", 7, "atp.duckdb", files)
    return path


def test_there_and_back(made, tmp_path):
    (tmp_path / "out").mkdir()
    manifest = archive.unpack(made, tmp_path / "out")
    assert (manifest.release, manifest.made, manifest.database) == ("1.0", 7, "atp.duckdb")
    assert {n: (tmp_path / "out" / n).read_bytes() for n in FILES} == FILES
    assert made.stat().st_mode & 0o077 == 0
    assert archive.verify(made) == manifest


@pytest.mark.parametrize("part", [0.0, 0.3, 0.9, 0.999])
def test_one_that_is_cut_off(made, part):
    data = made.read_bytes()
    made.write_bytes(data[: int(len(data) * part)])
    with pytest.raises(BackupError):
        archive.verify(made)


def test_every_bit_counts(made):
    data = bytearray(made.read_bytes())
    for place in range(20, len(data), max(1, len(data) // 40)):
        data[place] ^= 0x10
        made.write_bytes(data)
        with pytest.raises(BackupError):
            archive.verify(made)
        data[place] ^= 0x10


def stuffed(path, manifest, members):
    """A backup by hand."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for info, data in [("manifest.json", msgspec.json.encode(manifest)), *members]:
            one = info if isinstance(info, tarfile.TarInfo) else tarfile.TarInfo(info)
            one.size = len(data)
            tar.addfile(one, io.BytesIO(data))
    path.write_bytes(zstandard.ZstdCompressor().compress(out.getvalue()))


EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize(
    "name", ["../evil", "/etc/passwd", "a/../../b", ".ssh/keys", "a//b", "a\x00b"]
)
def test_names_that_lead_elsewhere(tmp_path, name):
    path = tmp_path / "b"
    stuffed(path, Manifest(1, "1", 0, "atp.duckdb", (Member(name, 0, EMPTY),)), [])
    (tmp_path / "out").mkdir()
    with pytest.raises(BackupError, match="may not be unpacked"):
        archive.unpack(path, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_link_is_no_file(tmp_path):
    link = tarfile.TarInfo("a")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    stuffed(tmp_path / "b", Manifest(1, "1", 0, "a", (Member("a", 0, EMPTY),)), [(link, b"")])
    with pytest.raises(BackupError, match="missing"):
        archive.verify(tmp_path / "b")


def test_more_than_the_manifest_names(tmp_path):
    stuffed(
        tmp_path / "b", Manifest(1, "1", 0, "a", (Member("a", 0, EMPTY),)), [("a", b""), ("b", b"")]
    )
    with pytest.raises(BackupError, match="more than"):
        archive.verify(tmp_path / "b")


def test_a_newer_one(tmp_path):
    stuffed(tmp_path / "b", {"format": 2, "what": "else"}, [])
    with pytest.raises(BackupError, match="newer release"):
        archive.verify(tmp_path / "b")


def test_a_disk_that_fills_up_leaves_nothing(tmp_path, monkeypatch):
    source = tmp_path / "in"
    source.write_bytes(b"x" * 100)
    monkeypatch.setattr(archive, "verify", lambda p: (_ for _ in ()).throw(OSError(28, "full")))
    with pytest.raises(OSError, match="full"):
        archive.write(tmp_path / "b", "1", 0, "a", {"a": source})
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in"]
