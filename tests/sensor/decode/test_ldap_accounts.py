from __future__ import annotations

import der
import pytest

from sensor.contract import Malformed
from sensor.decode import ldap_change
from sensor.decode.ldap_accounts import facts, password_modified
from sensor.decode.ldap_change import ADD, DELETE, MODIFY, MODIFY_DN

DN = "CN=x,OU=o,DC=corp,DC=test"


def attribute(name, *values):
    return der.seq(der.octets(name), der.tlv(0x31, *map(der.octets, values)))


def read(tag, body):
    return facts(tag, ldap_change.change(tag, body, 0, len(body)))


def modify(*changes):
    parts = (der.seq(der.integer(op, 10), attribute(name, *v)) for op, name, *v in changes)
    return read(MODIFY, der.octets(DN) + der.seq(*parts))


def add(*attributes):
    return read(ADD, der.octets(DN) + der.seq(*(attribute(*a) for a in attributes)))


def told(found, *fields):
    return [tuple(getattr(fact, f) for f in ("action", "account", *fields)) for fact in found]


ADDING, REMOVING, REPLACING = 0, 1, 2


@pytest.mark.parametrize(
    ("classes", "action", "group"),
    [
        (["top", "person", "organizationalPerson", "user"], "created", False),
        (["computer", "user"], "created", False),
        (["1.2.840.113556.1.5.9"], "created", False),
        (["msDS-GroupManagedServiceAccount"], "created", False),
        (["top", "group"], "group_created", True),
    ],
)
def test_created(classes, action, group):
    (fact,) = add(("objectClass", *classes), ("sAMAccountName", "eve"))
    assert (fact.action, fact.account, fact.group) == (action, "eve@corp.test", group)


def test_created_with_flags_or_without_name():
    (fact,) = add(("objectClass", "user"), ("userAccountControl", "4194818"))
    assert told([fact], "added") == [
        ("created", DN, ["accountdisable", "normal_account", "dont_req_preauth"])
    ]
    assert add(("objectClass", "organizationalUnit")) == []


@pytest.mark.parametrize(
    ("changes", "action"),
    [
        ([(REPLACING, "unicodePwd", "n")], "password_reset"),
        ([(ADDING, "unicodePwd", "n")], "password_reset"),
        ([(REMOVING, "unicodePwd", "o"), (ADDING, "UNICODEPWD", "n")], "password_changed"),
        ([(REPLACING, "OID.1.2.840.113556.1.4.90", "n")], "password_reset"),
        ([(REPLACING, "userPassword", "n")], "password_reset"),
        ([(REPLACING, "lockoutTime", "0")], "unlocked"),
        ([(REPLACING, "userAccountControl", "514")], "disabled"),
        ([(REPLACING, "userAccountControl", "512")], "changed"),
    ],
)
def test_modified(changes, action):
    assert told(modify(*changes)) == [(action, DN)]


@pytest.mark.parametrize(
    ("old", "new", "action", "added", "removed"),
    [
        ("514", "512", "enabled", [], ["accountdisable"]),
        ("512", "514", "disabled", ["accountdisable"], []),
        ("512", "4194816", "changed", ["dont_req_preauth"], []),
        ("-2147483136", "512", "changed", [], []),
    ],
)
def test_flags_with_the_old_value(old, new, action, added, removed):
    found = modify((REMOVING, "userAccountControl", old), (ADDING, "userAccountControl", new))
    assert told(found, "added", "removed") == [(action, DN, added, removed)]


@pytest.mark.parametrize("value", ["", "x", "9" * 40, "５", str(1 << 40)])
def test_values_that_are_no_flags(value):
    assert modify((REPLACING, "userAccountControl", value)) == []


def test_renamed():
    assert told(modify((REPLACING, "sAMAccountName", "DC1")), "old_name", "new_name") == [
        ("renamed", DN, None, "DC1")
    ]
    found = modify((REMOVING, "sAMAccountName", "ws9$"), (ADDING, "sAMAccountName", "dc1"))
    assert told(found, "old_name", "new_name") == [("renamed", DN, "ws9$", "dc1")]


def test_sid_history():
    sid = bytes.fromhex("010500000000000515000000010000000200000003000000f4010000")
    (fact,) = modify((ADDING, "sIDHistory", sid))
    assert told([fact], "sid") == [("sid_history_added", DN, "S-1-5-21-1-2-3-500")]


@pytest.mark.parametrize(
    "changes",
    [
        [(REMOVING, "unicodePwd")],
        [(REPLACING, "lockoutTime", "7")],
        [(REMOVING, "sAMAccountName")],
        [(REPLACING, "description", "x")],
        [(ADDING, "member", "CN=y")],
    ],
)
def test_says_nothing(changes):
    assert modify(*changes) == []


def test_other_requests_say_nothing():
    assert read(DELETE, DN.encode()) == []
    assert read(MODIFY_DN, der.octets(DN) + der.octets("CN=n") + der.tlv(1, b"\xff")) == []


def modified(*parts, account="who"):
    raw = der.seq(*parts)
    return password_modified(raw, 0, len(raw), account)


NEW, OLD = der.octets("n", 0x82), der.octets("o", 0x81)


def test_password_modify():
    assert told([modified(NEW)]) == [("password_reset", "who")]
    assert told([modified(der.octets(DN, 0x80), OLD, NEW)]) == [("password_changed", DN)]
    assert password_modified(b"", 0, 0, None) is None
    assert modified(NEW, account=None) is None
    with pytest.raises(Malformed):
        password_modified(b"\x04\x00", 0, 2, "who")
