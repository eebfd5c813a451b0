"""A synchronised directory in the engine: entities in time, nested groups, restarts, one alert."""

from __future__ import annotations

import pytest

from dsl.schema.directory import DirectoryObject
from engine.entities import Directory
from engine.entities_membership import Memberships
from engine.entities_rows import FOREVER, DirMember, DirObject, Step, in_steps
from engine.store import Store, facts

DOMAIN = "S-1-5-21-1-2-3"
CORP = "corp.test"
FIRST, LATER = 1_000, 2_000


def thing(rid, kind="user", name=None, ts=FIRST, **more):
    name = name or f"u{rid}"
    whose = f"{DOMAIN}-{rid}"
    attributes = {
        "sAMAccountName": name,
        "objectClass": kind,
        "objectSid": whose,
        **more.pop("attributes", {}),
    }
    if "primary_group" in more:
        attributes["primaryGroupID"] = str(more["primary_group"])
    return DirectoryObject(
        ts=ts, via="sync", kind=kind, object_guid=f"g{rid}", object=f"CN={name},DC=corp,DC=test",
        sid=whose, name=name, domain=CORP,
        created=more.pop("created", 10), deleted=False, attributes=attributes, **more,
    )  # fmt: skip


def root():
    return DirectoryObject(
        ts=FIRST, kind="domain", object_guid="root", object="DC=corp,DC=test", sid=DOMAIN,
        domain=CORP, attributes={"maxTicketAge": "-360000000000"},
    )  # fmt: skip


def sid(rid):
    return f"{DOMAIN}-{rid}"


class World:
    """A directory and a store that follow versions of objects."""

    def __init__(self, *events):
        self.directory = Directory()
        self.store = Store()
        self.apply(*events)

    def apply(self, *events):
        for event in events:
            self.directory.synced.apply(event)
        rows = self.directory.take_rows()
        if rows is not None:
            facts.put_directory(self.store.connection, rows)

    def again(self):
        """After a restart."""
        self.directory = Directory()
        self.directory.synced.restore(*facts.synced(self.store.connection))
        self.apply()

    def rows(self, query, *values):
        return self.store.connection.execute(query, list(values)).fetchall()

    def groups(self, member, ts):
        found = self.rows(
            "SELECT DISTINCT group_key FROM dir_member "
            "WHERE member_key = ? AND valid_from <= ? AND ? < valid_to", f"{member}@{CORP}", ts, ts,
        )  # fmt: skip
        return sorted(key.partition("@")[0] for (key,) in found)

    def object(self, key, ts, column):
        found = self.rows(
            f"SELECT {column} FROM dir_object WHERE key = ? AND valid_from <= ? AND ? < valid_to",
            key, ts, ts,
        )  # fmt: skip
        return [value for (value,) in found]


ADMINS = thing(512, "group", "Domänen-Admins", members=[sid(1200)])
NESTED = thing(1200, "group", "helpers", members=[sid(1105)])


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (2, 0, 3, 1)])
def test_nesting_does_not_depend_on_the_order_of_reading(order):
    events = [root(), ADMINS, NESTED, thing(1105, primary_group=513)]
    world = World(*[events[i] for i in order], thing(513, "group", "Domain Users"))
    assert world.groups("u1105", FIRST) == ["domain admins", "domain users", "helpers"]
    assert world.object(f"u1105@{CORP}", FIRST, "sensitive") == [True]
    assert world.object(f"u1105@{CORP}", FIRST, "admin") == [True]


def test_a_member_comes_and_goes_in_time():
    world = World(root(), ADMINS, NESTED, thing(1105), thing(1106))
    world.apply(
        thing(1200, "group", "helpers", ts=LATER, members=[sid(1106)], members_lost=[sid(1105)])
    )
    assert world.groups("u1105", LATER - 1) == ["domain admins", "helpers"]
    assert world.groups("u1105", LATER) == []
    assert world.groups("u1106", LATER - 1) == []
    assert world.groups("u1106", LATER) == ["domain admins", "helpers"]
    for user, before, after in (("u1105", True, False), ("u1106", False, True)):
        assert world.object(f"{user}@{CORP}", LATER - 1, "sensitive") == [before]
        assert world.object(f"{user}@{CORP}", LATER, "sensitive") == [after]


def test_the_inner_group_leaves_and_takes_its_members_along():
    world = World(root(), ADMINS, NESTED, thing(1105))
    world.apply(thing(512, "group", "Domänen-Admins", ts=LATER, members_lost=[sid(1200)]))
    assert world.groups("u1105", LATER) == ["helpers"]
    assert world.object(f"u1105@{CORP}", LATER, "sensitive") == [False]


def test_cycles_of_groups_end():
    graph = Memberships()
    for group, member in (("a", "b"), ("b", "c"), ("c", "a"), ("a", "u")):
        graph.change(group, [member])
    assert graph.groups("u") == {"a", "b", "c"}
    assert graph.groups("a") == {"b", "c"}
    graph.change("c", (), ["a"])
    assert graph.groups("u") == {"a"}


