from __future__ import annotations

import pytest

from sensor.decode.ldap_attributes import identity, is_secret, sid_text, value_text
from sensor.decode.ldap_schema import attribute_name

SID = bytes.fromhex("01050000000000051500000001000000020000000300000051040000")


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        ("msds-keycredentiallink", "msDS-KeyCredentialLink"),
        ("MEMBER", "member"),
        ("OID.1.2.840.113556.1.4.771", "servicePrincipalName"),
        ("1.2.840.113556.1.4.90", "unicodePwd"),
        ("userCertificate;binary", "userCertificate"),
        ("member;range=0-1499", "member"),
        ("someVendorThing", "someVendorThing"),
    ],
)
def test_names(sent, name):
    assert attribute_name(sent) == name


@pytest.mark.parametrize(
    "name", ["unicodePwd", "USERPASSWORD", "dBCSPwd", "ms-Mcs-AdmPwd", "supplementalCredentials"]
)
def test_secrets_never_become_text(name):
    assert is_secret(name)
    assert value_text(name, b"secret", 0, 6) is None


@pytest.mark.parametrize(
    ("name", "raw", "text"),
    [
        ("description", b"hello", "hello"),
        ("description", "Zoë".encode(), "Zoë"),
        ("description", b"\xff\x00", "ff00"),
        ("jpegPhoto", b"a\0b", "610062"),
        ("sIDHistory", SID, "S-1-5-21-1-2-3-1105"),
        ("sIDHistory", b"\x01\x09", "0109"),
        ("objectGUID", bytes(range(16)), "03020100-0504-0706-0809-0a0b0c0d0e0f"),
        ("description", b"x" * 9000, "x" * 4096),
        ("description", "é".encode() * 9000, "é" * 4096),
        ("nTSecurityDescriptor", b"\x01\x00\x04\x80" * 3000, ("01000480" * 3000)[:4096]),
        ("description", b"x" * 5000 + b"\xff" * 20000, (b"x" * 2048).hex()),
    ],
)
def test_values(name, raw, text):
    assert value_text(name, b"<" + raw + b">", 1, 1 + len(raw)) == text


@pytest.mark.parametrize(
    ("raw", "text"),
    [(SID, "S-1-5-21-1-2-3-1105"), (SID[:-1], None), (b"\x02" + SID[1:], None), (b"", None)],
)
def test_sids(raw, text):
    assert sid_text(raw) == text


@pytest.mark.parametrize(
    ("dn", "raw"),
    [
        ("CN=a,DC=b", "CN=a,DC=b"),
        ("<SID=S-1-5-32-544>", "S-1-5-32-544"),
        ("<sid=" + SID.hex() + ">", "S-1-5-21-1-2-3-1105"),
        ("<SID=zz>", "<SID=zz>"),
        ("<GUID=00>", "<GUID=00>"),
    ],
)
def test_identities(dn, raw):
    assert identity(dn) == raw
