"""erase: nothing of a person is left in any file but those that are named; others stay."""

import sqlite3

import msgspec
import pytest

from dsl.schema.directory import GroupChange
from dsl.schema.kerberos import KerberosAs
from dsl.schema.ldap import LdapBind
from engine.daemon.erasing import carry_out
from engine.daemon.errands import Errands
from engine.daemon.mirroring import Mirror
from engine.directory_file import read_directory_file
from engine.entities_build import directory_of
from engine.errands import Place
from engine.report import alert_dict
from engine.run import Engine
from engine.store import Store
from engine.store.alerts import evidence, outbox
from engine.store.desk import Desk, beside
from engine.store.spool import Spool
from engine.store.spool import beside as spool_beside

T = 1_795_345_456_000_000
DIRECTORY = """\
domains: [{name: corp.lab.test, netbios: CORP}]
hosts:
  - {name: dc1, addresses: [10.0.0.10], tags: [dc]}
accounts: [{name: hanna.berg, tags: [sensitive]}, {name: eve}]
groups: [{name: helpdesk, members: [hanna.berg, eve]}]
"""
RULE = """\
atp: 1
id: clear
version: 1
title: Clear
severity: high
confidence: 80
kill_chain: credential_access
mitre: [T1110]
description: |
  A rule of the tests.
false_positives: [none]
known_gaps: [none]
detect: |
  clear = match ldap_bind where mechanism == simple
  usual = profile of clear by source bucket 1d over 30d learn who := set(account)
  alert clear as (actor: account, source: source, target: dc) dedup 24h by actor
explain: "{{ actor }} from {{ source }}"
tests:
  - name: nothing
    given: [{dns_query: {query: a}}]
    expect: []
"""


@pytest.fixture
def database(tmp_path):
    """A database with alerts of two people, told at the desk and waiting in the spool."""
    from engine.cli.rules import load_rules

    (tmp_path / "d.yaml").write_text(DIRECTORY)
    declared, problems = read_directory_file(tmp_path / "d.yaml")
    assert problems == []
    rules = tmp_path / "rules" / "credential_access"
    rules.mkdir(parents=True)
    (rules / "clear.yaml").write_text(RULE)
    loaded = load_rules((tmp_path / "rules",))
    path = tmp_path / "atp.duckdb"
    engine = Engine(
        Store(path), loaded.rules, compile_detection=loaded.compile_detection,
        directory=directory_of(declared), keep=True,
    )  # fmt: skip
    wire = {"via": "wire", "outcome": "success", "src_ip": "10.0.0.1", "dst_ip": "10.0.0.10"}
    events = [
        KerberosAs(ts=T, account_name="hanna.berg", realm="CORP.LAB.TEST", **wire),
        LdapBind(ts=T + 1, account="CORP\\hanna.berg", bind_name="CORP\\hanna.berg", mechanism="simple", **wire),
        LdapBind(ts=T + 2, account="CORP\\eve", bind_name="CORP\\eve", mechanism="simple", **wire),
        GroupChange(ts=T + 3, action="member_added", group="CORP\\helpdesk", member="CORP\\hanna.berg",
                    actor="CORP\\eve", via="event_4728", dc="dc1.corp.lab.test"),
    ]  # fmt: skip
    for i, event in enumerate(events):
        event.sensor, event.seq = "s", i
    engine.ingest(events)
    engine.tick()
    desk = Desk(beside(path))

    def tell(record):
        copies = evidence(engine.store.connection, record.number)
        found = [msgspec.json.decode(copies[i]) for i in record.evidence if i in copies]
        return alert_dict(record, loaded.rules[0].envelope, found)

    mirror = Mirror(engine, desk, tell)
    changes = [(c, tell(c.alert)) for c in outbox(engine.store.connection)]
    assert len(changes) == 2
    mirror.take(changes)
    spool = Spool(spool_beside(path))
    for change, alert in changes:
        spool.put("siem", str(change.seq), 1, "opened", msgspec.json.encode(alert))
    spool.close()
    number = next(c.alert.number for c, a in changes if "hanna" in str(a["actor"]))
    desk.decide(number, "comment", "eve", T, note="I asked hanna.berg@corp.lab.test")
    desk.close()
    engine.store.parts.add("h", 0, 0, 0)
    parts = [[b"hanna.berg@corp.lab.test", b"x"], [msgspec.msgpack.encode(("ws1",)), b"y"]]
    key = msgspec.msgpack.encode(("hanna.berg@corp.lab.test",))
    data = msgspec.msgpack.encode([0, 1, 1, 1, 1, [], [["hanna.berg@corp.lab.test", 1]]])
    del parts
    engine.store.parts.put(
        1, [(key, 0, 0, 0, data), (msgspec.msgpack.encode(("ws1",)), 0, 0, 0, data)]
    )
    engine.store.checkpoint()
    engine.store.close()
    return path