def test_a_rename_ends_one_name_and_begins_another():
    world = World(root(), ADMINS, NESTED, thing(1105, spns=["HTTP/web"]))
    world.apply(thing(1105, name="eve", ts=LATER, spns=["HTTP/web"]))
    assert world.object(f"u1105@{CORP}", LATER - 1, "name") == ["u1105"]
    assert world.object(f"u1105@{CORP}", LATER, "name") == []
    assert world.object(f"eve@{CORP}", LATER, "previous_names") == [["u1105"]]
    assert world.groups("eve", LATER) == ["domain admins", "helpers"]
    assert world.groups("u1105", LATER) == []
    assert world.directory.account(sid(1105)) == f"eve@{CORP}"
    assert world.directory.spn_account("http/web") == f"eve@{CORP}"


def test_a_deleted_account_is_known_and_in_no_group():
    world = World(root(), ADMINS, NESTED, thing(1105, primary_group=1200))
    gone = thing(1105, ts=LATER, attributes={"isDeleted": "TRUE"})
    gone.deleted = True
    world.apply(gone)
    assert world.object(f"u1105@{CORP}", LATER, "deleted") == [LATER]
    assert world.groups("u1105", LATER) == []
    assert world.groups("u1105", LATER - 1) == ["domain admins", "helpers"]


def test_controllers_and_their_hosts():
    world = World(
        root(),
        thing(1000, "computer", "DC1$", uac=["server_trust_account"], spns=["DNS/dc1.corp.test"],
              attributes={"dNSHostName": "DC1.corp.test"}, addresses=["10.0.0.1"]),
        thing(1001, "computer", "WS1$", attributes={"dNSHostName": "ws1.corp.test"}),
    )  # fmt: skip
    directory = world.directory
    assert directory.is_dc("dc1.corp.test", LATER)
    assert not directory.is_dc("ws1.corp.test", LATER)
    assert world.object("dc1.corp.test", LATER, "tags") == [["dc", "dns_server"]]
    assert directory.host("ip:10.0.0.1", LATER) == "dc1.corp.test"
    assert not directory.learn_role("ws1.corp.test", "kdc", LATER)
    assert directory.domains[CORP].ticket_lifetime == 36_000_000_000


def test_foreign_members_and_distinguished_names():
    foreign = "S-1-5-21-7-7-7-1500"
    world = World(
        root(),
        thing(1200, "group", "helpers", members=[foreign, "S-1-5-11", "cn=U1105,dc=corp,dc=test"]),
    )
    assert world.groups("u1105", FIRST) == []
    world.apply(thing(1105))
    assert world.groups("u1105", FIRST) == ["helpers"]
    keys = {k for (k,) in world.rows("SELECT member_key FROM dir_member")}
    assert keys == {foreign.lower(), "authenticated users", f"u1105@{CORP}"}


def test_a_restart_goes_on_from_what_is_stored():
    world = World(
        root(), ADMINS, NESTED, thing(1105, primary_group=513), thing(513, "group", "Domain Users")
    )
    before = (
        world.rows("SELECT * FROM dir_object ORDER BY ALL"),
        world.rows("SELECT * FROM dir_member ORDER BY ALL"),
    )
    world.again()
    after = (
        world.rows("SELECT * FROM dir_object ORDER BY ALL"),
        world.rows("SELECT * FROM dir_member ORDER BY ALL"),
    )
    assert before == after
    world.apply(thing(1200, "group", "helpers", ts=LATER, members_lost=[sid(1105)]))
    assert world.groups("u1105", LATER) == ["domain users"]
    assert world.groups("u1105", LATER - 1) == ["domain admins", "domain users", "helpers"]


def test_tags_by_hand_are_added_also_after_a_restart():
    world = World(root(), thing(1105))
    assert world.object(f"u1105@{CORP}", LATER, "tags") == [[]]
    world.directory = Directory()
    world.directory.declare(DirObject(key=f"u1105@{CORP}", kind="account", tags=("honeytoken",)))
    world.directory.synced.restore(*facts.synced(world.store.connection))
    world.apply()
    assert world.object(f"u1105@{CORP}", LATER, "tags") == [["honeytoken"]]


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([(1, True)], [(1, FOREVER)]),
        ([(1, True), (5, False)], [(1, 5)]),
        ([(1, True), (5, False), (7, True)], [(1, 5), (7, FOREVER)]),
        ([(5, True), (1, True)], [(1, FOREVER)]),
        ([(5, True), (5, False)], []),
    ],
)
def test_steps_of_one_thing(steps, expected):
    row = DirMember("g", "m")
    begin, rows = in_steps([Step(ts, row if there else None) for ts, there in steps])
    assert begin == min(ts for ts, _ in steps)
    assert [(r.valid_from, r.valid_to) for r in rows] == expected
