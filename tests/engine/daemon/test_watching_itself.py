"""The daemon's own health: found, kept at the desk, told by sinks, decided about."""

import json
import shutil
from types import SimpleNamespace

import pytest
from planned import planned

from dsl.schema.kerberos import KerberosAs
from dsl.schema.sensor import SensorHealth
from engine.cli.main import main as atp
from engine.daemon.watching_itself import SelfWatch, sight_of
from engine.run import Engine
from engine.store import Store
from engine.store.desk import Desk, beside
from engine.store.health import standings
from engine.store.spool import Counts

S = 1_000_000
T = 1_767_614_400 * S


class Told:
    """In place of sinks."""

    def __init__(self):
        self.alerts, self.lost = [], 0

    def tell_of_health(self, alert, status):
        self.alerts.append((alert["detection"], alert["severity"], status))

    def counts(self):
        return [Counts("siem", 0, 5, self.lost, 0, "")]


@pytest.fixture
def watch(tmp_path, monkeypatch):
    disk = SimpleNamespace(total=1 << 40, free=1 << 39)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: disk)
    path = tmp_path / "atp.duckdb"
    engine = Engine(Store(path), [], compile_detection=None, keep=True)
    desk, told = Desk(beside(path)), Told()
    made = SelfWatch(engine, tmp_path, desk, told)
    yield SimpleNamespace(engine=engine, desk=desk, told=told, look=made.look, path=path)
    desk.close()
    engine.store.close()


def report(watch, second, seq, **values):
    event = SensorHealth(
        ts=T + second * S, sensor="eth0", seq=seq, kind="loss", via="wire", **values
    )
    watch.engine.ingest([event])


def test_loss_is_found_once_and_over_later(watch):
    report(watch, 0, 1, lost=40)
    assert [s.issue.text for s in watch.look({})] == ["the sensor eth0 left 40 packets unread"]
    report(watch, 60, 2, lost=0)
    assert watch.look({}) == []
    watch.engine.watermarks.now += 3_600 * S
    assert [s.status for s in watch.look({})] == ["closed"]
    assert watch.told.alerts == [
        ("health_dropped_traffic", "medium", "open"), ("health_dropped_traffic", "medium", "closed"),
    ]  # fmt: skip


def test_what_a_sink_lost_before_is_not_told_for_ever(watch):
    watch.told.lost = 3
    assert [s.issue.check for s in watch.look({})] == ["alerts_out"]
    watch.engine.watermarks.now += 3_600 * S
    assert [s.status for s in watch.look({})] == ["closed"]


def test_people_see_it_and_decide(watch, capsys):
    watch.look({"sync dc1": "no \x1b[2J route"})

    def run(*args):
        with pytest.raises(SystemExit) as ended:
            atp([*args, "--database", str(watch.path)])
        return ended.value.code, capsys.readouterr().out

    code, out = run("health", "list", "--format", "json")
    assert (code, json.loads(out)["subject"]) == (1, "sync dc1")
    assert "\x1b" not in run("health", "list")[1]
    assert run("health", "suppress", "inputs", "sync dc1", "--note", "known")[0] == 0
    assert run("health", "list") == (0, "nothing is wrong\n")
    assert run("health", "suppress", "inputs", "sync dc1")[0] == 1
    assert run("health", "close", "inputs", "nobody")[0] == 2
    (one,) = standings(watch.desk).values()
    assert one.status == "suppressed"
    assert "suppress health inputs sync dc1 known" in run("audit", "--format", "text")[1]
    assert watch.look({"sync dc1": "no route"}) == []


def test_the_map_is_drawn_and_kept(watch, capsys):
    """A controller whose traffic nobody captures; a rule that reads it."""
    plan, _ = planned("a = match kerberos_as where outcome == success\nalert a as (source: source)")
    rule = SimpleNamespace(rule=SimpleNamespace(plan=plan))
    watch.engine.running["case"] = rule
    try:
        record = KerberosAs(
            ts=T, sensor="log", seq=1, via="event_4768", dc="dc1.corp.test", dst_is_dc=True
        )
        watch.engine.sight.observe([record])
        watch.engine.watermarks.now = T + S
        watch.look({})
        code, text = run(capsys, "health", "map", "--database", str(watch.path), "--all")
        assert code == 0
        assert "seen   dc1.corp.test case" in text
        watch.engine.watermarks.now = T + 3_600 * S
        told = watch.look({})
        assert [s.issue.subject for s in told if s.issue.check == "blind_cells"] == [
            "dc1.corp.test silent_source"
        ]
        code, text = run(capsys, "health", "map", "--database", str(watch.path))
        assert code == 1
        assert "no sensor captures the traffic of dc1.corp.test" in text
        assert "misses: case" in text
        assert "1 blind" in text
        code, text = run(capsys, "health", "map", "--database", str(watch.path), "--format", "json")
        cell = json.loads(text)
        assert (code, cell["detection"], cell["state"]) == (1, "case", "blind")
        assert {r["cause"] for r in cell["reasons"]} == {"no_capture", "silent_source"}
    finally:
        del watch.engine.running["case"]
    assert sight_of(watch.desk) == watch.engine.sight


def run(capsys, *arguments):
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        atp(arguments, standalone_mode=True)
    return ended.value.code, capsys.readouterr().out
