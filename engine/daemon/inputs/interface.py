"""`--interface`: live capture.

Which input reads an interface depends on its name and the system: the ring of Linux, or libpcap
through scapy (`pcap:NAME`, and everywhere else).
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Final, NamedTuple

import click

from engine.cli import output

if TYPE_CHECKING:
    from engine.daemon.capture import Capture
    from engine.daemon.inputs import Ground
    from sensor.inputs.interface import LiveInput

_PORTABLE: Final = "pcap:"

OPTIONS: Final = (
    click.Option(
        ["--interface", "interfaces"],
        multiple=True,
        metavar="NAME",
        help="Capture live from this network interface (needs root to open). May be given again.",
    ),
    click.Option(
        ["--buffer", "buffer_mb"],
        type=click.IntRange(2, 4096),
        default=128,
        show_default=True,
        metavar="MB",
        help="Memory for packets of an interface that wait to be read.",
    ),
)


class _Interface(NamedTuple):
    live: LiveInput

    @property
    def words(self) -> str:
        return f"{self.live.interface} ({self.live.way})"

    def start(self, ground: Ground) -> Capture:
        from engine.daemon.capture import Capture, sensor_name  # noqa: PLC0415 - `--help` answers at once

        return Capture(self.live, ground.last(sensor_name(self.live.interface)))


def opened(interfaces: tuple[str, ...], buffer_mb: int) -> list[_Interface]:
    """Each with a buffer of so many MB."""
    if not interfaces:
        return []
    from sensor.inputs.interface import InterfaceError  # noqa: PLC0415 - `--help` answers at once

    try:
        return [_Interface(_live(name, buffer_mb << 20)) for name in dict.fromkeys(interfaces)]
    except InterfaceError as error:
        output.fail(str(error), "see `ip link`, and run as root or with CAP_NET_RAW")


def _live(name: str, memory: int) -> LiveInput:
    if name.startswith(_PORTABLE) or not hasattr(socket, "AF_PACKET"):
        from sensor.inputs.pcap_live import PcapCapture  # noqa: PLC0415 - optional

        return PcapCapture(name.removeprefix(_PORTABLE))
    from sensor.inputs.live import LiveCapture  # noqa: PLC0415 - Linux only

    return LiveCapture(name, memory)
