"""The engine over time: early alerts, retraction, restart, parameters, the directory's settling."""

import dataclasses
from contextlib import contextmanager
from types import SimpleNamespace

import duckdb
import pytest

from dsl.given_directory import DirectoryObject
from dsl.schema.kerberos import KerberosAs
from dsl.schema.ntlm import NtlmAuth
from dsl.schema.rpc import Replication, RpcBind
from dsl.schema.sensor import SensorHealth
from engine.directory_file import DirectoryFile
from engine.entities import Directory
from engine.entities_build import declare
from engine.entities_rows import FOREVER
from engine.replay import Setting, replay
from engine.report import alert_dict
from engine.run import Engine
from engine.store import Store
from engine.store import alerts as stored

S = 1_000_000
MIN = 60 * S
T = 1_767_614_400_000_000

SPRAY = """
f = match ntlm_auth where outcome == wrong_password
w = window f by source over 10m compute n := count(), names := set(account) having n >= $least
alert w as (source: source, attacked: names) severity case(n > 4 -> high, else low)
"""
LEAST = "params:\n  least: {type: int, default: 3, help: tries}\n"
ABSENT = """
f = match ntlm_auth where outcome == wrong_password
ok = match kerberos_as where outcome == success
a = absence of ok following f by source within 5m
alert a as (source: source, actor: account)
"""
DCSYNC = """
r = match replication where method == "DRSGetNCChanges" and not is_dc(source)
alert r as (source: source, actor: account, target: dc)
"""


class Stream:
    """Events of one sensor, numbered."""

    def __init__(self):
        self.seq = 0

    def __call__(self, kind, ts, source="ws9", **fields):
        self.seq += 1
        return kind(
            ts=T + ts, sensor="s", seq=self.seq, via="wire", domain="x", source=source, **fields
        )

    def wrong(self, ts, account="u1", **fields):
        return self(NtlmAuth, ts, outcome="wrong_password", account=account, **fields)

    def right(self, ts, **fields):
        return self(KerberosAs, ts, outcome="success", account="u1", **fields)


@pytest.fixture
def stream():
    return Stream()


def engine_of(built, store=None, **options):
    rule, compiled = built
    given = {"directory_settled": FOREVER, "as_written": True} | options
    engine = Engine(store or Store(), [rule], compile_detection=lambda _: compiled, **given)
    engine.coverage.declare(["ntlm_auth", "kerberos_as", "replication"])
    return engine


def run(engine, *events, **options):
    engine.ingest(events)
    return [(c.kind, c.alert.number, c.raised) for c in engine.tick(**options)]


def test_a_monotone_alert_comes_at_once_and_rises(rule_of, stream):
    engine = engine_of(rule_of("spray", SPRAY, LEAST))
    assert run(engine, stream.wrong(0), stream.wrong(1)) == []
    assert run(engine, stream.wrong(2, "u2")) == [("opened", 1, False)]
    alert = engine.alerts()[0]
    assert (alert.first_seen, alert.last_seen, alert.severity) == (T, T + 2, "low")
    assert alert.roles == {"source": "ws9", "attacked": ["u1", "u2"]}
    assert run(engine, stream.wrong(3)) == [("updated", 1, False)]
    assert run(engine, stream.wrong(4)) == [("updated", 1, True)]
    assert run(engine) == []
    assert (alert.count, alert.severity, alert.evidence_count) == (3, "high", 5)


def test_an_absence_waits_for_the_watermark(rule_of, stream):
    engine = engine_of(rule_of("absent", ABSENT))
    assert run(engine, stream.wrong(0)) == []
    assert run(engine, stream.wrong(5 * MIN + 59 * S)) == []
    assert run(engine, stream.wrong(6 * MIN, "u2", source="other")) == [("opened", 1, False)]
    assert engine.alerts()[0].last_seen == T + 5 * MIN


def test_an_absence_that_a_late_event_contradicts_is_retracted(rule_of, stream):
    engine = engine_of(rule_of("absent", ABSENT))
    run(engine, stream.wrong(0))
    assert run(engine, stream.wrong(20 * MIN, source="other")) == [("opened", 1, False)]
    assert run(engine, stream.right(MIN)) == [("retracted", 1, False)]
    assert engine.watermarks.late == {"kerberos_as": 1}
    assert engine.alerts()[0].status == "retracted"


