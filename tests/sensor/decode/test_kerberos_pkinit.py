"""PA-PK-AS-REQ made with an independent implementation of X.509 and CMS."""

from __future__ import annotations

import datetime as dt
import hashlib

import der
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import NameOID, ObjectIdentifier

from sensor.contract import Malformed
from sensor.decode.kerberos_pkinit import client_certificate

SID = "S-1-5-21-1-2-3-1105"
ISSUER = x509.Name([
    x509.NameAttribute(NameOID.DOMAIN_COMPONENT, "test"), x509.NameAttribute(NameOID.DOMAIN_COMPONENT, "corp"),
    x509.NameAttribute(NameOID.COMMON_NAME, "Corp, CA"),
])  # fmt: skip


def certificate(key, serial):
    now = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "alice")]))
        .issuer_name(ISSUER)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(now)
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.ExtendedKeyUsage(
                [ObjectIdentifier("1.3.6.1.5.5.7.3.2"), ObjectIdentifier("1.3.6.1.4.1.311.20.2.2")]
            ),
            critical=True,
        )
        .add_extension(
            x509.UnrecognizedExtension(
                ObjectIdentifier("1.3.6.1.4.1.311.25.2"),
                der.seq(
                    der.tlv(0xA0, der.oid("1.3.6.1.4.1.311.25.2.1"), der.tlv(0xA0, der.octets(SID)))
                ),
            ),
            critical=False,
        )
    )
    return builder.sign(key, hashes.SHA256())


@pytest.fixture(scope="module")
def signed():
    key = ec.generate_private_key(ec.SECP256R1())
    mine, other = certificate(key, 0x8F00AA11), certificate(key, 0x1234)
    cms = (
        pkcs7.PKCS7SignatureBuilder()
        .set_data(b"auth pack")
        .add_signer(mine, key, hashes.SHA256())
        .add_certificate(other)
        .sign(serialization.Encoding.DER, [pkcs7.PKCS7Options.Binary])
    )
    return mine, der.seq(der.octets(cms, 0x80))


def test_the_signers_certificate(signed):
    mine, value = signed
    found = client_certificate(value, 0, len(value))
    assert found is not None
    assert found.issuer == "CN=Corp\\, CA,DC=corp,DC=test"
    assert found.serial == "8f00aa11"
    assert (
        found.thumbprint == hashlib.sha1(mine.public_bytes(serialization.Encoding.DER)).hexdigest()
    )
    assert found.ekus == ["1.3.6.1.5.5.7.3.2", "1.3.6.1.4.1.311.20.2.2"]
    assert found.sids == [SID]


def test_truncations(signed):
    _, value = signed
    for end in range(0, len(value), 7):
        with pytest.raises((Malformed, IndexError)):
            client_certificate(value, 0, end)


@pytest.mark.parametrize(
    "value", [der.seq(der.octets("x", 0x81)), der.seq(der.octets(der.seq(der.oid("1.2.3")), 0x80))]
)
def test_other_content_is_no_certificate(value):
    assert client_certificate(value, 0, len(value)) is None
