"""`--radius`: VPN sessions, as a server of RADIUS accounting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import click

from engine.cli import output
from engine.cli.existing import Existing
from engine.daemon import ports

if TYPE_CHECKING:
    from pathlib import Path

    from engine.daemon.accounting import Accounting
    from engine.daemon.inputs import Ground, Telling
    from sensor.inputs.radius import Radius

OPTIONS: Final = (
    click.Option(
        ["--radius", "radius_places"],
        multiple=True,
        is_flag=False,
        flag_value="1813",
        metavar="[[ADDRESS:]PORT]",
        help="Be a server of RADIUS accounting for VPN gateways, on UDP port 1813 or this one. "
        "May be given again.",
    ),
    click.Option(
        ["--radius-clients"],
        type=Existing(folder=False),
        metavar="FILE",
        help="The gateways that may send accounting, each with the secret it shares.",
    ),
)


class _Port(NamedTuple):
    radius: Radius

    @property
    def words(self) -> str:
        return f"radius {self.radius.place.name}"

    @property
    def tells(self) -> Telling:
        return "sessions"

    def start(self, ground: Ground) -> Accounting:
        from engine.daemon.accounting import Accounting, sensor_name  # noqa: PLC0415 - as below

        return Accounting(self.radius, ground.last(sensor_name(self.radius.place.name)))


def opened(radius_places: tuple[str, ...], radius_clients: Path | None) -> list[_Port]:
    """The ports are taken; nothing is answered yet."""
    if not radius_places:
        if radius_clients is not None:
            output.fail("--radius-clients without --radius", "add `--radius`")
        return []
    if radius_clients is None:
        hint = "name the file of clients and their secrets: --radius-clients"
        output.fail("RADIUS accounting needs to know its clients", hint)
    from engine.daemon.radius_clients import load_clients  # noqa: PLC0415 - `--help` answers at once
    from sensor.inputs.interface import InterfaceError  # noqa: PLC0415
    from sensor.inputs.places import Place, ends  # noqa: PLC0415
    from sensor.inputs.radius import PORT, Radius  # noqa: PLC0415

    clients = load_clients(radius_clients)
    try:
        places = [Place("", *ends(text, PORT)) for text in dict.fromkeys(radius_places)]
    except ValueError as error:
        output.fail(f"--radius: {error}", "as in `--radius 1813`, `--radius 10.0.0.1:1813`")
    try:
        return [_Port(Radius(where, clients)) for where in places]
    except InterfaceError as error:
        output.fail(str(error), ports.BUSY_HINT)