def test_blindness_withholds_an_absence(rule_of, stream):
    engine = engine_of(rule_of("absent", ABSENT))
    gap = SensorHealth(
        ts=T + 3 * MIN, kind="gap", activity="kerberos_as", from_ts=T + MIN, to_ts=T + 2 * MIN
    )
    assert run(engine, stream.wrong(0), gap, final=True) == []


def test_a_restart_neither_loses_nor_repeats(rule_of, stream, tmp_path):
    built = rule_of("spray", SPRAY, LEAST)
    path = tmp_path / "store.duckdb"

    def reopened():
        return engine_of(built, Store(path), keep=True)

    events = [stream.wrong(i) for i in range(6)]
    engine = reopened()
    engine.ingest(events[:2])
    engine.tick()
    engine.ingest(events[2:3])
    engine.store.close()

    engine = reopened()
    assert run(engine) == [("opened", 1, False)]
    first = engine.alerts()[0].id
    engine.store.close()

    engine = reopened()
    assert engine.ingest(events[:3]) == 0
    assert run(engine) == []
    assert run(engine, *events[3:]) == [("updated", 1, True)]
    alert = engine.alerts()[0]
    assert (alert.id, alert.count, alert.evidence_count) == (first, 4, 6)
    assert [e.seq for e in engine.store.events(alert.evidence)] == [1, 2, 3, 4, 5, 6]
    later = stream.wrong(3 * 24 * 60 * MIN)
    assert run(engine, later) == []
    assert engine.alerts() == []
    engine.store.close()

    engine = reopened()
    more = [stream.wrong(3 * 24 * 60 * MIN + i) for i in (1, 2)]
    assert run(engine, *more) == [("opened", 2, False)]
    engine.store.close()


def test_a_rule_that_came_with_an_upgrade_judges_what_comes_after(rule_of, stream, tmp_path):
    path = tmp_path / "store.duckdb"
    before = engine_of(rule_of("absent", ABSENT), Store(path), keep=True)
    run(before, *[stream.wrong(i) for i in range(4)])
    before.store.close()

    engine = engine_of(rule_of("spray", SPRAY, LEAST), Store(path), keep=True)
    assert run(engine) == []
    assert run(engine, stream.wrong(4)) == [("opened", 1, False)]
    alert = engine.alerts()[0]
    assert (alert.count, alert.evidence_count) == (1, 5)
    engine.store.close()


def test_an_alert_keeps_its_evidence_when_events_go(rule_of, stream, tmp_path):
    engine = engine_of(rule_of("spray", SPRAY, LEAST), Store(tmp_path / "s.duckdb"), keep=True)
    run(engine, *[stream.wrong(i) for i in range(3)])
    engine.store.delete_before("ntlm_auth", T + MIN)
    copies = stored.evidence(engine.store.connection, 1)
    assert len(copies) == 3
    assert all('"type":"ntlm_auth"' in text for text in copies.values())
    (record,) = stored.all_records(engine.store.connection)
    assert record == engine.alerts()[0]
    engine.store.close()


def test_a_changed_parameter_holds_for_later_rows(rule_of, stream):
    built = rule_of("spray", SPRAY, LEAST)
    stricter = rule_of("spray", SPRAY, LEAST.replace("3", "5"))
    engine = engine_of(built)
    engine._compile = lambda plan: stricter[1] if dict(plan.params)["least"] == 5 else built[1]
    run(engine, *[stream.wrong(i) for i in range(3)])
    engine.change(stricter[0])
    assert run(engine, stream.wrong(10)) == []
    assert engine.alerts()[0].params == {"least": 3}
    assert run(engine, stream.wrong(11)) == [("updated", 1, True)]
    assert engine.alerts()[0].params == {"least": 5}
    assert run(engine, stream.wrong(1)) == [("updated", 1, False)]


def test_detections_are_replaced_while_the_engine_runs(rule_of, stream, tmp_path):
    built, other = rule_of("spray", SPRAY, LEAST), rule_of("absent", ABSENT)
    engine = engine_of(built, Store(tmp_path / "store.duckdb"), keep=True)
    assert run(engine, *[stream.wrong(i) for i in range(3)]) == [("opened", 1, False)]
    engine.put_rules([other[0]], lambda _: other[1])
    assert run(engine, stream.wrong(3)) == []
    assert list(engine.running) == ["absent"]
    engine.put_rules(
        [built[0], other[0]], lambda plan: {"spray": built, "absent": other}[plan.id][1]
    )
    # what came while it was gone is not judged, what it told goes on
    assert run(engine) == []
    assert run(engine, stream.wrong(4)) == [("updated", 1, True)]
    assert engine.alerts()[0].count == 2


