"""`--syslog`: Windows events by syslog."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import click

from engine.cli import output

if TYPE_CHECKING:
    from engine.daemon.inputs import Ground
    from engine.daemon.listening import Listening
    from sensor.inputs.syslog import Syslog

OPTIONS: Final = (
    click.Option(
        ["--syslog", "places"],
        multiple=True,
        metavar="WAY[:[ADDRESS:]PORT]",
        help="Take Windows events by syslog: udp, tcp or tls, as in `udp`, `tls:10.0.0.1:6514`. "
        "May be given again.",
    ),
    click.Option(
        ["--certificate"],
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="PEM file with the certificate of --syslog tls, and its chain.",
    ),
    click.Option(
        ["--key"],
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="PEM file with its private key.",
    ),
)


class _Place(NamedTuple):
    syslog: Syslog

    @property
    def words(self) -> str:
        return f"syslog {self.syslog.place.name}"

    def start(self, ground: Ground) -> Listening:
        from engine.daemon.listening import Listening, sensor_name  # noqa: PLC0415 - as above

        sensor = sensor_name(self.syslog.place.name)
        after = ground.last(sensor), ground.last(f"{sensor} raw")
        return Listening(self.syslog, ground.rejected, *after, raw=ground.raw)


def opened(places: tuple[str, ...], certificate: Path | None, key: Path | None) -> list[_Place]:
    """The ports are taken; nothing is answered yet."""
    if not places:
        return []
    from sensor.inputs.interface import InterfaceError  # noqa: PLC0415 - `--help` answers at once
    from sensor.inputs.syslog import Syslog, place, tls_of  # noqa: PLC0415

    try:
        named = [place(text) for text in dict.fromkeys(places)]
    except ValueError as error:
        output.fail(f"--syslog: {error}", "as in `--syslog udp`, `--syslog tls:10.0.0.1:6514`")
    tls = None
    if any(where.way == "tls" for where in named):
        if certificate is None or key is None:
            output.fail(
                "syslog over TLS needs a certificate", "name its files: --certificate, --key"
            )
        try:
            tls = tls_of(certificate, key)
        except InterfaceError as error:
            output.fail(
                str(error), "PEM files: the certificate with its chain, and its private key"
            )
    try:
        return [_Place(Syslog(where, tls if where.way == "tls" else None)) for where in named]
    except InterfaceError as error:
        output.fail(str(error), "ports below 1024 need root; or name another one")
