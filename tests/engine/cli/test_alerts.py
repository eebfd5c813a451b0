"""alerts and audit: what people see and decide at the desk, and that the engine carries it out."""

import csv
import io
import json
import sqlite3

import openpyxl
import pyarrow.parquet as pq
import pytest
import yaml

from dsl.schema.dns import DnsQuery
from engine.cli.rules import load_rules
from engine.daemon.folders import Folders
from engine.daemon.service import Service
from engine.run import Engine
from engine.store import Store
from engine.store import alerts as stored
from engine.store.desk import Desk, beside

S = 1_000_000
T = 1_767_614_400_000_000
HOSTILE = "=cmd|'/c calc'!a1"


class House:
    """A daemon's service over a database; between two steps people decide."""

    def __init__(self, tmp_path, rules):
        self.file = tmp_path / "atp.duckdb"
        self.loaded = rules
        self.seq = 0
        self.open()

    def open(self):
        engine = Engine(
            Store(self.file), self.loaded.rules, keep=True, as_written=True,
            compile_detection=self.loaded.compile_detection,
        )  # fmt: skip
        self.engine = engine
        self.service = Service(
            engine, Folders([], engine.store), (), None, quiet=True, desk=Desk(beside(self.file))
        )

    def again(self):
        self.service.close()
        self.open()

    def ask(self, second, source="ws9.corp.test", query="corp.test"):
        self.seq += 1
        self.engine.ingest([
            DnsQuery(ts=T + second * S, sensor="s", seq=self.seq, via="wire", qtype="axfr",
                     query=query, source=source)
        ])  # fmt: skip
        self.service.step()

    def records(self):
        found = stored.all_records(self.engine.store.connection)
        return {r.number: (r.status, r.verdict) for r in found}


@pytest.fixture
def house(tmp_path, rule):
    loaded = load_rules((rule(folder="detections/discovery"),))
    made = House(tmp_path, loaded)
    yield made
    made.service.close()


@pytest.fixture
def alerts(atp, house, monkeypatch):
    monkeypatch.setenv("LOGNAME", "ann")
    monkeypatch.delenv("SUDO_USER", raising=False)

    def run(*args, command="alerts"):
        words = [command, *args[:1], "--database", house.file, *args[1:]]
        return atp(*(words if command == "alerts" else [command, "--database", house.file, *args]))

    return run


def listed(alerts, *args):
    done = alerts("list", "--format", "json", "--status", "any", *args)
    assert done.code == 0, done
    return {a["number"]: (a["status"], a["verdict"], a["assignee"])
            for a in map(json.loads, done.out.splitlines())}  # fmt: skip


def test_closed_while_it_runs(house, alerts):
    house.ask(0)
    house.ask(1, "ws8.corp.test")
    assert listed(alerts) == {1: ("open", None, None), 2: ("open", None, None)}
    done = alerts("close", 1, "--as", "benign", "--note", "our scanner")
    assert (done.code, done.err) == (0, "1 alert: close\n")
    assert listed(alerts)[1] == ("closed", "benign", None)
    # the engine has not heard of it yet: what it tells meanwhile does not open it
    house.engine.ingest([DnsQuery(ts=T, sensor="s", seq=9, via="wire", qtype="axfr", query="b", source="ws9.corp.test")])  # fmt: skip
    house.engine.tick()
    house.service.deliver()
    assert listed(alerts)[1] == ("closed", "benign", None)
    house.service.step()
    assert house.records() == {1: ("closed", "benign"), 2: ("open", None)}
    house.ask(2)
    assert listed(alerts)[3] == ("open", None, None)
    assert alerts("list").out.count("Zone transfer") == 2


def test_closed_while_it_is_stopped_and_not_undone_by_a_start(house, alerts):
    house.ask(0)
    house.service.close()
    assert alerts("close", 1, "--as", "true-positive").code == 0
    assert alerts("assign", 1, "--to", "bob").code == 0
    house.open()
    house.service.step()
    assert house.records() == {1: ("closed", "true_positive")}
    house.again()
    house.service.step()
    assert listed(alerts) == {1: ("closed", "true_positive", "bob")}
    assert alerts("reopen", 1).code == 0
    house.service.step()
    assert house.records() == {1: ("open", None)}


def test_what_is_refused(house, alerts):
    house.ask(0)
    assert alerts("reopen", 1).code == 1
    done = alerts("suppress", 1, 7)
    assert (done.code, done.err) == (1, "warning: there is no alert 7\n1 alert: suppress\n")
    assert "is suppressed" in alerts("suppress", 1).err
    assert alerts("close", "--as", "benign").code == 2
    assert alerts("show", 9).code == 2


def test_all_of_a_detection(house, alerts):
    for n in range(3):
        house.ask(n, f"ws{n}.corp.test")
    alerts("close", 2, "--as", "benign")
    assert alerts("suppress", "--of", "zone_transfers").err == "2 alerts: suppress\n"
    assert [s for s, *_ in listed(alerts).values()].count("suppressed") == 2