def test_another_title_is_told_from_then_on(rule_of, stream):
    rule, compiled = rule_of("spray", SPRAY, LEAST)
    engine = engine_of((rule, compiled))
    renamed = dataclasses.replace(rule.envelope, title="Another")
    engine.put_rules([dataclasses.replace(rule, envelope=renamed)], lambda _: compiled)
    assert engine.running["spray"].rule.envelope.title == "Another"
    assert len(engine.running["spray"].generations) == 1


def test_a_negative_fact_waits_for_the_directory(rule_of):
    stream, options = Stream(), {"directory_settled": None, "as_written": False}
    engine = engine_of(rule_of("dcsync", DCSYNC), **options)

    def pull(ts, src="10.0.0.66"):
        return stream(
            Replication, ts, None, method="DRSGetNCChanges", src_ip=src, dst_ip="10.0.0.10"
        )

    assert run(engine, pull(0)) == []
    assert run(engine, pull(10 * MIN)) == []
    assert run(engine, pull(15 * MIN)) == [("opened", 1, False)]
    assert engine.alerts()[0].confidence == 40
    engine.directory_settled = T + 5 * MIN
    assert run(engine) == [("updated", 1, True)]
    assert engine.alerts()[0].confidence == 80


def test_a_controller_learnt_later_takes_the_alert_back(rule_of):
    stream, options = Stream(), {"directory_settled": FOREVER, "as_written": False}
    engine = engine_of(rule_of("dcsync", DCSYNC), **options)
    ticket = {"result": "none", "outcome": "success", "realm": "CORP.LAB.TEST"}
    pull = stream(
        Replication, 0, None, method="DRSGetNCChanges", src_ip="10.0.0.11", dst_ip="10.0.0.10"
    )
    other = stream(KerberosAs, MIN, None)
    assert run(engine, pull, other) == [("opened", 1, False)]
    serves = stream(KerberosAs, MIN, None, src_ip="10.0.0.9", dst_ip="10.0.0.10", **ticket)
    back = stream(RpcBind, MIN, None, interface="drsuapi", src_ip="10.0.0.10", dst_ip="10.0.0.11")
    assert run(engine, serves, back) == [("retracted", 1, False)]


def test_declared_controllers_replicate_in_peace(rule_of):
    directory = Directory()
    declare(
        directory,
        [DirectoryObject("host", "dc2.x", {"tags": ("dc",)}, addresses=("10.0.0.11",))],
    )
    engine = engine_of(rule_of("dcsync", DCSYNC), directory=directory, as_written=False)
    events = [
        Replication(ts=T, method="DRSGetNCChanges", src_ip=ip, dst_ip="10.0.0.10", via="wire")
        for ip in ("10.0.0.11", "10.0.0.66")
    ]
    assert run(engine, *events) == []
    assert run(engine, KerberosAs(ts=T + MIN, via="wire")) == [("opened", 1, False)]
    assert engine.alerts()[0].roles["source"] == "ip:10.0.0.66"


def test_the_alert_as_json(rule_of, stream):
    rule, _ = built = rule_of("spray", SPRAY, LEAST)
    engine = engine_of(built)
    run(engine, *[stream.wrong(i) for i in range(3)])
    alert = engine.alerts()[0]
    shown = alert_dict(alert, rule.envelope, engine.store.events(alert.evidence))
    assert shown["first_seen"] == "2026-01-05T12:00:00.000000Z"
    assert (shown["source"], shown["actor"], shown["target"]) == ("ws9", None, None)
    assert shown["explanation"] == "ws9 did it"
    assert shown["params"] == {"least": 3}
    assert [(e["type"], e["account"]) for e in shown["evidence"]] == [("ntlm_auth", "u1")] * 3


