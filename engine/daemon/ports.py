"""Ports that senders connect to: what their inputs have in common.

Places as people write them, certificates, and a port of messages (syslog, JSON) as something that
was opened. Whatever is wrong ends the command with the reason.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import click

from engine.cli import output

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping, Sequence

    from engine.daemon.inputs import Ground, Telling
    from engine.daemon.listening import Listening, Read
    from sensor.inputs.jsonport import JsonPort
    from sensor.inputs.places import Place
    from sensor.inputs.syslog import Syslog

CERTIFICATE: Final = click.Option(
    ["--certificate"],
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="PEM file with the certificate of --syslog tls and of --json tls and https, and its chain.",
)
KEY: Final = click.Option(
    ["--key"],
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="PEM file with its private key.",
)
BUSY_HINT: Final = "ports below 1024 need root; or name another one"


class MessagePort(NamedTuple):
    """A port whose messages `read` understands; `kind` is the first word of its sensor."""

    kind: str
    port: Syslog | JsonPort
    read: Read

    @property
    def words(self) -> str:
        """For people: `syslog udp:514`."""
        return f"{self.kind} {self.port.place.name}"

    @property
    def tells(self) -> Telling:
        """Logs, record by record."""
        return "events"

    def start(self, ground: Ground) -> Listening:
        """Read on, in a thread of its own."""
        from engine.daemon.listening import Listening, sensor_name  # noqa: PLC0415 - `--help` answers at once

        sensor = sensor_name(self.kind, self.port.place.name)
        after = ground.last(sensor), ground.last(f"{sensor} raw")
        return Listening(self.kind, self.port, self.read, ground.rejected, *after, raw=ground.raw)


def places(option: str, texts: Sequence[str], ports: Mapping[str, int], hint: str) -> list[Place]:
    """Places that an option names, each once."""
    from sensor.inputs.places import place  # noqa: PLC0415 - `--help` answers at once

    try:
        return [place(text, ports) for text in dict.fromkeys(texts)]
    except ValueError as error:
        output.fail(f"{option}: {error}", hint)


def tls(what: str, certificate: Path | None, key: Path | None) -> ssl.SSLContext:
    """The server's side of TLS."""
    from sensor.inputs.interface import InterfaceError  # noqa: PLC0415 - `--help` answers at once
    from sensor.inputs.places import tls_of  # noqa: PLC0415

    if certificate is None or key is None:
        output.fail(f"{what} needs a certificate", "name its files: --certificate, --key")
    try:
        return tls_of(certificate, key)
    except InterfaceError as error:
        hint = "PEM files: the certificate with its chain, and its private key"
        output.fail(str(error), hint)
