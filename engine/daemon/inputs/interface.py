"""`--interface`: live capture.

Which input reads an interface depends on its name and the system: the ring of Linux, or libpcap
through scapy (`pcap:NAME`, and everywhere else).
"""

from __future__ import annotations

import re
import socket
from typing import TYPE_CHECKING, Final, NamedTuple

import click

from engine.cli import output
from engine.printable import printable
from sensor.inputs.canary import Schedule

if TYPE_CHECKING:
    from engine.daemon.capture import Capture
    from engine.daemon.inputs import Ground, Telling
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
    click.Option(
        ["--test-alert"],
        default="03:00",
        show_default=True,
        metavar="HH:MM|off",
        help="When each interface is tested once a day (UTC), and at the start: frames that nobody sent, from "
        "the capture to a rule.",
    ),
)


class _Interface(NamedTuple):
    live: LiveInput
    tests: Schedule | None

    @property
    def words(self) -> str:
        return f"{self.live.interface} ({self.live.way})"

    @property
    def tells(self) -> Telling:
        return "events"

    def start(self, ground: Ground) -> Capture:
        from engine.daemon.capture import Capture, sensor_name  # noqa: PLC0415 - `--help` answers at once

        after = ground.last(sensor_name(self.live.interface))
        return Capture(self.live, after, ground.allowance, self.tests)


def opened(interfaces: tuple[str, ...], buffer_mb: int, test_alert: str) -> list[_Interface]:
    """Each with a buffer of so many MB, tested at this time of the day."""
    minute = _minute(test_alert)
    if not interfaces:
        return []
    from sensor.inputs.interface import InterfaceError  # noqa: PLC0415 - `--help` answers at once

    try:
        return [
            _Interface(_live(name, buffer_mb << 20), None if minute is None else Schedule(minute))
            for name in dict.fromkeys(interfaces)
        ]
    except InterfaceError as error:
        output.fail(str(error), "see `ip link`, and run as root or with CAP_NET_RAW")


def _live(name: str, memory: int) -> LiveInput:
    if name.startswith(_PORTABLE) or not hasattr(socket, "AF_PACKET"):
        from sensor.inputs.pcap_live import PcapCapture  # noqa: PLC0415 - optional

        return PcapCapture(name.removeprefix(_PORTABLE))
    from sensor.inputs.live import LiveCapture  # noqa: PLC0415 - Linux only

    return LiveCapture(name, memory)


def _minute(text: str) -> int | None:
    """The minute of the day; None: never."""
    if text == "off":
        return None
    found = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", text, re.ASCII)
    if found is None:
        output.fail(
            f"--test-alert: `{printable(text)}` is no time of the day", "as in `03:00`, or `off`"
        )
    return int(found[1]) * 60 + int(found[2])
