"""Synchronisation against a server made of dictionaries: what is told, remembered and taken up again."""

from __future__ import annotations

import struct
import uuid

import pytest

from dsl.schema.directory import AccountChange, DirectoryObject, GroupChange

pytest.importorskip("ldap3")

from sensor.inputs.directory.delta import merged
from sensor.inputs.directory.mirror import Mirror
from sensor.inputs.directory.passes import Passes
from sensor.inputs.directory.server import Found, RefusedError, Root, ServerError
from sensor.inputs.directory.values import entry_of, extended_dn, member_of

CONTEXT = "DC=corp,DC=test"


def raw_sid(rid):
    return bytes([1, 5, 0, 0, 0, 0, 0, 5]) + struct.pack("<5I", 21, 1, 2, 3, rid)


def guid(rid):
    return str(uuid.UUID(int=rid))


def user(rid, name, **more):
    raw = {
        "objectClass": [b"top", b"user"], "objectGUID": [uuid.UUID(int=rid).bytes_le],
        "objectSid": [raw_sid(rid)], "sAMAccountName": [name.encode()],
        **{k: [v] if isinstance(v, bytes) else v for k, v in more.items()},
    }  # fmt: skip
    return Found(f"<GUID={guid(rid)}>;<SID=S-1-5-21-1-2-3-{rid}>;CN={name},{CONTEXT}", raw)


def member(rid):
    return f"<GUID={guid(rid)}>;<SID=S-1-5-21-1-2-3-{rid}>;CN=x,{CONTEXT}".encode()


class Fake:
    """A server with a list of answers to DirSync, or objects with USNs; `right`: to replicate."""

    def __init__(self, invocation="one", *, right=True):
        self.root = Root(CONTEXT, "", "dc1.corp.test", invocation)
        self.right = right
        self.address = "10.0.0.1"
        self.answers = []
        self.objects = {}
        self.usn = 0
        self.asked = []

    def changes(self, context, filter_, attributes, cookie):
        del context, filter_, attributes
        if not self.right:
            raise RefusedError("insufficientAccessRights", no_right=True)
        self.asked.append(cookie)
        found = self.answers.pop(0) if self.answers else []
        if isinstance(found, ServerError):
            raise found
        return found, b"cookie%d" % len(self.asked), bool(self.answers)

    def write(self, found):
        self.usn += 1
        self.objects[extended_dn(found.dn)[0]] = self.usn, found

    def described(self, base, filter_, attributes):
        del base, attributes
        self.asked.append(filter_)
        low = int(filter_.partition("uSNChanged>=")[2].partition(")")[0] or 0)
        return iter(
            [
                Found(found.dn, {"nTSecurityDescriptor": [b"\1" + bytes(19)]})
                for usn, found in self.objects.values()
                if usn >= low
            ]
        )

    def highest_usn(self):
        return self.usn

    def search(self, base, filter_, attributes, *, deleted=False):
        del base, deleted
        self.asked.append(filter_)
        if attributes == ["whenChanged"]:
            return iter(())
        low = int(filter_.partition("uSNChanged>=")[2].partition(")")[0] or 0)
        return iter([found for usn, found in self.objects.values() if usn >= low])


def told(mirror, after=0):
    """What waits to be taken, in short."""
    found = []
    for event in mirror.waiting(after, 1000):
        match event:
            case DirectoryObject():
                found.append(("is", event.name))
            case AccountChange():
                found.append((event.action, event.account[-4:]))
            case GroupChange():
                found.append((event.action, event.member[-4:]))
            case _:
                found.append((event.op, event.attribute, event.value))
    return found


def passes(mirror):
    return Passes(mirror, CONTEXT, lambda: False)


def test_dirsync_tells_versions_first_and_changes_then():
    server, mirror = Fake(), Mirror(None, "s")
    look = passes(mirror)
    server.answers = [[user(1105, "alice", title=b"x")], [user(1106, "bob")]]
    assert look.look(server) == 2
    assert told(mirror) == [("is", "alice"), ("is", "bob")]
    server.answers = [[Found(user(1105, "alice").dn, {"title": [b"y"]})]]
    look.look(server)
    assert told(mirror, 2) == [("is", "alice"), ("replace", "title", "y")]
    server.answers = [[Found(user(1105, "alice").dn, {"title": []})]]
    look.look(server)
    assert told(mirror, 4) == [("is", "alice"), ("delete", "title", "y")]
    assert look.look(server) == 0
    assert server.asked == [b"", b"cookie1", b"cookie2", b"cookie3", b"cookie4"]


def test_an_ordinary_user_goes_by_usn_and_another_server_is_read_whole():
    one, mirror = Fake(right=False), Mirror(None, "s")
    look = passes(mirror)
    one.write(user(1105, "alice"))
    one.write(user(1106, "bob"))
    assert look.look(one) == 2
    assert look.look(one) == 0
    one.write(user(1105, "alice", title=b"x"))
    assert look.look(one) == 1
    assert told(mirror, 2) == [("is", "alice"), ("add", "title", "x")]
    two = Fake("two", right=False)
    two.write(user(1105, "alice", title=b"z"))
    assert look.look(two) == 2
    assert told(mirror, 4) == [
        ("is", "alice"), ("replace", "title", "z"), ("is", "bob"), ("delete", None, None), ("deleted", "1106"),
    ]  # fmt: skip


def test_a_cookie_that_a_server_does_not_take_is_given_up():
    server, mirror = Fake(), Mirror(None, "s")
    look = passes(mirror)
    server.answers = [[user(1105, "alice")]]
    look.look(server)
    server.answers = [RefusedError("unwillingToPerform", no_right=False), [user(1105, "alicia")]]
    look.look(server)
    assert server.asked[-1] == b""
    assert ("renamed", "1105") in told(mirror, 1)


