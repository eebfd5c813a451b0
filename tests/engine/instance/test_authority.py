"""The authority of an instance: what it signs, and what it does not."""

from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from engine.instance import authority as module
from engine.instance.authority import Authority, AuthorityError, create_authority
from sensor.delivery.enrolment import new_key


@pytest.fixture
def authority(tmp_path):
    return create_authority(tmp_path / "i", ["engine.corp.test", "10.0.0.1"])


def server(authority):
    return x509.load_pem_x509_certificate(authority.server_certificate.read_bytes())


def names(certificate):
    found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return [str(one.value) for one in found]


def usage(certificate):
    return list(certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)


def test_only_its_owner_may_read_it(authority):
    assert {p.stat().st_mode & 0o777 for p in authority.folder.iterdir()} == {0o600}
    assert authority.folder.stat().st_mode & 0o777 == 0o700


def test_the_engines_certificate(authority):
    found = server(authority)
    assert names(found) == ["engine.corp.test", "10.0.0.1"]
    assert usage(found) == [ExtendedKeyUsageOID.SERVER_AUTH]
    found.verify_directly_issued_by(
        x509.load_pem_x509_certificate(authority.certificate_pem.encode())
    )


def test_the_engines_certificate_is_renewed_in_time(authority, monkeypatch):
    before = server(authority)
    authority.keep_server(["10.0.0.1"])
    assert server(authority) == before
    authority.keep_server(["other"])
    assert names(server(authority)) == ["engine.corp.test", "10.0.0.1", "other"]
    before = server(authority)
    monkeypatch.setattr(module, "_RENEW_DAYS", 731)
    authority.keep_server()
    assert server(authority) != before
    assert names(server(authority)) == ["engine.corp.test", "10.0.0.1", "other"]


def test_a_sensors_certificate(authority):
    pem, _ = authority.sign_sensor("dc1", new_key("somebody else")[1])
    found = x509.load_pem_x509_certificate(pem.encode())
    assert [a.value for a in found.subject] == ["dc1"]
    assert usage(found) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    left = found.not_valid_after_utc - datetime.now(UTC)
    assert 729 <= left.days <= 730


def request(key):
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")])
    signed = (
        x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    )
    return signed.public_bytes(serialization.Encoding.PEM).decode()


def tampered():
    lines = new_key("x")[1].splitlines()
    lines[-2] = lines[-2][:8] + ("A" if lines[-2][8] != "A" else "B") + lines[-2][9:]
    return "\n".join(lines)


@pytest.mark.parametrize(
    "asked",
    [
        lambda: "",
        lambda: "junk",
        lambda: request(rsa.generate_private_key(65_537, 2_048)),
        lambda: request(ec.generate_private_key(ec.SECP192R1())),
        tampered,
    ],
)
def test_what_is_not_signed(authority, asked):
    with pytest.raises(AuthorityError):
        authority.sign_sensor("dc1", asked())


def test_there_is_one_already(authority):
    with pytest.raises(AuthorityError, match="an instance already"):
        create_authority(authority.folder, [])


def test_what_is_no_instance(tmp_path):
    with pytest.raises(AuthorityError, match="is no instance"):
        Authority(tmp_path)
    for name in ("ca.pem", "ca-key.pem"):
        (tmp_path / name).write_text("junk")
    with pytest.raises(AuthorityError, match="damaged"):
        Authority(tmp_path)
