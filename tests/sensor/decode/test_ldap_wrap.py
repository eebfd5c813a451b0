from __future__ import annotations

import der
import pytest

from sensor.decode import ldap_wrap

MESSAGE = der.ldap(7, der.search_request("DC=test"))
CHECKSUM = b"#" * 12


def cfx(text, rrc=0, flags=0, checksum=CHECKSUM):
    """RFC 4121 §4.2.4, rotated as §4.2.5 says."""
    body = text + checksum
    turn = rrc % len(body)
    body = body[-turn:] + body[:-turn] if turn else body
    return (
        b"\x05\x04"
        + bytes([flags])
        + b"\xff"
        + len(checksum).to_bytes(2, "big")
        + rrc.to_bytes(2, "big")
        + bytes(8)
        + body
    )


def older(text, seal=b"\xff\xff"):
    """RFC 4757 §7.3: signature and confounder before the text, one byte of padding."""
    return der.tlv(
        0x60,
        der.oid("1.2.840.113554.1.2.2"),
        b"\x02\x01\x11\x00" + seal + b"\xff\xff" + bytes(8) + bytes(8) + bytes(8) + text + b"\1",
    )


def ntlm(text):
    return b"\1\0\0\0" + b"checksum" + b"\0\0\0\0" + text


@pytest.mark.parametrize(
    ("buffer", "text"),
    [
        (cfx(MESSAGE), MESSAGE),
        (cfx(MESSAGE, 12), MESSAGE),
        (cfx(MESSAGE, 5), MESSAGE),
        (cfx(MESSAGE, 28), MESSAGE),
        (cfx(MESSAGE, 1000), MESSAGE),
        (cfx(MESSAGE, 12, flags=5), MESSAGE),
        (cfx(MESSAGE, 28, flags=2), None),
        (cfx(MESSAGE, 12, flags=7), None),
        (older(MESSAGE), MESSAGE + b"\1"),
        (older(MESSAGE, b"\x10\x00"), None),
        (ntlm(MESSAGE), MESSAGE),
        (ntlm(b"\x99" * 60), None),
        (MESSAGE + bytes(10) + b"\0\1" + b"\0\0\0\3", MESSAGE),
        (b"\x99" * 60, None),
    ],
)
def test_plaintext(buffer, text):
    assert ldap_wrap.plaintext(b"...." + buffer, 4, 4 + len(buffer), inside=False) == text


def test_continuation_of_a_message_needs_no_head():
    assert ldap_wrap.plaintext(ntlm(b"middle of it"), 0, 28, inside=True) == b"middle of it"


@pytest.mark.parametrize(
    ("raw", "yes"), [("0504021f", True), ("050400ff", False), ("050406ff", True), ("6050", False)]
)
def test_sealed_head(raw, yes):
    b = bytes.fromhex(raw)
    assert ldap_wrap.sealed_head(b, 0, len(b)) is yes


@pytest.mark.parametrize(
    ("raw", "yes"),
    [
        ("1603010200", True),
        ("1703030010", True),
        ("3003020101", False),
        ("1604010200", False),
        ("16", False),
    ],
)
def test_tls_record(raw, yes):
    b = bytes.fromhex(raw)
    assert ldap_wrap.tls_record(b, 0, len(b)) is yes
