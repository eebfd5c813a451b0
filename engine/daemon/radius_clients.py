"""The file of RADIUS clients: who may send accounting, and the secret shared with each. YAML:

    clients:
      - {network: 10.0.0.1, secret: "a long random text"}
      - {network: 10.8.0.0/16, secret: "another"}

Where networks lie in one another, the narrowest counts. Complaints show the file without secrets.
"""

from __future__ import annotations

import ipaddress
import re
import stat
from typing import TYPE_CHECKING, Final

import click

from dsl.diagnostics import Diagnostics
from dsl.record import parse_record
from dsl.render import render_text
from dsl.source import read_text, shown_name
from engine.cli import output
from sensor.inputs.radiusrequests import Clients

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dsl.diagnostics import Diagnostic
    from dsl.record import Record

_SHORT: Final = 16
"""Octets below which a secret is guessed from one packet that somebody overheard (RFC 2865 §3)."""
_VALUE: Final = re.compile(
    r"""(\b(?!network\b|clients\b)[\w-]+["']?\s*:[ \t]*)("[^"\n]*"?|'[^'\n]*'?|[^,}\n]+)"""
)


def load_clients(path: Path) -> Clients:
    """The clients of a file; ends the command where it has errors, with each in its place."""
    clients, found, text = read_clients(path)
    if found:
        shown = {d.file: masked(text) for d in found}
        click.echo(render_text(found, shown, colour=True), err=True, nl=False)
    if clients is None:
        output.fail(f"the file of RADIUS clients {path} has errors")
    mode = path.stat().st_mode
    if mode & (stat.S_IWGRP | stat.S_IRWXO):
        output.warn(f"{path} holds secrets and is open to others: `chmod 640 {path}`")
    return clients


def read_clients(path: Path) -> tuple[Clients | None, list[Diagnostic], str]:
    """The clients of a file (None with errors), what is wrong in it, and its text."""
    diagnostics = Diagnostics()
    shown = shown_name(path, None)
    text = read_text(path, shown, diagnostics)
    file = None if text is None else parse_record(shown, text, "the file of clients", diagnostics)
    if file is None:
        return None, diagnostics.items, text or ""
    secrets = list(_secrets(file))
    file.finish()
    if not secrets and not diagnostics.errors:
        file.add(
            "D0605", "the file names no client", hint="add `clients: [{network: …, secret: …}]`"
        )
    return None if diagnostics.errors else Clients(secrets), diagnostics.items, text or ""


def masked(text: str) -> str:
    """The text of a file with stars in place of whatever may be a secret, columns kept."""
    return _VALUE.sub(lambda found: found[1] + "*" * len(found[2]), text)


def _secrets(file: Record) -> Iterator[tuple[str, bytes]]:
    seen: set[str] = set()
    for entry in file.records("clients", "the client"):
        network, secret = entry.text("network", required=True), entry.text("secret", required=True)
        entry.finish()
        if network is None or secret is None:
            continue
        try:
            known = str(ipaddress.ip_network(network))
        except ValueError:
            entry.add("D0617", f"`{network}` is no network", "network", hint=_hint(network))
            continue
        if known in seen:
            entry.add("D0617", f"`{network}` stands twice in `clients`", "network")
        seen.add(known)
        octets = secret.encode()
        if len(octets) < _SHORT:
            entry.add(
                "D0607", f"the secret has {len(octets)} octets, which can be guessed", "secret",
                hint=f"take {_SHORT} or more at random", severity="warning",
            )  # fmt: skip
        yield known, octets


def _hint(network: str) -> str:
    try:
        return f"write `{ipaddress.ip_network(network, strict=False)}`"
    except ValueError:
        return "write `10.0.0.1`, `10.8.0.0/16` or `2001:db8::/32`"
