"""A change that a synchronisation tells and a record or the wire told too is one alert."""

from __future__ import annotations

import itertools

import pytest

from dsl.schema.directory import DirectoryObject, GroupChange
from engine.replay import Setting, replay

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
        name=name, domain="corp.test", created=1, attributes={"sAMAccountName": name},
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
