"""Becoming a sensor of an engine: an access key and the fingerprint of its authority in, a
certificate and a token out.

The fingerprint (SHA-256 of the authority's certificate) is what the engine is known by, so nobody
in between can take its place. The private key is made here and stays here. References: RFC 2986
(PKCS #10), RFC 5280.
"""

from __future__ import annotations

import hashlib
import ssl
from typing import TYPE_CHECKING, Final

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sensor.delivery.identity import Identity, renew_certificate, save_identity
from sensor.delivery.link import Link, trusting, trusting_anyone, trusting_text
from sensor.delivery.protocol import CA, ENROL, RENEW, Enrolled, Enrolment, Renewal

if TYPE_CHECKING:
    from pathlib import Path

_OK: Final = 200


class EnrolmentError(Exception):
    """The engine did not take the sensor in; says why."""


def enrol(
    folder: Path,
    engine: str,
    fingerprint: str,
    access_key: str,
    name: str,
    release: str,
    proxy: str | None = None,
) -> Identity:
    """Enrol and keep the identity in the folder. Raises EnrolmentError, LinkError, OSError."""
    ca = _authority(engine, fingerprint, proxy)
    key, request = new_key(name)
    link = Link(engine, trusting_text(ca), proxy)
    asked = msgspec.msgpack.encode(Enrolment(access_key, name, request, release))
    status, body = link.post(ENROL, asked)
    link.close()
    if status != _OK:
        raise EnrolmentError(_words(status, body))
    given = _read(body)
    return save_identity(folder, given.name, given.token, engine, key, given.certificate, given.ca)


def renew(identity: Identity, proxy: str | None = None) -> None:
    """Another certificate before this one ends. Raises EnrolmentError, LinkError, OSError."""
    key, request = new_key(identity.name)
    context = trusting(identity.ca, identity.certificate)
    link = Link(identity.engine, context, proxy)
    headers = {"Authorization": f"Bearer {identity.token}"}
    status, body = link.post(RENEW, msgspec.msgpack.encode(Renewal(request)), headers)
    link.close()
    if status != _OK:
        raise EnrolmentError(_words(status, body))
    renew_certificate(identity, key, _read(body).certificate)


def days_left(identity: Identity, now: float) -> float:
    """Days until the certificate ends; `now` in seconds. Raises OSError, ValueError."""
    certificate = x509.load_pem_x509_certificate(identity.certificate.read_bytes())
    return (certificate.not_valid_after_utc.timestamp() - now) / 86_400


def new_key(name: str) -> tuple[str, str]:
    """A private key and a signing request for it (PEM)."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject)
    signed = request.sign(key, hashes.SHA256())
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return pem.decode(), signed.public_bytes(serialization.Encoding.PEM).decode()


def fingerprint_of(ca: str) -> str:
    """As people compare it: SHA-256 in hexadecimal, pairs with colons. Raises ValueError."""
    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(ca)).hexdigest().upper()
    return ":".join(digest[i : i + 2] for i in range(0, len(digest), 2))


def _authority(engine: str, fingerprint: str, proxy: str | None) -> str:
    """The engine's authority, if it is the one that the fingerprint tells."""
    link = Link(engine, trusting_anyone(), proxy)
    status, body = link.post(CA, b"")
    link.close()
    try:
        ca = body.decode("ascii") if status == _OK else ""
        found = fingerprint_of(ca)
    except ValueError:
        raise EnrolmentError("what answers there is no engine of ATP") from None
    if _plain(found) != _plain(fingerprint):
        raise EnrolmentError(
            f"the engine has another fingerprint, {found}: it is another instance, or somebody is in between"
        )
    return ca


def _plain(fingerprint: str) -> str:
    return fingerprint.lower().removeprefix("sha256:").replace(":", "").strip()


def _read(body: bytes) -> Enrolled:
    try:
        return msgspec.msgpack.decode(body, type=Enrolled)
    except msgspec.MsgspecError as error:
        raise EnrolmentError(f"the engine's answer cannot be read: {error}") from error


def _words(status: int, body: bytes) -> str:
    said = body[:200].decode("utf-8", "replace").strip()
    return f"the engine refuses ({status}): {said or 'no reason'}"
