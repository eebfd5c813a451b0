"""Opening what `atp-run` reads live, and being nobody special from then on.

Which input reads an interface depends on its name and the system: the ring of Linux, or libpcap
through scapy (`pcap:NAME`, and everywhere else).
"""

from __future__ import annotations

import os
import socket
import sys
from typing import TYPE_CHECKING, Final, NamedTuple

from engine.cli import output

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from engine.daemon.ports import Port, Wanted
    from sensor.inputs.interface import LiveInput

_PORTABLE: Final = "pcap:"


class Opened(NamedTuple):
    """What needed privileges to open."""

    lives: list[LiveInput]
    ports: list[Port]

    def any(self) -> bool:
        """Whether there is anything."""
        return bool(self.lives or self.ports)

    def words(self) -> list[str]:
        """For people."""
        lives = [f"{live.interface} ({live.way})" for live in self.lives]
        return lives + [port.name for port in self.ports]


def open_all(names: Sequence[str], memory: int, wanted: Wanted) -> Opened:
    """Interfaces, each with a buffer of `memory` bytes, and ports; ends the command with the reason
    if one cannot be opened.
    """
    from engine.daemon.ports import open_ports  # noqa: PLC0415 - `--help` answers at once

    return Opened(_interfaces(names, memory), open_ports(wanted))


def _interfaces(names: Sequence[str], memory: int) -> list[LiveInput]:
    from sensor.inputs.interface import InterfaceError  # noqa: PLC0415 - `--help` answers at once

    try:
        return [_opened(name, memory) for name in dict.fromkeys(names)]
    except InterfaceError as error:
        output.fail(str(error), "see `ip link`, and run as root or with CAP_NET_RAW")


def _opened(name: str, memory: int) -> LiveInput:
    if name.startswith(_PORTABLE) or not hasattr(socket, "AF_PACKET"):
        from sensor.inputs.pcap_live import PcapCapture  # noqa: PLC0415 - optional

        return PcapCapture(name.removeprefix(_PORTABLE))
    from sensor.inputs.live import LiveCapture  # noqa: PLC0415 - Linux only

    return LiveCapture(name, memory)


def give_up_privileges(user: str | None, written: Sequence[Path]) -> str:
    """No privilege is left afterwards; who this process is now, for people. `written` are the files
    that it is going to write. Ends the command with the reason where that cannot work.
    """
    if sys.platform == "win32":
        return ""
    from engine.daemon.privileges import (  # noqa: PLC0415 - not of Windows
        PrivilegeError,
        give_up,
        successor,
        unwritable,
    )

    written = [path.resolve() for path in written]
    try:
        to = successor(user, written[0].parent)
        give_up(to)
    except PrivilegeError as error:
        output.fail(str(error), "see --user")
    name = to.pw_name if to else str(os.geteuid())
    for path in written:
        barred = unwritable(path)
        if barred is not None:
            hint = f"`chown {name} {barred}`, or name another user with --user"
            output.fail(f"`{name}` may not write to {barred}", hint)
    for part in (__file__, os.__file__):
        if not os.access(part, os.R_OK):
            hint = "install it where everybody may read, or name another user with --user"
            output.fail(f"`{name}` may not read {part}, which is part of the program", hint)
    return name
