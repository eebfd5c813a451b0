"""A backup is one moment, whatever is written while it is made."""

import json
import sqlite3

import pytest

from dsl.schema.dns import DnsQuery
from engine import errands
from engine.backup import archive
from engine.errands import Place, RefusedError
from engine.instance.leases import FILE, Leases
from engine.store import Store
from engine.store.desk import Desk, beside
from engine.store.staging import staging

T = 1_795_345_456_000_000


def events(first, number):
    return [
        DnsQuery(ts=T + i, id=i, sensor="s", seq=i, query=f"q{i}")
        for i in range(first, first + number)
    ]


@pytest.fixture
def kept(tmp_path):
    path = tmp_path / "atp.duckdb"
    store, desk = Store(path), Desk(beside(path))
    store.append(events(1, 5000), {"mark": "5000"})
    desk.note("mark", "5000")
    store.parts.add("h", 0, 0, 5000)
    yield path, store, desk
    store.close()
    desk.close()


def count(store):
    return store.connection.execute("SELECT count(*) FROM dns_query").fetchone()[0]


def test_one_moment(kept, tmp_path):
    path, store, desk = kept
    work = errands.begin("backup", Place(store, path, None, T), {"file": str(tmp_path / "b")})
    store.append(events(5001, 100), {"mark": "5100"})
    store.delete_before("dns_query", T + 1000)
    desk.note("mark", "5100")
    store.parts.add("later", 0, 0, 5100)
    store.checkpoint()
    told = json.loads(work())
    assert {f["name"] for f in told["files"]} == {
        "atp.duckdb",
        "atp.duckdb.desk",
        "atp.duckdb.learnt",
    }
    assert not staging(path).exists()
    out = tmp_path / "out"
    out.mkdir()
    archive.unpack(tmp_path / "b", out)
    restored, again = Store(out / path.name), Desk(beside(out / path.name))
    assert (count(restored), restored.state("mark"), again.value("mark")) == (5000, "5000", "5000")
    assert set(restored.parts.progress()) == {"h"}
    assert again.identity == desk.identity
    restored.append(events(6000, 1))  # it is a whole database
    restored.close()
    again.close()
    assert count(store) == 4101


def test_the_instance_is_in_it(kept, tmp_path):
    path, store, _ = kept
    instance = tmp_path / "instance"
    instance.mkdir()
    (instance / "ca-key.pem").write_text("secret")
    portal = path.with_name(f"{path.name}.instance")
    portal.mkdir()
    (portal / "server.pem").write_text("certificate")
    with sqlite3.connect(instance / "sensors.sqlite") as registry:
        registry.execute("CREATE TABLE sensor (name TEXT)")
    (path.parent / "atp.duckdb.settings.yaml").write_text("enabled: {}\n")
    leases = Leases(instance / FILE)
    leases.ask("dc1", "corp.test", T)
    told = json.loads(
        errands.begin("backup", Place(store, path, instance, T), {"file": str(tmp_path / "b")})()
    )
    names = {f["name"] for f in told["files"]}
    assert {
        "instance/ca-key.pem",
        "instance/sensors.sqlite",
        "atp.duckdb.instance/server.pem",
        "instance/leases.sqlite",
        "atp.duckdb.settings.yaml",
    } <= names
    leases.close()
    out = tmp_path / "out"
    out.mkdir()
    archive.unpack(tmp_path / "b", out)
    restored = Leases(out / "instance" / FILE)
    assert [lease.domain for lease in restored.all()] == ["corp.test"]
    assert restored.ask("dc1", "corp.test", T + 61_000_000) == 1
    restored.close()


def test_what_is_refused(kept, tmp_path):
    path, store, _ = kept
    (tmp_path / "there").write_text("x")
    place = Place(store, path, None, T)
    for file, words in ((str(tmp_path / "there"), "there already"), ("here", "no absolute path")):
        with pytest.raises(RefusedError, match=words):
            errands.begin("backup", place, {"file": file})
    errands.begin("backup", place, {"file": str(tmp_path / "there"), "replace": True})()
    assert archive.verify(tmp_path / "there").database == "atp.duckdb"


def test_no_room(kept, tmp_path, monkeypatch):
    path, store, _ = kept
    import shutil

    monkeypatch.setattr(shutil, "disk_usage", lambda p: shutil._ntuple_diskusage(10, 9, 1))
    with pytest.raises(RefusedError, match="MB are free"):
        errands.begin("backup", Place(store, path, None, T), {"file": str(tmp_path / "b")})


def test_a_target_that_cannot_be_written_leaves_nothing(kept, tmp_path):
    path, store, _ = kept
    (tmp_path / "file").write_text("x")
    work = errands.begin(
        "backup", Place(store, path, None, T), {"file": str(tmp_path / "file" / "b")}
    )
    with pytest.raises(RefusedError, match="could not be written"):
        work()
    assert not staging(path).exists()
    store.append(events(9000, 1))  # and the store goes on


def test_duckdb_reaches_no_other_file(kept, tmp_path):
    import duckdb

    _, store, _ = kept
    with pytest.raises(duckdb.Error, match="Cannot access"):
        store.connection.execute(f"ATTACH '{tmp_path / 'other.duckdb'}' AS other")
