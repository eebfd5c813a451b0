"""Files of earlier releases are brought forward and keep what they held; those of newer ones are refused."""

import sqlite3

import duckdb
import pytest
import zstandard

from engine.instance.registry import Registry, RegistryError
from engine.store import Store
from engine.store.database import SCHEMA, NewerDatabaseError, schema_of
from engine.store.desk import Desk
from engine.store.health import standings
from engine.store.parts import Parts
from engine.store.requests import waiting
from engine.store.spool import Spool
from sensor.delivery.spool import Spool as SensorSpool
from sensor.delivery.spool import SpoolError
from sensor.delivery.versions import NewerFileError, bring_forward, version
from sensor.inputs.directory.mirror import Mirror

OPENS = {
    "desk": (Desk, sqlite3.Error),
    "spool": (Spool, sqlite3.Error),
    "learnt": (Parts, sqlite3.Error),
    "registry": (Registry, RegistryError),
    "sensor_spool": (lambda p: SensorSpool(p, 1 << 20, 3600), SpoolError),
    "mirror": (lambda p: Mirror(p, "sync:corp"), sqlite3.Error),
}


@pytest.fixture
def old(root, tmp_path):
    """Unpack a file of an earlier release; its path."""

    def unpack(name):
        packed = (root / "tests" / "data" / "releases" / f"{name}.zst").read_bytes()
        path = tmp_path / name
        path.write_bytes(zstandard.ZstdDecompressor().decompressobj().decompress(packed))
        return path

    return unpack


def number(path):
    with sqlite3.connect(path) as connection:
        return version(connection)


@pytest.mark.parametrize("name", OPENS)
def test_a_file_of_sqlite_bears_its_version_then(old, name):
    path = old(name)
    assert number(path) == 0
    opens, _ = OPENS[name]
    for _ in range(2):
        opens(path).close()
        assert number(path) > 0


@pytest.mark.parametrize("name", OPENS)
def test_a_file_of_a_newer_release_is_refused_and_left_alone(old, name):
    path = old(name)
    opens, error = OPENS[name]
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
        tables = connection.execute("SELECT sql FROM sqlite_master ORDER BY name").fetchall()
    with pytest.raises(error, match="newer release wrote it"):
        opens(path)
    with sqlite3.connect(path) as connection:
        assert (
            connection.execute("SELECT sql FROM sqlite_master ORDER BY name").fetchall() == tables
        )


def test_the_desk(old):
    desk = Desk(old("desk"))
    assert desk.alert(6)["assignee"] == "eve"
    assert [(e.who, e.action) for e in desk.audit()] == [("hanna", "assign")]
    assert (standings(desk), waiting(desk)) == ({}, [])
    desk.close()


def test_the_spool(old):
    spool = Spool(old("spool"))
    assert [w.id for w in spool.first("siem")] == ["owner.4"]
    assert spool.posted("siem", "report.x", 1) is False
    assert spool.posted("siem", "report.x", 1) is True
    spool.close()


def test_what_profiles_learnt_in_another_format_is_learnt_anew(old):
    parts = Parts(old("learnt"))
    assert parts.progress() == {}
    parts.add("hash", 0, 0, 0)
    assert set(parts.progress()) == {"hash"}
    parts.close()


def test_the_registry(old):
    registry = Registry(old("registry"))
    assert registry.is_access_key("-JZZoZcGFZRNof8PhU90JFJ4-9NvvCVTtWlCvtz6rP8")
    assert [s.name for s in registry.sensors()] == ["dc1"]
    registry.close()


def test_the_spool_of_a_sensor(old):
    spool = SensorSpool(old("sensor_spool"), 1 << 20, 3600)
    assert [body for _, body in spool.first(1 << 20, 10)] == [b"body"]
    spool.close()


def test_the_copy_of_a_directory(old):
    mirror = Mirror(old("mirror"), "sync:corp")
    assert mirror.bookmark("dc=corp", "usn") == b"77"
    mirror.close()


def test_the_database(old):
    path = old("store")
    store = Store(path)
    assert store.state("ingest/last") == "50"
    found = store.events([50])
    assert [e.query for e in found] == ["q49.corp.test"]
    assert store.connection.execute("SELECT count(*) FROM dir_entry").fetchone() == (0,)
    assert schema_of(store.connection) == SCHEMA
    store.append(found)
    store.close()
    past = Store(path, until=2**62)
    assert past.span() is not None
    past.close()


@pytest.mark.parametrize("until", [None, 2**62])
def test_a_database_of_a_newer_release(old, until):
    path = old("store")
    Store(path).close()
    with duckdb.connect(str(path)) as connection:
        connection.execute("UPDATE state SET value = '99' WHERE key = 'schema'")
    with pytest.raises(NewerDatabaseError, match="newer release wrote it"):
        Store(path, until=until)


def test_a_step_that_fails_leaves_the_file_as_it_was(tmp_path):
    path = tmp_path / "f"
    connection = sqlite3.connect(path, isolation_level=None)
    bring_forward(connection, ["CREATE TABLE a (x)"])
    with pytest.raises(sqlite3.Error, match="no such table"):
        bring_forward(connection, ["", "CREATE TABLE b (x); INSERT INTO missing VALUES (1)"])
    assert version(connection) == 1
    assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("a",)]
    with pytest.raises(NewerFileError):
        bring_forward(connection, [])
    connection.close()
