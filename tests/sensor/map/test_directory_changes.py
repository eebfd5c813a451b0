"""Two versions of an entry, and what is told of the difference."""

from __future__ import annotations

import pytest

from dsl.schema.directory import AccountChange, DirectoryChange, GroupChange
from sensor.map.directory.changes import changes
from sensor.map.directory.entry import Entry, filetime, flags, generalized_time, interval

DN = "CN=Alice,OU=Staff,DC=corp,DC=test"
SID = "S-1-5-21-1-2-3-1105"
USER = {"objectClass": ["top", "person", "user"], "objectSid": [SID], "sAMAccountName": ["alice"]}
GROUP = {"objectClass": ["top", "group"], "objectSid": [SID], "sAMAccountName": ["admins"]}


def entry(base, dn=DN, **more):
    attributes = {**base, **{k.replace("_", "-"): v for k, v in more.items()}}
    return Entry("g", dn, {k: v for k, v in attributes.items() if v})


def told(old, new):
    """Facts in short."""
    found = []
    for event in changes(old, new, 5):
        assert (event.ts, event.via, event.domain, event.outcome) == (
            5,
            "sync",
            "corp.test",
            "success",
        )
        match event:
            case GroupChange():
                found.append((event.action, event.group, event.member))
            case AccountChange():
                more = (event.uac_added, event.uac_removed, event.new_name, event.value)
                found.append((event.action, event.account, *[m for m in more if m]))
            case DirectoryChange():
                found.append((event.op, event.attribute, event.value, event.old_value))
    return found


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (entry(USER), entry(USER), []),
        (entry(USER), entry(USER, title=["boss"]), [("add", "title", "boss", None)]),
        (entry(USER, title=["x"]), entry(USER, title=["y"]), [("replace", "title", "y", "x")]),
        (entry(USER, title=["x"]), entry(USER), [("delete", "title", "x", None)]),
        (
            entry(USER, servicePrincipalName=["a/1", "a/2"]),
            entry(USER, servicePrincipalName=["a/2", "a/3"]),
            [("delete", "servicePrincipalName", "a/1", None), ("add", "servicePrincipalName", "a/3", None)],
        ),
        (
            entry(USER, userAccountControl=["512"]),
            entry(USER, userAccountControl=["4194818"]),
            [
                ("replace", "userAccountControl", "4194818", "512"),
                ("disabled", SID, ["accountdisable", "dont_req_preauth"]),
            ],
        ),
        (
            entry(USER, pwdLastSet=["132000000000000000"]),
            entry(USER, pwdLastSet=["133000000000000000"]),
            [("password_changed", SID)],
        ),
        (entry(USER, pwdLastSet=["132000000000000000"]), entry(USER, pwdLastSet=["0"]), []),
        (entry(USER, lastLogonTimestamp=["1"]), entry(USER, lastLogonTimestamp=["2"]), []),
        (entry(USER, lockoutTime=["0"]), entry(USER, lockoutTime=["133000000000000000"]), [("locked", SID)]),
        (entry(USER), entry(USER, sIDHistory=["S-1-5-21-9-9-9-500"]), [
            ("add", "sIDHistory", "S-1-5-21-9-9-9-500", None), ("sid_history_added", SID, "S-1-5-21-9-9-9-500"),
        ]),
        (entry(USER), entry(USER, sAMAccountName=["eve"]), [
            ("replace", "sAMAccountName", "eve", "alice"), ("renamed", SID, "eve"),
        ]),
        (entry(USER), entry(USER, "CN=Alice,DC=corp,DC=test"), [("replace", None, "CN=Alice,DC=corp,DC=test", DN)]),
        (None, entry(USER, title=["x"]), [
            ("add", None, None, None), ("created", SID),
            ("add", "sAMAccountName", "alice", None), ("add", "title", "x", None),
        ]),
        (entry(USER), entry(USER, isDeleted=["TRUE"]), [("delete", None, None, None), ("deleted", SID)]),
        (entry(USER, isDeleted=["TRUE"]), entry(USER, isDeleted=["TRUE"], title=["x"]), []),
        (None, entry(USER, isDeleted=["TRUE"]), []),
        (
            entry(GROUP, member=["S-1-5-21-1-2-3-1", "S-1-5-21-1-2-3-2"]),
            entry(GROUP, member=["S-1-5-21-1-2-3-2", "S-1-5-21-1-2-3-3"]),
            [("member_removed", SID, "S-1-5-21-1-2-3-1"), ("member_added", SID, "S-1-5-21-1-2-3-3")],
        ),
        (entry(GROUP), entry(GROUP, isDeleted=["TRUE"]), [("delete", None, None, None), ("group_deleted", SID, None)]),
    ],
)  # fmt: skip
def test_what_is_told(old, new, expected):
    assert told(old, new) == expected


@pytest.mark.parametrize(
    ("read", "text", "expected"),
    [
        (generalized_time, "20260102030405.0Z", 1767323045000000),
        (generalized_time, "nonsense", None),
        (filetime, "0", None),
        (filetime, "9223372036854775807", None),
        (filetime, "116444736000000010", 1),
        (filetime, "9" * 30, None),
        (interval, "-36000000000", 3_600_000_000),
        (interval, "-9223372036854775808", None),
        (flags, "-2147483648", []),
        (flags, "x", []),
        (flags, "514", ["accountdisable", "normal_account"]),
    ],
)
def test_numbers_of_the_directory(read, text, expected):
    assert read(text) == expected
