from __future__ import annotations

import der
import pytest

from sensor.contract import Malformed
from sensor.decode import ldap_controls, ldap_search


def read(operation):
    start = 2 if operation[1] < 0x80 else 2 + (operation[1] & 0x7F)
    found = ldap_search.Search(1, None)
    ldap_search.read_request(found, operation, start, len(operation))
    return found


def test_request():
    found = read(
        der.search_request(
            "DC=test", 1, der.octets("cn", 0x87), ("CN", "1.2.840.113556.1.4.221", "*")
        )
    )
    assert (found.base, found.scope, found.filter.text) == ("DC=test", "one", "(cn=*)")
    assert found.attributes == ["cn", "samaccountname", "*"]


def test_scope_must_be_known():
    with pytest.raises(Malformed, match="scope"):
        read(der.search_request(scope=3))


def test_hundred_names_are_kept():
    found = ldap_search.Search(1, None)
    for i in range(250):
        found.entry(f"CN={i}")
    found.entry("")
    assert (found.count, len(found.returned)) == (251, 100)


@pytest.mark.parametrize(
    "before", [b"", der.seq(der.octets("1.2.3"), der.tlv(1, b"\xff"), der.octets("x"))]
)
def test_paged_cookie(before):
    controls = der.tlv(0xA0, before, der.paged(b"cookie"))
    assert ldap_controls.controls(controls, 0, len(controls)).cookie == b"cookie"
    assert ldap_controls.controls(b"", 0, 0).cookie == b""


def test_critical_paged_control():
    control = der.seq(
        der.octets("1.2.840.113556.1.4.319"),
        der.tlv(1, b"\xff"),
        der.octets(der.seq(der.integer(5), der.octets(b"c"))),
    )
    controls = der.tlv(0xA0, control)
    assert ldap_controls.controls(controls, 0, len(controls)).cookie == b"c"


@pytest.mark.parametrize(("opcode", "unknown"), [(23, False), (25, True), (21, True), (19, False)])
def test_netlogon_answer(opcode, unknown):
    attributes = der.seq(
        der.seq(der.octets("other"), der.tlv(0x31, der.octets("x"))),
        der.seq(der.octets("NetLogon"), der.tlv(0x31, der.octets(bytes([opcode, 0]) + bytes(20)))),
    )
    assert ldap_search.user_unknown(attributes, 0, len(attributes)) is unknown
