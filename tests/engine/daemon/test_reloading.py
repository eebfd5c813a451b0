"""What was loaded beside the engine comes in force; settings that nobody named lie beside the database."""

import threading
from types import SimpleNamespace

from engine.daemon.reloading import Paths, Reloading, installation, own_settings, with_own


class Engine:
    def __init__(self):
        self.put = []

    def put_rules(self, rules, _):
        self.put.append(rules)

    def put_lists(self, *_):
        pass


def _loaded(name):
    return SimpleNamespace(
        rules=(name,), lists=frozenset(), rows=(), in_force=name, compile_detection=None
    )


def _reloading(engine, at, load=lambda _: _loaded("read anew")):
    return Reloading(
        engine, threading.Event(), at, "before", lambda: at, load, lambda _: None, quiet=True
    )


def test_settings_beside_the_database_count_where_others_are_not_named(tmp_path):
    database, named = tmp_path / "atp.duckdb", tmp_path / "named.yaml"
    own = own_settings(database)
    assert with_own(Paths((), None, ()), database).settings is None
    own.write_text("detections: {}\n")
    assert with_own(Paths((), None, ()), database).settings == own
    assert with_own(Paths((), named, ()), database).settings == named


def test_what_was_loaded_elsewhere_is_put_in_force_with_its_settings(tmp_path):
    engine = Engine()
    one = _reloading(engine, Paths((), None, ()))
    of = installation(one, tmp_path / "atp.duckdb")
    assert (of.settings, of.settings_file) == (None, tmp_path / "atp.duckdb.settings.yaml")
    of.take(_loaded("taken"))
    one.step()
    assert engine.put == [("taken",)]
    assert one.at.settings == of.settings_file
    assert one.lists_asked.is_set(), "lists may have changed meanwhile"


def test_what_is_read_anew_is_newer_than_what_was_loaded(tmp_path):
    engine = Engine()
    one = _reloading(engine, Paths((tmp_path,), None, ()))
    installation(one, tmp_path / "atp.duckdb").take(_loaded("taken"))
    one._asked.set()
    one.step()
    one.step()
    assert engine.put == [("read anew",)]
