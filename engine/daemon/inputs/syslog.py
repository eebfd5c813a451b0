"""`--syslog`: Windows events by syslog."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import click

from engine.cli import output

if TYPE_CHECKING:
    from pathlib import Path

    from engine.daemon.inputs import Ground
    from engine.daemon.listening import Listening
    from sensor.inputs.syslog import Syslog

OPTIONS: Final = (
    click.Option(
        ["--syslog"],
        multiple=True,
        metavar="WAY[:[ADDRESS:]PORT]",
        help="Take Windows events by syslog: udp, tcp or tls, as in `udp`, `tls:10.0.0.1:6514`. "
        "May be given again.",
    ),
)


class _Place(NamedTuple):
    syslog: Syslog

    @property
    def words(self) -> str:
        return f"syslog {self.syslog.place.name}"

    def start(self, ground: Ground) -> Listening:
        from engine.daemon.listening import Listening, sensor_name  # noqa: PLC0415 - as above
        from sensor.inputs.siem import records_of_message  # noqa: PLC0415

        sensor = sensor_name("syslog", self.syslog.place.name)
        after = ground.last(sensor), ground.last(f"{sensor} raw")
        return Listening(
            "syslog", self.syslog, records_of_message, ground.rejected, *after, raw=ground.raw
        )


def opened(syslog: tuple[str, ...], certificate: Path | None, key: Path | None) -> list[_Place]:
    """The ports are taken; nothing is answered yet."""
    if not syslog:
        return []
    from engine.daemon.tls import load_tls  # noqa: PLC0415 - `--help` answers at once
    from sensor.inputs.interface import InterfaceError  # noqa: PLC0415
    from sensor.inputs.places import place  # noqa: PLC0415
    from sensor.inputs.syslog import PORTS, Syslog  # noqa: PLC0415

    try:
        named = [place(text, PORTS) for text in dict.fromkeys(syslog)]
    except ValueError as error:
        output.fail(f"--syslog: {error}", "as in `--syslog udp`, `--syslog tls:10.0.0.1:6514`")
    secured = any(where.way == "tls" for where in named)
    tls = load_tls("syslog over TLS", certificate, key) if secured else None
    try:
        return [_Place(Syslog(where, tls if where.way == "tls" else None)) for where in named]
    except InterfaceError as error:
        output.fail(str(error), "ports below 1024 need root; or name another one")