def bytes_of(folder):
    return {p.name: p.read_bytes().lower() for p in folder.rglob("*") if p.is_file()}


def test_nothing_is_left(atp, database, tmp_path):
    for name in ("d.yaml", "rules/credential_access/clear.yaml"):
        (tmp_path / name).unlink()
    before = bytes_of(tmp_path)
    assert any(b"hanna" in data for data in before.values())
    done = atp("erase", "hanna.berg@corp.lab.test", "--database", database, "--yes")
    assert (done.code, done.err) == (0, "")
    after = bytes_of(tmp_path)
    assert [name for name, data in after.items() if b"hanna" in data] == []
    assert any(b"eve@corp.lab.test" in data for data in after.values())


def test_what_remains(atp, database):
    assert atp("erase", "hanna.berg@corp.lab.test", "--database", database, "--yes").code == 0
    store = Store(database)
    ask = store.connection.execute
    assert ask("SELECT account FROM ldap_bind").fetchall() == [("eve@corp.lab.test",)]
    assert ask("SELECT count(*) FROM kerberos_as").fetchone() == (0,)
    assert ask("SELECT count(*) FROM dir_object WHERE key = 'eve@corp.lab.test'").fetchone() != (0,)
    assert ask("SELECT DISTINCT member_key FROM dir_member").fetchall() == [("eve@corp.lab.test",)]
    store.close()
    desk = Desk(beside(database))
    alerts = [desk.alert(n) for n in (1, 2)]
    actors = sorted(str(a["actor"]).partition("-")[0] for a in alerts)
    assert actors == ["erased", "eve@corp.lab.test"]
    assert all(a["evidence_count"] == 1 and len(a["evidence"]) == 1 for a in alerts)
    lines = list(desk.audit())
    assert [line.action for line in lines] == ["comment", "erase"]
    assert lines[0].note.startswith("I asked erased-")
    with pytest.raises(sqlite3.Error, match="only grows"):
        desk.connection.execute("DELETE FROM audit")
    desk.close()
    with sqlite3.connect(f"{database}.learnt") as learnt:
        assert len(learnt.execute("SELECT * FROM part").fetchall()) == 1


def test_an_engine_goes_on_with_what_remains(atp, database, tmp_path):
    from engine.cli.rules import load_rules

    loaded = load_rules((tmp_path / "rules",))
    assert atp("erase", "hanna.berg@corp.lab.test", "--database", database, "--yes").code == 0
    engine = Engine(
        Store(database), loaded.rules, compile_detection=loaded.compile_detection, keep=True
    )
    engine.tick()
    assert sorted(c.alert.number for c in outbox(engine.store.connection)) == [1, 2]
    engine.store.close()


def test_without_yes_nothing_changes(atp, database, tmp_path):
    before = bytes_of(tmp_path)
    done = atp("erase", "hanna.berg@corp.lab.test", "--database", database)
    assert done.code == 0
    assert "1 rows of ldap_bind" in done.out
    assert "nothing was erased" in done.out
    after = bytes_of(tmp_path)
    kept = {n: d for n, d in before.items() if n.endswith((".desk", ".spool"))}
    assert {n: after[n] for n in kept} == kept
    store = Store(database)
    assert store.connection.execute("SELECT count(*) FROM ldap_bind").fetchone() == (2,)
    store.close()


def test_asked_of_a_daemon(spawn, database):
    """As atp-run does it: it ends, erases and answers; what it told last stays told."""
    store, desk = Store(database), Desk(beside(database))
    errands = Errands(lambda: Place(store, database, None, T), desk)
    asked = spawn("erase", "hanna.berg@corp.lab.test", "--database", str(database))
    while asked.poll() is None:
        errands.step()
    assert errands.erasure is None
    assert b"nothing was erased" in asked.communicate()[0]
    asked = spawn("erase", "hanna.berg@corp.lab.test", "--database", str(database), "--yes")
    while errands.erasure is None:
        errands.step()
    errands.close()
    store.close()
    desk.close()
    carry_out(database, errands.erasure)
    out, err = asked.communicate(timeout=30)
    assert (asked.returncode, err) == (0, b"")
    assert b"1 rows of ldap_bind" in out
    desk = Desk(beside(database))
    assert [e.who for e in desk.audit() if e.action == "erase"] != []
    assert desk.connection.execute("SELECT count(*) FROM request").fetchone() == (0,)
    desk.close()
