"""The service: every change to every sink once, complaints not for ever."""

import errno
import json
import threading
from types import SimpleNamespace

import click
import duckdb
import pytest

from dsl.schema.dns import DnsQuery
from engine.cli import corpus
from engine.cli.rules import load_rules
from engine.daemon import main, service
from engine.daemon.folders import Folders
from engine.daemon.service import Service
from engine.run import Engine
from engine.sinks.jsonl import JsonLines
from engine.store import alerts as stored


@pytest.fixture
def rules(tmp_path, atp_run):
    return load_rules((tmp_path / "rules",))


@pytest.fixture
def make(tmp_path, watched, store, rules, capsys):
    """A service over the store; its alerts file is opened anew."""
    made = []

    def start(loaded=rules, **kw):
        engine = Engine(
            store, loaded.rules if loaded else (), compile_detection=rules.compile_detection, keep=True
        )  # fmt: skip
        if made:
            made.pop().close()
        made.append(JsonLines(tmp_path / "alerts.jsonl"))
        one = Service(engine, Folders([watched], store), (), made[-1], **kw)
        one.engine = engine
        return one

    yield start
    for lines in made:
        lines.close()


def alert(engine, seq=1):
    engine.ingest([DnsQuery(ts=seq * 10**13, sensor="s", seq=seq, src_ip="10.0.0.1", qtype="axfr", query="a.test", via="wire")])  # fmt: skip
    assert engine.tick(final=True)


def lines(tmp_path):
    return [json.loads(line) for line in (tmp_path / "alerts.jsonl").read_text().splitlines()]


def waiting(store):
    return [c.seq for c in stored.outbox(store.connection)]


def test_a_change_is_written_then_forgotten(make, store, tmp_path, capsys):
    one = make()
    alert(one.engine)
    assert waiting(store) == [1]
    one.deliver()
    assert waiting(store) == []
    (line,) = lines(tmp_path)
    assert (line["change"], line["kind"], line["source"]) == (1, "opened", "ip:10.0.0.1")
    assert "Zone transfer" in capsys.readouterr().out
    one.deliver()
    assert len(lines(tmp_path)) == 1


def test_killed_between_the_file_and_the_outbox(make, store, tmp_path, monkeypatch):
    one = make()
    alert(one.engine)
    with monkeypatch.context() as patch:
        patch.setattr(stored, "delivered", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            one.deliver()
    again = make()
    again.deliver()
    assert waiting(store) == []
    assert [c["change"] for c in lines(tmp_path)] == [1]
    alert(again.engine, seq=2)
    again.deliver()
    assert [c["change"] for c in lines(tmp_path)] == [1, 2]


def test_an_alerts_file_of_another_database(make, store, tmp_path):
    old = '{"change":57,"kind":"opened","id":"x"}\n{"change":1,"kind":"opened","id":"y"}\n'
    (tmp_path / "alerts.jsonl").write_text(old)
    one = make()
    alert(one.engine)
    one.deliver()
    assert [c["change"] for c in lines(tmp_path)] == [57, 1, 1]


def test_a_file_that_cannot_be_written(make, store, tmp_path, monkeypatch, capsys):
    one = make()
    alert(one.engine)

    def refuse(_self):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(JsonLines, "sync", refuse)
        one.deliver()
        one.deliver()
    told = "warning: the alerts cannot be written and wait: No space left on device\n"
    seen = capsys.readouterr()
    assert (seen.err, seen.out) == (told, "")
    assert waiting(store) == [1]
    one.deliver()
    assert waiting(store) == []
    assert [c["change"] for c in lines(tmp_path)] == [1]
    assert "Zone transfer" in capsys.readouterr().out


def test_a_detection_that_is_gone(make, store, tmp_path):
    one = make()
    alert(one.engine)
    again = make(loaded=None)
    again.deliver()
    assert waiting(store) == []
    assert lines(tmp_path) == []


def test_quiet(make, capsys):
    one = make(quiet=True)
    alert(one.engine)
    one.deliver()
    assert capsys.readouterr().out == ""


def test_a_terminal_that_went_away(make, store, tmp_path, monkeypatch):
    one = make()
    shown = []

    def echo(text):
        shown.append(text)
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")

    monkeypatch.setattr(click, "echo", echo)
    monkeypatch.setattr(service.output, "drop_results", lambda: None)
    for seq in (1, 2):
        alert(one.engine, seq)
        one.deliver()
    assert len(shown) == 1
    assert [c["change"] for c in lines(tmp_path)] == [1, 2]


def test_complaints_are_told_once_until_they_change(make, monkeypatch, capsys):
    one = make()
    now = [1000.0]
    monkeypatch.setattr(service.time, "monotonic", lambda: now[0])
    for number, seconds in ((1, 0), (1, 1), (2, 1), (2, 60), (2, 60)):
        now[0] += seconds
        one._tell("dropped", f"{number} dropped")
    one._tell("dropped", "")
    one._tell("dropped", "2 dropped")
    told = capsys.readouterr().err.splitlines()
    assert told == ["warning: 1 dropped", "warning: 2 dropped", "warning: 2 dropped"]


def test_faults_of_detections_are_told(make, capsys):
    one = make()
    one.engine.faults["zone_transfers"] = "Out of Memory\nSELECT"
    one._complain()
    told = "warning: the detection `zone_transfers` could not be computed: Out of Memory\n"
    assert capsys.readouterr().err == told


def test_a_folder_that_is_missing_is_told(make, watched, capsys):
    one = make()
    watched.rmdir()
    one.step()
    one.step()
    assert capsys.readouterr().err == f"warning: {watched} is not there; waiting for it\n"


def test_house_is_kept(make, store, monkeypatch):
    one = make()
    old = [DnsQuery(ts=1, id=5, sensor="s", seq=9)]
    store.append(old)
    one._keep_house()
    assert store.newest("dns_query") is None


def test_a_database_that_fails_ends_it(capsys):
    class Failing:
        erasure = None

        def step(self):
            raise duckdb.IOException("disk full\nmore")

    with pytest.raises(SystemExit) as ended:
        main._run(Failing(), SimpleNamespace(step=lambda: None), threading.Event())
    assert ended.value.code == 2
    assert capsys.readouterr().err == (
        "error: the database failed: disk full\n  = hint: start again when that is mended\n"
    )


def test_shipped_rules_can_be_loaded(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert len(load_rules(()).rules) > 10
    assert corpus.SHIPPED.is_dir()
