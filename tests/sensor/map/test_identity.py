"""Raw identities of Windows records."""

from __future__ import annotations

import pytest

from sensor.map import identity, rights, schema_names, user_account_control
from sensor.map.record import Record, integer

SID = "S-1-5-21-1-2-3-1105"


@pytest.mark.parametrize(
    ("name", "domain", "sid", "expected"),
    [
        ("alice", "CORP", SID, rf"CORP\alice|{SID}"),
        ("alice", None, None, "alice"),
        ("alice", "corp.lab.test", None, "alice@corp.lab.test"),
        ("alice@CORP.LAB.TEST", "CORP.LAB.TEST", None, "alice@CORP.LAB.TEST"),
        (r"CORP\alice", "X", None, r"CORP\alice"),
        (None, "CORP", SID, SID),
        (None, None, None, None),
        (None, None, "S-1-0-0", None),
        ("alice", "CORP", "S-1-0-0", r"CORP\alice"),
        ("alice", "CORP", "no sid", r"CORP\alice"),
        ("DC1$", "CORP", "S-1-5-18", r"CORP\DC1$"),
        ("SYSTEM", "NT AUTHORITY", "S-1-5-18", r"NT AUTHORITY\SYSTEM|S-1-5-18"),
        ("CN=a,DC=b", "CORP", SID, f"CN=a,DC=b|{SID}"),
        (SID, None, SID, SID),
        ("x" * 5000, None, None, "x" * 512),
    ],
)
def test_account(name, domain, sid, expected):
    assert identity.account(name, domain, sid) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("WS9", "name:WS9"),
        (r"\\WS9", "name:WS9"),
        ("dc1.corp.lab.test", "dc1.corp.lab.test"),
        ("dc1.corp.lab.test.", "dc1.corp.lab.test"),
        ("10.0.0.1", "ip:10.0.0.1"),
        ("-", None),
        ("", None),
        (None, None),
    ],
)
def test_host(text, expected):
    assert identity.host(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("FE80::1%12", "fe80::1"),
        ("0.0.0.0", None),
        ("::", None),
        ("-", None),
        ("LOCAL", None),
        (None, None),
    ],
)
def test_address(text, expected):
    assert identity.address(text) == expected


@pytest.mark.parametrize(
    ("data", "workstation", "expected"),
    [
        ({"IpAddress": "10.0.0.9", "IpPort": "80"}, "WS9", (None, "10.0.0.9", 80)),
        ({"IpAddress": "10.0.0.9", "IpPort": "0"}, None, (None, "10.0.0.9", None)),
        ({"IpAddress": "10.0.0.9", "IpPort": "70000"}, None, (None, "10.0.0.9", None)),
        ({"IpAddress": "-"}, "WS9", ("name:WS9", None, None)),
        ({"IpAddress": "-"}, "dc1", ("dc1.x.test", None, None)),
        ({"IpAddress": "::1", "IpPort": "5"}, "WS9", ("dc1.x.test", None, None)),
        ({}, None, (None, None, None)),
    ],
)
def test_client(data, workstation, expected):
    record = Record(ts=0, event_id=4624, computer="DC1.x.test", data=data)
    source, ip, port = identity.client(record, workstation=workstation)
    assert (source.lower() if source and "." in source else source, ip, port) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0x10", 16), ("16", 16), ("", None), (None, None), ("x", None), ("0x" + "f" * 16, None)],
)
def test_integer(text, expected):
    assert integer(text) == expected


def test_guid():
    assert identity.guid("%{BF967ABA-0DE6-11D0-A285-00AA003049E2}") == (
        "bf967aba-0de6-11d0-a285-00aa003049e2"
    )
    assert identity.guid("{00000000-0000-0000-0000-000000000000}") is None
    assert identity.guid("CN=x") is None


def test_flags_by_value_and_by_insert():
    assert user_account_control.changes(0x15, 0x10, "%%2048 %%2082") == (
        ["passwd_notreqd"],
        ["accountdisable"],
    )
    assert user_account_control.changes(None, 0x10, None) == ([], [])


def test_guids_are_those_of_the_directory():
    oracle = pytest.importorskip("impacket.msada_guids")
    named = {guid.lower(): name for guid, name in oracle.EXTENDED_RIGHTS.items()}
    for table in (rights.EXTENDED_RIGHT, rights.PROPERTY_SET):
        assert {guid: named[guid] for guid in table} == table
    schema = {guid.lower() for guid in oracle.SCHEMA_OBJECTS}
    assert set(schema_names.CLASS) | set(schema_names.ATTRIBUTE) <= schema
    assert not set(schema_names.CLASS) & set(schema_names.ATTRIBUTE)
