from __future__ import annotations

from hashlib import sha256

import conversation
import der
import pytest

from sensor.contract import Malformed
from sensor.decode import kerberos_request
from sensor.decode.kerberos_request import AS_REQ


def body(*fields):
    return der.tlv(0xA4, der.seq(*fields))


def as_req(*fields, padata=b""):
    parts = [der.tlv(0xA1, der.integer(5)), der.tlv(0xA2, der.integer(10))]
    if padata:
        parts.append(der.tlv(0xA3, der.seq(padata)))
    return der.tlv(AS_REQ, der.seq(*parts, body(*fields)))


def address(kind, raw):
    return der.seq(der.tlv(0xA0, der.integer(kind)), der.tlv(0xA1, der.octets(raw)))


def pa(kind, value):
    return der.seq(der.tlv(0xA1, der.integer(kind)), der.tlv(0xA2, der.octets(value)))


def name(kind, *parts):
    strings = der.seq(*(der.octets(part, 0x1B) for part in parts))
    return der.seq(der.tlv(0xA0, der.integer(kind)), der.tlv(0xA1, strings))


def read(message):
    return kerberos_request.request(message, 0, len(message))


REALM = der.tlv(0xA2, der.octets("CORP.LAB.TEST", 0x1B))


def test_host_addresses_as_text():
    message = as_req(
        REALM,
        der.tlv(
            0xA9,
            der.seq(
                address(2, bytes([10, 0, 0, 9])), address(20, b"WS9            \x20"),
                address(24, bytes.fromhex("fe80" + "00" * 13 + "01")), address(99, b"\x01\x02"),
            ),
        ),
    )  # fmt: skip
    assert read(message).addresses == [
        "10.0.0.9",
        "WS9",
        "fe80:0000:0000:0000:0000:0000:0000:0001",
        "99:0102",
    ]


@pytest.mark.parametrize(("octet", "value"), [(b"\xff", True), (b"\x00", False), (b"\x01", True)])
def test_pac_request(octet, value):
    message = as_req(REALM, padata=pa(128, der.seq(der.tlv(0xA0, der.tlv(1, octet)))))
    assert read(message).include_pac is value


def test_unreadable_padata_leaves_the_request():
    found = read(as_req(REALM, padata=pa(128, b"\x30\x7f") + pa(2, b"junk") + pa(149, b"")))
    assert found.padata == [128, 2, 149]
    assert (found.include_pac, found.preauth_etype) == (None, None)


@pytest.mark.parametrize(("kind", "name_tag"), [(129, 0xA0), (130, 0xA1)])
def test_impersonated_user(kind, name_tag):
    who = der.tlv(name_tag, name(10, "bob@other.test")) + der.tlv(
        name_tag + 1, der.octets("OTHER.TEST", 0x1B)
    )
    value = (
        der.seq(who)
        if kind == 129
        else der.seq(der.tlv(0xA0, der.seq(der.tlv(0xA0, der.integer(7)), who)))
    )
    assert read(as_req(REALM, padata=pa(kind, value))).for_user == "bob@other.test"


def test_names_join_their_components():
    found = read(as_req(REALM, der.tlv(0xA3, name(2, "krbtgt", "CORP.LAB.TEST"))))
    assert (found.sname.text, found.sname.first, found.sname.kind) == (
        "krbtgt/CORP.LAB.TEST",
        "krbtgt",
        2,
    )


def test_lists_are_bounded():
    etypes = der.tlv(0xA8, der.seq(*[der.integer(n) for n in range(1000)]))
    assert len(read(as_req(REALM, etypes, padata=pa(149, b"") * 1000)).etypes) == 64
    assert len(read(as_req(REALM, etypes, padata=pa(149, b"") * 1000)).padata) == 64


def test_request_without_body_is_malformed():
    message = der.tlv(AS_REQ, der.seq(der.tlv(0xA1, der.integer(5))))
    with pytest.raises(Malformed, match="no req-body"):
        read(message)


def test_every_truncation_is_malformed():
    _, _, messages = conversation.recorded("kerberos_s4u_self")
    message = messages[0][1][4:]
    for end in range(len(message)):
        with pytest.raises((Malformed, IndexError)):
            kerberos_request.request(message, 0, end)


@pytest.mark.parametrize(
    ("bits", "numbers"),
    [
        ("0000000000", []),
        ("0040000000", [1]),
        ("0010000000", [3]),
        ("00f0000001", [0, 1, 2, 3, 31]),
    ],
)
def test_pac_options(bits, numbers):
    flags = der.seq(der.tlv(0xA0, der.tlv(3, bytes.fromhex(bits))))
    found = read(as_req(REALM, padata=pa(167, flags)))
    assert found.pac_options == numbers
    assert read(as_req(REALM)).pac_options is None


def ap_req(cipher, kvno=1):
    sealed = der.seq(
        der.tlv(0xA0, der.integer(18)), der.tlv(0xA1, der.integer(kvno)),
        der.tlv(0xA2, der.octets(cipher)),
    )  # fmt: skip
    ticket = der.tlv(0x61, der.seq(der.tlv(0xA2, name(2, "krbtgt", "CORP")), der.tlv(0xA3, sealed)))
    return der.tlv(0x6E, der.seq(der.tlv(0xA3, ticket)))


def fast(*armor):
    return der.tlv(0xA0, der.seq(*armor, der.tlv(0xA2, der.seq())))


def armor(kind, value):
    inner = der.seq(der.tlv(0xA0, der.integer(kind)), der.tlv(0xA1, der.octets(value)))
    return der.tlv(0xA0, inner)


def test_the_ticket_that_armors_a_request():
    found = read(as_req(REALM, padata=pa(136, fast(armor(1, ap_req(b"machine's"))))))
    assert (found.padata, found.armor.hash) == ([136], sha256(b"machine's").digest())


@pytest.mark.parametrize(
    "value", [b"", fast(), fast(armor(2, ap_req(b"x"))), fast(armor(1, b"\x6e\x7f")), b"\xa0\x7f"]
)
def test_without_armor_of_its_own(value):
    found = read(as_req(REALM, padata=pa(136, value)))
    assert (found.padata, found.armor) == ([136], None)


@pytest.mark.parametrize(
    ("kvno", "expected"), [(0x7FFF0001, 0x7FFF0001), (-0x7FFF0000, 0x80010000)]
)
def test_key_versions_are_unsigned(kvno, expected):
    """A read-only controller's number stands in the upper half; some write it as a signed integer."""
    found = read(as_req(REALM, padata=pa(1, ap_req(b"tgt", kvno))))
    assert (found.tgt.kvno, found.tgt.kvno >> 16) == (expected, expected >> 16)


def test_a_certificate_names_the_impersonated_user_only_in_the_reply():
    subject = der.seq(
        der.tlv(0xA0, der.integer(7)), der.tlv(0xA1, name(1)), der.tlv(0xA2, der.octets("CORP", 0x1B)),
        der.tlv(0xA3, der.octets(b"certificate")),
    )  # fmt: skip
    found = read(as_req(REALM, padata=pa(130, der.seq(der.tlv(0xA0, subject)))))
    assert (found.padata, found.for_user) == ([130], None)


def test_key_list_requests_are_seen_by_their_type():
    etypes = der.seq(der.integer(23))
    assert read(as_req(REALM, padata=pa(161, etypes))).padata == [161]
