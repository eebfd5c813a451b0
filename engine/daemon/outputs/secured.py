"""TLS to receivers and secrets from files, as all ways out have them."""

from __future__ import annotations

import ssl
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from engine.cli.output import reason

if TYPE_CHECKING:
    from dsl.record import Record

TIMEOUT_S = 15.0


def context(record: Record) -> ssl.SSLContext | None:
    """Verification by the system's authorities, or those of `ca`; a client's own `certificate` and `key`."""
    ca, certificate, key = record.text("ca"), record.text("certificate"), record.text("key")
    try:
        made = ssl.create_default_context(cafile=ca)
    except (OSError, ssl.SSLError) as error:
        record.add("D0607", f"no certificates of authorities in `{ca}`: {_why(error)}", "ca")
        return None
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    if certificate is not None:
        try:
            made.load_cert_chain(certificate, key)
        except (OSError, ssl.SSLError) as error:
            text = f"`{certificate}` cannot be used: {_why(error)}"
            record.add("D0607", text, "certificate")
            return None
    return made


def secret(record: Record, key: str, *, required: bool = False) -> str | None:
    """The first line of the file that a key names."""
    path = record.text(key, required=required)
    if path is None:
        return None
    file = Path(path)
    try:
        line = file.read_text(encoding="utf-8").partition("\n")[0].strip()
        mode = file.stat().st_mode
    except (OSError, UnicodeDecodeError) as error:
        record.add("D0607", f"`{path}` cannot be read: {_why(error)}", key)
        return None
    if not line:
        record.add("D0607", f"`{path}` is empty", key)
        return None
    if mode & (stat.S_IWGRP | stat.S_IRWXO):
        record.add(
            "D0607", f"`{path}` holds a secret and is open to others", key,
            hint=f"chmod 640 {path}", severity="warning",
        )  # fmt: skip
    return line


def _why(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return reason(error)
    return str(error)
