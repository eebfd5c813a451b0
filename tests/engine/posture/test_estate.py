"""Who is privileged, sensitive, trusted and called what, in a directory as of a time."""

import pytest

SID = "S-1-5-21-1-2-3"


@pytest.fixture
def domain(estate):
    return estate([
        {"group": "nested", "rid": 1100, "in": [f"{SID}-512"]},
        {"group": "ring", "rid": 1101, "in": [f"{SID}-1102"]},
        {"group": "ring2", "rid": 1102, "in": [f"{SID}-1101"]},
        {"user": "eve", "rid": 1200, "in": [f"{SID}-1100"]},
        {"user": "prim", "rid": 1201, "primaryGroupID": "512"},
        {"user": "gone", "rid": 1202, "in": ["S-1-5-32-544"], "isDeleted": "TRUE"},
    ])  # fmt: skip


@pytest.mark.parametrize(
    ("sid", "privileged", "trusted"),
    [
        (f"{SID}-1001", True, True),
        (f"{SID}-1200", True, True),
        (f"{SID}-1201", True, True),
        (f"{SID}-1002", False, False),
        (f"{SID}-1100", True, True),
        (f"{SID}-512", True, True),
        ("S-1-5-21-9-9-9-519", True, True),
        ("S-1-5-18", True, True),
        ("S-1-5-11", False, False),
        ("S-1-5-32-548", False, True),  # built in, and nobody is in it
        (f"{SID}-1101", False, False),  # a cycle of groups, empty
        ("S-1-5-21-9-9-9-1105", False, False),
    ],
)
def test_privileged(domain, sid, privileged, trusted):
    assert (domain.privileged(sid), domain.trusted(sid)) == (privileged, trusted)


def test_who_is_sensitive(domain):
    found = {i.account for i in domain.items if domain.sensitive(i)}
    assert {"root", "eve", "prim", "nested", "Domain Admins", "Account Operators", "DC1$"} <= found
    assert not {"bob", "ring"} & found


def test_names(domain):
    assert domain.name(f"{SID}-1002") == "bob@corp.test"
    assert domain.name("S-1-5-11") == "authenticated users"
    assert domain.name(f"{SID}-515") == "domain computers"
    assert domain.name("S-1-5-21-9-9-9-1105") == "S-1-5-21-9-9-9-1105"


def test_tombstones_are_not_there(domain):
    assert "gone" not in {i.account for i in domain.items}


def test_days(domain):
    assert domain.days(None) is None
    assert domain.days(domain.at - 86_400_000_000) == 1
    assert domain.days(domain.at + 5) == 0
