"""The certificate that `atp-run` shows to who connects to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.cli import output
from sensor.inputs.interface import InterfaceError
from sensor.inputs.places import tls_of

if TYPE_CHECKING:
    import ssl
    from pathlib import Path


def load_tls(what: str, certificate: Path | None, key: Path | None) -> ssl.SSLContext:
    """From --certificate and --key; ends the command where `what` cannot have it."""
    if certificate is None or key is None:
        output.fail(f"{what} needs a certificate", "name its files: --certificate, --key")
    try:
        return tls_of(certificate, key)
    except InterfaceError as error:
        hint = "PEM files: the certificate with its chain, and its private key"
        output.fail(str(error), hint)
