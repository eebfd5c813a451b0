"""A change that a synchronisation tells and a record or the wire told too is one alert."""

from __future__ import annotations

import itertools

import pytest

from dsl.schema.directory import DirectoryObject, GroupChange
from engine.replay import Setting, replay
from engine.run import Engine
from engine.store import Store

T = 1_767_614_400_000_000
S = 1_000_000
ADMINS, ALICE = "S-1-5-21-1-2-3-512", "S-1-5-21-1-2-3-1105"
BLOCK = """
added = match group_change where action == member_added and is_sensitive(group)
alert added as (actor: actor, source: source, target: group, member: member)
"""


def thing(kind, sid, name):
    return DirectoryObject(
        ts=T, via="sync", kind=kind, object_guid=sid, object=f"CN={name},DC=corp,DC=test", sid=sid,
        name=name, domain="corp.test", created=1, attributes={"sAMAccountName": name, "objectSid": sid, "objectClass": kind},
    )  # fmt: skip


def synced():
    return GroupChange(
        ts=T + 3 * S, via="sync", group=ADMINS, member=ALICE, action="member_added",
        domain="corp.test", outcome="success",
    )  # fmt: skip


def recorded(member=ALICE, name="Alice"):
    return GroupChange(
        ts=T + 2 * S, via="event_4728", dc="dc1.corp.test", actor=r"CORP\dave",
        group=rf"CORP\Domain Admins|{ADMINS}", member=f"CN={name},DC=corp,DC=test|{member}",
        action="member_added", outcome="success",
    )  # fmt: skip


def alerts(rule_of, *changes):
    state = [thing("group", ADMINS, "Domain Admins"), thing("user", ALICE, "alice")]
    events = [*state, *changes]
    for number, event in enumerate(events, start=1):
        event.sensor, event.seq = f"{event.via}", number
    rule, compiled = rule_of("addition", BLOCK)
    done = replay([rule], events, lambda _: compiled, Setting(step=True))
    return [(a.roles["actor"], a.roles["member"]) for a in done.alerts]


def test_the_directory_alone_suffices(rule_of):
    assert alerts(rule_of, synced()) == [(None, "alice@corp.test")]


@pytest.mark.parametrize("order", list(itertools.permutations(range(2))))
def test_with_a_record_there_is_one_alert_which_knows_the_actor(rule_of, order):
    changes = [synced(), recorded()]
    found = alerts(rule_of, *[changes[i] for i in order])
    assert found == [("dave@corp", "alice@corp.test")]


def test_another_change_is_another_alert(rule_of):
    found = alerts(rule_of, synced(), recorded("S-1-5-21-1-2-3-1106", "Bob"))
    assert len(found) == 2


@pytest.mark.parametrize("order", list(itertools.permutations(range(2))))
def test_a_restart_between_the_two_changes_nothing(rule_of, tmp_path, order):
    rule, compiled = rule_of("addition", BLOCK)
    state = [thing("group", ADMINS, "Domain Admins"), thing("user", ALICE, "alice")]
    changes = [synced(), recorded()]
    for number, batch in enumerate([[*state, changes[order[0]]], [changes[order[1]]]]):
        for place, event in enumerate(batch, start=1):
            event.sensor, event.seq = f"{event.via}", 10 * number + place
        engine = Engine(
            Store(tmp_path / "kept.duckdb"), [rule], compile_detection=lambda _: compiled, keep=True
        )
        engine.ingest(batch)
        engine.tick(final=number == 1)
        found = [
            (a.roles["actor"], a.roles["member"]) for a in engine.alerts() if a.status == "open"
        ]
        counted = engine.store.connection.execute(
            'SELECT via FROM group_change WHERE "primary" ORDER BY via'
        ).fetchall()
        engine.store.close()
    assert counted == [("event_4728",)]
    assert found == [("dave@corp", "alice@corp.test")]


def test_a_change_of_days_ago_is_not_recalled(tmp_path):
    engine = Engine(Store(tmp_path / "kept.duckdb"), [], compile_detection=None, keep=True)
    old, new = recorded(), recorded(name="Bob")
    old.ts -= 86_400_000_000 + S
    for number, event in enumerate((old, new)):
        event.sensor, event.seq = "s", number
    engine.ingest([old, new])
    told = engine.store.latest("group_change", 10, 86_400_000_000)
    assert [e.ts for e in told] == [new.ts]
    assert [e.ts for e in engine.store.latest("group_change", 1, 10**15)] == [new.ts]
    assert engine.store.latest("account_change", 10, 10**15) == []
    engine.store.close()
