"""Opening the interfaces and ports of `atp-run`, and being nobody special from then on.

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

    from sensor.inputs.interface import LiveInput
    from sensor.inputs.syslog import Syslog

_PORTABLE: Final = "pcap:"


class Opened(NamedTuple):
    """What needed privileges to open."""

    lives: list[LiveInput]
    syslogs: list[Syslog]

    def any(self) -> bool:
        """Whether there is anything."""
        return bool(self.lives or self.syslogs)

    def words(self) -> list[str]:
        """For people."""
        return [f"{live.interface} ({live.way})" for live in self.lives] + [
            f"syslog {syslog.place.name}" for syslog in self.syslogs
        ]


def open_all(
    names: Sequence[str],
    memory: int,
    places: Sequence[str],
    certificate: Path | None,
    key: Path | None,
) -> Opened:
    """Interfaces, each with a buffer of `memory` bytes, and places for syslog; ends the command
    with the reason if one cannot be opened.
    """
    return Opened(_interfaces(names, memory), _places(places, certificate, key))


def _interfaces(names: Sequence[str], memory: int) -> list[LiveInput]:
    from sensor.inputs.interface import InterfaceError  # noqa: PLC0415 - `--help` answers at once

    try:
        return [_opened(name, memory) for name in dict.fromkeys(names)]
    except InterfaceError as error:
        output.fail(str(error), "see `ip link`, and run as root or with CAP_NET_RAW")


def _places(texts: Sequence[str], certificate: Path | None, key: Path | None) -> list[Syslog]:
    if not texts:
        return []
    from sensor.inputs.interface import InterfaceError  # noqa: PLC0415 - `--help` answers at once
    from sensor.inputs.syslog import Syslog, place, tls_of  # noqa: PLC0415

    try:
        places = [place(text) for text in dict.fromkeys(texts)]
    except ValueError as error:
        output.fail(f"--syslog: {error}", "as in `--syslog udp`, `--syslog tls:10.0.0.1:6514`")
    tls = None
    if any(where.way == "tls" for where in places):
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
        return [Syslog(where, tls if where.way == "tls" else None) for where in places]
    except InterfaceError as error:
        output.fail(str(error), "ports below 1024 need root; or name another one")


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
