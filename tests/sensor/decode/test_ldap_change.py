from __future__ import annotations

import der
import pytest

from sensor.contract import Malformed
from sensor.decode import ldap_change
from sensor.decode.ldap_change import ADD, DELETE, MODIFY, MODIFY_DN

DN = "CN=x,OU=y\\,z,DC=test"


def attribute(name, *values):
    return der.seq(der.octets(name), der.tlv(0x31, *map(der.octets, values)))


def modify(*changes):
    body = der.octets(DN) + der.seq(
        *(der.seq(der.integer(op, 10), attribute(n, *v)) for op, n, *v in changes)
    )
    return ldap_change.change(MODIFY, body, 0, len(body))


def rows(found):
    return [(row.attribute, row.op, row.value) for row in found.rows]


def test_modify_is_a_row_a_value():
    found = modify(
        (0, "servicePrincipalName", "a/b", "c/d"),
        (1, "description"),
        (2, "USERACCOUNTCONTROL", "512"),
        (3, "usn", "1"),
    )
    assert found.object == DN
    assert rows(found) == [
        ("servicePrincipalName", "add", "a/b"), ("servicePrincipalName", "add", "c/d"), ("description", "delete", None),
        ("userAccountControl", "replace", "512"), ("usn", "replace", "1"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "name", ["unicodePwd", "userpassword", "OID.1.2.840.113556.1.4.90", "unicodePwd;binary"]
)
def test_passwords_are_rows_without_value(name):
    found = modify((1, name, "old"), (0, name, "new"))
    assert [value for _, _, value in rows(found)] == [None, None]


def test_members():
    found = modify((0, "Member", "CN=a", "<SID=S-1-5-21-1-2-3-4>"), (1, "1", "x"))
    assert [(row.is_member, row.value) for row in found.rows] == [
        (True, "CN=a"),
        (True, "S-1-5-21-1-2-3-4"),
        (False, "x"),
    ]


def test_add_tells_the_object_and_its_class():
    body = der.octets(DN) + der.seq(
        attribute("objectClass", "top", "person", "user"), attribute("unicodePwd", "secret")
    )
    found = ldap_change.change(ADD, body, 0, len(body))
    assert found.object_class == "user"
    assert rows(found)[0] == (None, "add", None)
    assert rows(found)[-1] == ("unicodePwd", "add", None)


@pytest.mark.parametrize(
    ("values", "name"),
    [
        (("top", "1.2.840.113556.1.5.9"), "user"),
        (("top", "COMPUTER"), "computer"),
        (("1.2.840.113556.1.5.7000.47",), "nTDSDSA"),
        (("vendorThing",), "vendorThing"),
    ],
)
def test_classes_by_any_name(values, name):
    body = der.octets(DN) + der.seq(attribute("2.5.4.0", *values))
    found = ldap_change.change(ADD, body, 0, len(body))
    assert (found.object_class, found.rows[-1].value) == (name, name)
    assert name.lower() in found.classes


def test_delete():
    found = ldap_change.change(DELETE, DN.encode(), 0, len(DN))
    assert (found.object, rows(found)) == (DN, [(None, "delete", None)])


@pytest.mark.parametrize(
    ("more", "new"),
    [(b"", "CN=n,OU=y\\,z,DC=test"), (der.octets("OU=q,DC=test", 0x80), "CN=n,OU=q,DC=test")],
)
def test_modify_dn(more, new):
    body = der.octets(DN) + der.octets("CN=n") + der.tlv(1, b"\xff") + more
    (row,) = ldap_change.change(MODIFY_DN, body, 0, len(body)).rows
    assert (row.attribute, row.op, row.value, row.old_value) == (None, "replace", new, DN)


def test_rows_are_bounded():
    found = modify((0, "member", *[f"CN={i}" for i in range(6000)]))
    assert (len(found.rows), found.left_out) == (5000, 1000)


def test_unknown_operation():
    with pytest.raises(Malformed, match="modify operation"):
        modify((7, "a", "b"))