def test_members_are_differences():
    server, mirror = Fake(), Mirror(None, "s")
    look = passes(mirror)
    group = user(1200, "helpers", **{"objectClass": [b"group"], "member;range=1-1": [member(1105)]})
    server.answers = [[group]]
    look.look(server)
    delta = {"member;range=1-1": [member(1106)], "member;range=0-0": [member(1105)]}
    server.answers = [[Found(group.dn, delta)]]
    look.look(server)
    assert told(mirror, 1) == [
        ("is", "helpers"),
        ("member_removed", "1105"),
        ("member_added", "1106"),
    ]


def test_what_nobody_took_is_sent_again_under_the_same_numbers(tmp_path):
    path = tmp_path / "mirror"
    server, mirror = Fake(), Mirror(path, "s")
    server.answers = [[user(1105, "alice"), user(1106, "bob")]]
    passes(mirror).look(server)
    mirror.stored(1)
    mirror.close()
    again = Mirror(path, "s", 1)
    assert [e.seq for e in again.waiting(0, 10)] == [2]
    assert not again.forgotten
    again.close()
    assert Mirror(path, "s", 0).forgotten
    other = Mirror(path, "t")
    assert (other.waiting(0, 10), other.forgotten, other.guids(CONTEXT)) == ([], False, set())


def test_a_fault_in_the_middle_leaves_nothing_half():
    server, mirror = Fake(), Mirror(None, "s")
    server.answers = [[user(1105, "alice")], ServerError("gone")]
    with pytest.raises(ServerError):
        passes(mirror).look(server)
    server.answers = [[user(1106, "bob")]]
    passes(mirror).look(server)
    assert server.asked[-1] == b"cookie1"
    assert told(mirror) == [("is", "alice"), ("is", "bob")]


def test_descriptors_are_read_of_all_once_and_then_of_what_was_written():
    server, mirror = Fake(right=False), Mirror(None, "s")
    look = passes(mirror)
    server.write(user(1105, "alice"))
    server.write(user(1106, "bob"))
    look.look(server)
    assert look.descriptors(server) == 2
    assert told(mirror, 2) == [("is", "alice"), ("is", "bob")]  # versions, and no change
    assert mirror.get(guid(1105)).first("nTSecurityDescriptor") == ""
    asked = len(server.asked)
    assert look.descriptors(server) == 0
    assert len(server.asked) == asked
    server.write(user(1105, "alice", title=b"x"))
    look.look(server)
    assert mirror.get(guid(1105)).attributes.keys() >= {"title", "nTSecurityDescriptor"}
    look.descriptors(server)
    assert "uSNChanged>=3" in server.asked[-1]


def test_an_object_that_is_not_there_yet_is_described_later():
    server, mirror = Fake(right=False), Mirror(None, "s")
    look = passes(mirror)
    server.write(user(1105, "alice"))
    assert look.descriptors(server) == 0
    look.look(server)
    assert look.descriptors(server) == 1
    server.write(user(1107, "never"))
    for _ in range(3):
        look.descriptors(server)
    asked = len(server.asked)
    look.descriptors(server)
    assert len(server.asked) == asked  # it is of no class that is synchronised


def test_attributes_that_are_newly_asked_for_are_no_changes():
    server, mirror = Fake(), Mirror(None, "s")
    server.answers = [[user(1105, "alice", title=b"x"), user(1106, "bob")]]
    passes(mirror).look(server)
    with mirror.transaction():
        mirror.mark(CONTEXT, "asked", b"less")
    server.answers = [ServerError("gone")]
    with pytest.raises(ServerError):  # and a restart in the middle
        passes(mirror).look(server)
    server.answers = [[user(1105, "alice", title=b"y", dSHeuristics=b"1"), user(1106, "bob")]]
    passes(mirror).look(server)
    assert server.asked[:3] == [b"", b"", b""]
    assert mirror.bookmark(CONTEXT, "grown") is None
    assert told(mirror, 2) == [("is", "alice"), ("replace", "title", "y")]
    assert mirror.get(guid(1105)).first("dSHeuristics") == "1"


@pytest.mark.parametrize(
    ("dn", "expected"),
    [
        (
            "<GUID=0e000000-0000-0000-0000-00000000000a>;<SID=S-1-5-21-1-2-3-4>;CN=x,DC=y",
            "S-1-5-21-1-2-3-4",
        ),
        (
            "<SID=010500000000000515000000010000000200000003000000f4010000>;CN=x",
            "S-1-5-21-1-2-3-500",
        ),
        ("CN=S-1-5-11,CN=ForeignSecurityPrincipals,DC=y", "S-1-5-11"),
        ("CN=x,DC=y", "CN=x,DC=y"),
        ("<SID=zz>;CN=x,DC=y", "CN=x,DC=y"),
    ],
)
def test_members_are_known_by_their_sid(dn, expected):
    assert member_of(dn) == expected


def test_hostile_entries_do_no_harm():
    entry = entry_of(
        "<GUID=zz>;" + "CN=x" * 9_000,
        {"title": [b"\xff" * 9_000], "unicodePwd": [b"x"], "X": [b"y"]},
    )
    assert len(entry.dn) <= 8_192
    assert set(entry.attributes) == {"title"}
    assert len(entry.attributes["title"][0]) <= 4_096
    assert merged("CN=x", {"member;range=9-0": [b"CN=y"]}, None).attributes == {"member": ["CN=y"]}