def test_deleted_it_is_gone_but_for_the_log(house, alerts):
    house.ask(0, query="secret.corp.test")
    assert alerts("delete", 1, "--yes").code == 0
    assert listed(alerts) == {}
    house.service.step()
    assert house.records() == {1: ("deleted", None)}
    house.again()
    assert listed(alerts) == {}
    data = beside(house.file).read_bytes()
    assert b"secret.corp.test" not in data
    assert "delete alert 1" in alerts(command="audit").out


def test_history_and_audit(house, alerts, tmp_path):
    house.ask(0)
    alerts("comment", 1, "--note", "=1+1")
    alerts("close", 1, "--as", "false-positive", "--note", "why")
    shown = alerts("show", 1).out
    assert "ann: comment =1+1" in shown
    assert "ann: close false_positive why" in shown
    first, second = map(json.loads, alerts("--format", "json", command="audit").out.splitlines())
    assert (first["who"], first["action"], first["object"]) == ("ann", "comment", "1")
    assert second["before"] == {"status": "open", "verdict": None, "assignee": None}
    assert second["after"] == {"status": "closed", "verdict": "false_positive", "assignee": None}
    rows = list(csv.DictReader(io.StringIO(alerts("--format", "csv", command="audit").out)))
    assert [r["note"] for r in rows] == ["'=1+1", "why"]
    with sqlite3.connect(beside(house.file)) as connection:
        for statement in ("DELETE FROM audit", "UPDATE audit SET who = 'x'"):
            with pytest.raises(sqlite3.IntegrityError, match="only grows"):
                connection.execute(statement)
    connection.close()


def test_closed_and_excluded(house, alerts, tmp_path):
    house.ask(0)
    house.ask(1, "ws8.corp.test")
    lists = tmp_path / "lists"
    signed = ("--owner", "ann", "--reason", "our scanner", "--expires", "90d")
    where = ("--detections", tmp_path / "detections", "--into", lists)
    done = alerts("close", 1, "--as", "benign", "--exclude", *signed, *where)
    assert done.code == 0, done
    (entry,) = yaml.safe_load((lists / "zone_transfers.yaml").read_text())["entries"]
    assert entry["owner"] == "ann"
    assert "ws9.corp.test" in str(entry)
    assert listed(alerts)[1] == ("closed", "benign", None)
    assert "excluded in" in alerts("show", 1).out
    assert alerts("close", 2, "--as", "benign", "--exclude", *where).code == 2
    assert listed(alerts)[2] == ("open", None, None)


@pytest.mark.parametrize("form", ["csv", "json", "parquet", "xlsx"])
def test_export(house, alerts, tmp_path, form):
    house.ask(0, "ws9.corp.test", HOSTILE)
    house.ask(1, "ws8.corp.test")
    path = tmp_path / f"out.{form}"
    assert alerts("export", 1, "--into", path).code == 0
    if form == "json":
        (alert,) = json.loads(path.read_bytes())
        assert alert["evidence"][0]["query"] == HOSTILE
    elif form == "parquet":
        (row,) = pq.read_table(path).to_pylist()
        assert (row["number"], json.loads(row["evidence"][0])["query"]) == (1, HOSTILE)
        assert row["first_seen"].year == 2026
    elif form == "csv":
        (row,) = csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8-sig")))
        assert (row["alert_number"], row["query"]) == ("1", f"'{HOSTILE}")
    else:
        book = openpyxl.load_workbook(path)
        assert book.sheetnames == ["Summary", "Related entities", "dns_query"]
        head, row = book["dns_query"].iter_rows(values_only=False)
        cells = {h.value: c for h, c in zip(head, row, strict=True)}
        assert (cells["query"].value, cells["query"].data_type) == (HOSTILE, "s")
    assert alerts("export", "--into", path, "--status", "any").code == 0
    assert alerts("export", "--into", tmp_path / "out.doc").code == 2


def test_a_desk_of_another_database(house, alerts, tmp_path):
    """Neither a lost desk nor one of another database makes alerts stand as others did."""
    house.ask(0)
    house.service.close()
    alerts("close", 1, "--as", "benign")
    house.file.rename(tmp_path / "old.duckdb")
    house.open()
    house.ask(0, "other.corp.test")
    assert house.records() == {1: ("open", None)}
    assert listed(alerts) == {1: ("open", None, None)}
    house.service.close()
    beside(house.file).unlink()
    house.open()
    assert listed(alerts) == {1: ("open", None, None)}


def test_no_desk(atp, database):
    done = atp("alerts", "list", "--database", database)
    assert done.code == 2
    assert "atp-run writes it" in done.err


def test_a_desk_that_cannot_be_written_waits(house, alerts, monkeypatch, capsys):
    house.ask(0)
    with monkeypatch.context() as patch:

        def refuse(*_):
            raise sqlite3.OperationalError("disk I/O error")

        patch.setattr(Desk, "put", refuse)
        house.ask(1, "ws8.corp.test")
        assert "and wait: disk I/O error" in capsys.readouterr().err
        assert len(stored.outbox(house.engine.store.connection)) == 1
    house.service.step()
    assert stored.outbox(house.engine.store.connection) == []
    assert set(listed(alerts)) == {1, 2}
