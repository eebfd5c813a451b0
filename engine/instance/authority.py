"""The certificate authority of an instance, in a folder that only its owner may read.

It signs one kind of certificate for the engine (server) and one for sensors (client), so neither
passes for the other. It has nothing to do with authorities of the world. Knows no sensor by name.
References: RFC 5280 §4.2.1.12; CA/B does not apply to private authorities.
"""

from __future__ import annotations

import hashlib
import ipaddress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sensor.delivery.identity import write_private

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_CA_DAYS: Final = 7_300
_DAYS: Final = 730
_RENEW_DAYS: Final = 60
_EARLY: Final = timedelta(minutes=10)
"""Clocks differ: a certificate is valid from a little before it was made."""


class AuthorityError(Exception):
    """There is no authority, or it cannot be used, or what it was asked to sign is wrong."""


class Authority:
    """The authority in a folder. Raises AuthorityError."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            self.certificate_pem = self.certificate_path.read_text(encoding="ascii")
            self._certificate = x509.load_pem_x509_certificate(self.certificate_pem.encode())
            key = serialization.load_pem_private_key(
                (folder / "ca-key.pem").read_bytes(), password=None
            )
        except FileNotFoundError:
            raise AuthorityError(f"{folder} is no instance") from None
        except OSError as error:
            raise AuthorityError(f"{error.filename}: {error.strerror}") from error
        except ValueError as error:
            raise AuthorityError(f"the certificates in {folder} are damaged: {error}") from error
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise AuthorityError(f"the key in {folder} is none of an instance")
        self._key = key

    @property
    def certificate_path(self) -> Path:
        """Its own certificate (PEM)."""
        return self.folder / "ca.pem"

    @property
    def server_certificate(self) -> Path:
        """The engine's certificate (PEM)."""
        return self.folder / "server.pem"

    @property
    def server_key(self) -> Path:
        """The engine's private key (PEM)."""
        return self.folder / "server-key.pem"

    def keep_server(self, names: Sequence[str] = ()) -> None:
        """There is a certificate of the engine that lasts, for these names and addresses and those
        that it had. Raises AuthorityError.
        """
        known: list[str] = []
        try:
            now = x509.load_pem_x509_certificate(self.server_certificate.read_bytes())
            left = now.not_valid_after_utc - datetime.now(UTC)
            known = _names(now)
            if left > timedelta(days=_RENEW_DAYS) and set(names) <= set(known):
                return
        except (FileNotFoundError, ValueError):
            pass
        key = ec.generate_private_key(ec.SECP256R1())
        every = list(dict.fromkeys([*known, *names])) or ["localhost"]
        certificate = self._sign(
            "ATP engine",
            key.public_key(),
            ExtendedKeyUsageOID.SERVER_AUTH,
            x509.SubjectAlternativeName([_general(name) for name in every]),
        )
        try:
            write_private(self.server_key, _key_pem(key))
            write_private(self.server_certificate, _pem(certificate))
        except OSError as error:
            raise AuthorityError(f"{self.folder}: {error.strerror}") from error

    def sign_sensor(self, name: str, request: str) -> tuple[str, str]:
        """A certificate (PEM) for the key of a signing request, and its fingerprint. The name is
        ours, whatever the request says. Raises AuthorityError.
        """
        try:
            asked = x509.load_pem_x509_csr(request.encode())
            sound = asked.is_signature_valid
            key = asked.public_key()
        except (ValueError, InvalidSignature) as error:
            raise AuthorityError("the signing request cannot be read") from error
        if not sound or not isinstance(key, ec.EllipticCurvePublicKey) or key.key_size < 256:
            raise AuthorityError("the signing request needs a key on a curve of 256 bits")
        certificate = self._sign(name[:64], key, ExtendedKeyUsageOID.CLIENT_AUTH, None)
        return _pem(certificate).decode(), fingerprint(
            certificate.public_bytes(serialization.Encoding.DER)
        )

    def _sign(
        self,
        name: str,
        key: ec.EllipticCurvePublicKey,
        usage: x509.ObjectIdentifier,
        names: x509.SubjectAlternativeName | None,
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(_name(name))
            .issuer_name(self._certificate.subject)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _EARLY)
            .not_valid_after(now + timedelta(days=_DAYS))
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=True)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
                critical=False,
            )
        )
        if names is not None:
            builder = builder.add_extension(names, critical=False)
        return builder.sign(self._key, hashes.SHA256())


def create_authority(folder: Path, names: Sequence[str]) -> Authority:
    """A new authority in a folder, and the engine's certificate for these names. Raises
    AuthorityError, also where there is one.
    """
    if (folder / "ca.pem").exists():
        raise AuthorityError(f"{folder} is an instance already")
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    subject = _name(f"ATP instance {now:%Y-%m-%d %H:%M}")
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLY)
        .not_valid_after(now + timedelta(days=_CA_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=False, content_commitment=False, key_encipherment=False,
                data_encipherment=False, key_agreement=False, key_cert_sign=True, crl_sign=True,
                encipher_only=False, decipher_only=False,
            ),
            critical=True,
        )
        .add_extension(
            x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
        )
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(folder / "ca-key.pem", _key_pem(key))
        write_private(folder / "ca.pem", _pem(certificate))
    except OSError as error:
        raise AuthorityError(f"{folder}: {error.strerror}") from error
    authority = Authority(folder)
    authority.keep_server(names)
    return authority


def fingerprint(der: bytes) -> str:
    """Of a certificate, as the registry keeps it."""
    return hashlib.sha256(der).hexdigest()


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _names(certificate: x509.Certificate) -> list[str]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return [str(one.value) for one in found]


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
