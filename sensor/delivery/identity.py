"""Who a sensor is: its private key, certificate, token, and the authority of its engine, in files.

The key never leaves the folder. A spool belongs to one identity: were it lost, numbers of events
would be given twice, so the sensor must enrol anew then.
"""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from pathlib import Path

_CERTIFICATE: Final = "certificate.pem"
_CA: Final = "ca.pem"
_IDENTITY: Final = "identity.json"
SPOOL: Final = "spool.sqlite"


class IdentityError(Exception):
    """There is no identity, or it cannot be used; says why."""


class _File(msgspec.Struct):
    name: str
    token: str
    engine: str
    spool: str


class Identity(msgspec.Struct, frozen=True):
    """A sensor that is enrolled. `engine` is its URL; `spool` the mark of its spool."""

    folder: Path
    name: str
    token: str
    engine: str
    spool: str

    @property
    def certificate(self) -> Path:
        """Its certificate and private key (PEM): one file, so that both change at once."""
        return self.folder / _CERTIFICATE

    @property
    def ca(self) -> Path:
        """The authority of its engine (PEM)."""
        return self.folder / _CA


def save_identity(
    folder: Path, name: str, token: str, engine: str, key: str, certificate: str, ca: str
) -> Identity:
    """Put a new identity into a folder, which only its owner may read. Raises OSError."""
    spool = secrets.token_hex(16)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_private(folder / _CERTIFICATE, (certificate + key).encode())
    write_private(folder / _CA, ca.encode())
    # the last: with it the identity is whole
    write_private(folder / _IDENTITY, msgspec.json.encode(_File(name, token, engine, spool)))
    return load_identity(folder)


def load_identity(folder: Path) -> Identity:
    """The identity in a folder. Raises IdentityError."""
    path = folder / _IDENTITY
    try:
        file = msgspec.json.decode(path.read_bytes(), type=_File)
    except FileNotFoundError:
        raise IdentityError(f"no sensor is enrolled in {folder}") from None
    except OSError as error:
        raise IdentityError(f"{path}: {error.strerror}") from error
    except msgspec.MsgspecError as error:
        raise IdentityError(f"{path} is damaged: {error}") from error
    return Identity(folder, file.name, file.token, file.engine, file.spool)


def renew_certificate(identity: Identity, key: str, certificate: str) -> None:
    """Another key and certificate. Raises OSError."""
    write_private(identity.certificate, (certificate + key).encode())


def write_private(path: Path, data: bytes) -> None:
    """A file that only its owner may read, replaced as a whole and on disk. Raises OSError."""
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
