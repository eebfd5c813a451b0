"""Where inputs listen: a way, an address and a port as people write them, and the socket for it.

Sockets are opened when the inputs are made (ports below 1024 need a privilege that is given up
later). Knows no protocol.
"""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING, Final, NamedTuple

from sensor.inputs.interface import InterfaceError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_BACKLOG: Final = 64
_UDP_MEMORY: Final = 32 << 20
_SO_RCVBUFFORCE: Final = 33  # asm-generic/socket.h; Python has no name for it


class Place(NamedTuple):
    """Where to listen: `way` as the input calls it, an address ("" for all of them), a port (0: any
    free one).
    """

    way: str
    address: str
    port: int

    @property
    def name(self) -> str:
        """The same in every run: `udp:514`, `tls:10.0.0.1:6514`, `udp:[::1]:1813`."""
        address = f"[{self.address}]" if ":" in self.address else self.address
        return ":".join(part for part in (self.way, address, str(self.port)) if part)


def place(text: str, ports: Mapping[str, int]) -> Place:
    """`udp`, `tcp:1514`, `tls:10.0.0.1:6514`, `tcp:[::1]:514`; `ports` are the ways that there are,
    with the port where none is written. Raises ValueError for people.
    """
    way, _, rest = text.partition(":")
    if way not in ports:
        raise ValueError(f"`{way}` is none of {', '.join(ports)}")
    return Place(way, *ends(rest, ports[way]))


def ends(text: str, port: int) -> tuple[str, int]:
    """Address and port of `10.0.0.1:6514`, `[::1]:514`, `1514` or nothing. Raises ValueError."""
    if not text:
        return "", port
    address, _, number = text.rpartition(":")
    if not (number.isascii() and number.isdigit() and int(number) < 65_536):
        raise ValueError(f"`{number}` is no port")
    return address.strip("[]"), int(number)


def bound(where: Place, kind: socket.SocketKind) -> socket.socket:
    """A socket for IPv4 and IPv6 where no address is given and the system has both; it does not
    block. Raises OSError.
    """
    dual = not where.address and socket.has_dualstack_ipv6()
    family = socket.AF_INET6 if dual or ":" in where.address else socket.AF_INET
    made = socket.socket(family, kind)
    try:
        if dual:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        if kind == socket.SOCK_DGRAM:
            _enlarge(made)
        else:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((where.address, where.port))
        if kind == socket.SOCK_STREAM:
            made.listen(_BACKLOG)
        made.settimeout(0)
    except OSError:
        made.close()
        raise
    return made


def _enlarge(made: socket.socket) -> None:
    """A large buffer: beyond what the system gives everybody where the right is there (Linux)."""
    try:
        made.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _UDP_MEMORY)
    except OSError:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _UDP_MEMORY)


def plain_address(address: str) -> str:
    """An IPv4 address as such, where a socket for both writes `::ffff:10.0.0.1`."""
    return address.removeprefix("::ffff:") if "." in address else address


def tls_of(certificate: Path, key: Path) -> ssl.SSLContext:
    """The server's side of TLS. Raises InterfaceError with the file that is wrong."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise InterfaceError(f"{certificate}, {key}: {error.strerror or error}") from error
    return context
