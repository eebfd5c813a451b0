"""Addresses of directory servers, and which account is tried where."""

from __future__ import annotations

import pytest

from sensor.inputs.directory.place import Account, fitting, is_place, place_of, read_password


@pytest.mark.parametrize(
    ("text", "name", "port", "tls_first"),
    [
        ("ldaps://DC1.corp.test", "ldaps://dc1.corp.test", 636, True),
        ("ldaps://dc1.corp.test:636/", "ldaps://dc1.corp.test", 636, True),
        ("ldap://dc1.corp.test", "ldap://dc1.corp.test", 389, False),
        ("LDAP://dc1.corp.test:3890", "ldap://dc1.corp.test:3890", 3890, False),
    ],
)
def test_a_place_is_a_server_and_a_way(text, name, port, tls_first):
    place = place_of(text)
    assert is_place(text)
    assert (place.name, place.port, place.tls_first) == (name, port, tls_first)
    assert place.domain == "corp.test"
    moved = place.found_at("10.0.0.1")
    assert (moved.name, moved.address) == (name, "10.0.0.1")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "dc1.corp.test",
        "http://dc1",
        "ldaps://",
        "ldaps:dc1",
        "ldap://dc1:0",
        "ldap://dc1:x",
        "ldap://dc1/a",
    ],
)
def test_what_is_no_place_is_refused(text):
    with pytest.raises(ValueError):
        place_of(text)


USERS = (
    "a@other.test",
    r"CORP\b",
    "c@corp.test",
    "d@emea.corp.test",
    "CN=e,DC=emea,DC=corp,DC=test",
)


@pytest.mark.parametrize(
    ("domain", "first"),
    [
        ("corp.test", "c@corp.test"),
        ("emea.corp.test", "d@emea.corp.test"),
        ("apac.corp.test", "c@corp.test"),
        ("other.test", "a@other.test"),
        ("unknown.example", r"CORP\b"),
    ],
)
def test_accounts_that_fit_come_first_and_all_are_tried(domain, first):
    found = fitting(domain, [Account(user, "x") for user in USERS])
    assert found[0].user == first
    assert {a.user for a in found} == set(USERS)


def test_a_password_is_the_first_line_and_never_shown(tmp_path):
    path = tmp_path / "password"
    path.write_text("geheim \r\nmore\n")
    assert read_password(path) == "geheim "
    assert "geheim" not in repr(Account("a", read_password(path)))
    path.write_text("\n")
    with pytest.raises(ValueError):
        read_password(path)


@pytest.mark.parametrize(
    ("user", "principal"),
    [("atp@corp.test", "atp@CORP.TEST"), ("host/a@corp.test", "host/a@CORP.TEST")],
)
def test_a_principal_has_its_realm_in_upper_case(user, principal):
    assert Account(user).principal == principal


def test_a_password_is_not_shown():
    assert "secret" not in repr(Account("a@b", "secret"))
