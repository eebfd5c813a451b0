"""`--syslog`: Windows events and Zeek logs by syslog."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from engine.cli import output
from engine.daemon import ports

if TYPE_CHECKING:
    from pathlib import Path

OPTIONS: Final = (
    click.Option(
        ["--syslog", "syslog_places"],
        multiple=True,
        metavar="WAY[:[ADDRESS:]PORT]",
        help="Take Windows events by syslog: udp, tcp or tls, as in `udp`, `tls:10.0.0.1:6514`. "
        "May be given again.",
    ),
    ports.CERTIFICATE,
    ports.KEY,
)


def opened(
    syslog_places: tuple[str, ...], certificate: Path | None, key: Path | None
) -> list[ports.MessagePort]:
    """The ports are taken; nothing is answered yet."""
    if not syslog_places:
        return []
    from sensor.inputs.interface import InterfaceError  # noqa: PLC0415 - `--help` answers at once
    from sensor.inputs.siem import records_of_message  # noqa: PLC0415
    from sensor.inputs.syslog import PORTS, Syslog  # noqa: PLC0415

    hint = "as in `--syslog udp`, `--syslog tls:10.0.0.1:6514`"
    named = ports.places("--syslog", syslog_places, PORTS, hint)
    secured = any(where.way == "tls" for where in named)
    tls = ports.tls("syslog over TLS", certificate, key) if secured else None
    try:
        return [
            ports.MessagePort(
                "syslog", Syslog(where, tls if where.way == "tls" else None), records_of_message
            )
            for where in named
        ]
    except InterfaceError as error:
        output.fail(str(error), ports.BUSY_HINT)