def test_a_detection_that_fails_is_named_and_made_up_for(rule_of, stream):
    rule, compiled = rule_of("spray", SPRAY, LEAST)

    class Broken:
        needs = ()
        look_back = 0
        owner = ""

        def rows(self, connection, lo, hi, *_):
            raise duckdb.OutOfRangeException("too much")

    engine = engine_of((rule, compiled))
    running = engine.running["spray"]
    whole = running.generations
    broken = SimpleNamespace(alerts=[Broken()], learnings=(), protection=None)
    running.generations = [dataclasses.replace(whole[0], compiled=broken)]
    assert run(engine, *[stream.wrong(i) for i in range(3)]) == []
    assert engine.faults == {"spray": "too much"}
    running.generations = whole
    assert run(engine) == [("opened", 1, False)]
    assert engine.faults == {}


CHAIN = """
a = match alert where detection == "spray" let all_of := "x"
w = window a by all_of over 1h compute n := count(), hit := set(source) having n >= 2
alert w as (source: hit, what: all_of) dedup 1d by what
"""


def test_a_detection_may_read_alerts(rule_of, stream):
    built, chain = rule_of("spray", SPRAY, LEAST), rule_of("chain_of_alerts", CHAIN)
    compiled = {b[0].plan.id: b[1] for b in (built, chain)}
    engine = Engine(
        Store(),
        [chain[0], built[0]],
        compile_detection=lambda plan: compiled[plan.id],
        directory_settled=FOREVER,
        as_written=True,
    )
    assert run(engine, *[stream.wrong(i) for i in range(4)]) == [("opened", 1, False)]
    more = [stream.wrong(MIN + i, source="ws8") for i in range(3)]
    assert run(engine, *more) == [("opened", 2, False), ("opened", 3, False)]
    assert engine.alerts()[2].roles == {"source": ["ws8", "ws9"], "what": "x"}
    late = stream.wrong(1, source="ws8")
    assert run(engine, late) == [("updated", 2, False), ("updated", 3, False)]
    assert len(engine.store.events(engine.alerts()[2].evidence)) == 2


def test_a_recording_ends_before_its_absences(rule_of, stream):
    rule, compiled = rule_of("absent", ABSENT)
    wrong, other = stream.wrong(0), stream.wrong(6 * MIN, source="other")

    def sources(*events, **given):
        setting = Setting(DirectoryFile((), ()), as_written=True, **given)
        done = replay([rule], events, lambda _: compiled, setting)
        return [a.roles["source"] for a in done.alerts]

    assert sources(wrong) == []
    assert sources(wrong, other) == ["ws9"]
    assert sources(wrong, other, step=True) == ["ws9"]
    assert sources(wrong, covered=["kerberos_as"]) == ["ws9"]


def test_a_flood_is_summed_up_and_survives_a_restart(rule_of, stream, tmp_path):
    built, path = rule_of("spray", SPRAY, LEAST), tmp_path / "store.duckdb"
    engine = engine_of(built, Store(path), keep=True)
    run(engine, *[stream.wrong(i * 1000) for i in range(900)])
    run(engine, *[stream.wrong(5 * MIN + i) for i in range(3)])
    held = next(iter(engine.running["spray"].rows.held.values()))
    assert held.count() == 3
    run(engine, stream.wrong(500))
    assert [(a.count, a.evidence_count) for a in engine.alerts()] == [(901, 904)]
    engine.store.close()
    engine = engine_of(built, Store(path), keep=True)
    assert run(engine) == []
    assert run(engine, stream.wrong(6 * MIN)) == [("updated", 1, False)]
    assert engine.alerts()[0].count == 902
    engine.store.close()


def test_who_has_nothing_to_ask_is_brought_up_to_date_however_little_time_there_is(rule_of, stream):
    """Its windows wait for wrong passwords: what else comes costs it no turn, and it owes nothing."""
    engine = engine_of(rule_of("spray", SPRAY, LEAST))
    engine.turns.turn = never
    (running,) = engine.running.values()
    run(engine, stream(NtlmAuth, 0, outcome="success", account="u1"), seconds=1)
    assert running.owed is None
    run(engine, stream.wrong(S), seconds=1)
    assert running.owed == (T + S, T + S)
    assert run(engine, stream.wrong(2 * S), seconds=1) == []
    del engine.turns.turn
    assert run(engine, stream.wrong(3 * S), seconds=1) == [("opened", 1, False)]


@contextmanager
def never(_name, _line=0, *, free=False):
    """No turn for who needs one."""
    yield free
