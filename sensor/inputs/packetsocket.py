"""An AF_PACKET socket on one interface, ready to be read by ring or by `recvmsg` (Linux).

Opened with protocol 0 and bound last, so that nothing comes in before buffer and filter are there.
Binding needs no privilege, opening needs CAP_NET_RAW: a socket outlives its interface and is bound
anew when one of that name is back. References: packet(7), Linux `if_packet.h`, `filter.h`.
"""

from __future__ import annotations

import fcntl
import os
import socket
import struct
from array import array
from typing import TYPE_CHECKING, Final

from sensor.inputs.interface import InterfaceError
from sensor.wire.link import ETHERNET, RAW

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sensor.inputs.bpf import Instruction

SOL_PACKET: Final = 263
PACKET_OUTGOING: Final = 4
_PACKET_ADD_MEMBERSHIP: Final = 1
_PACKET_STATISTICS: Final = 6
_PACKET_MR_PROMISC: Final = 1
_SO_ATTACH_FILTER: Final = 26
_SO_DETACH_FILTER: Final = 27
_ETH_P_ALL: Final = 3
_SIOCGIFHWADDR: Final = 0x8927
_SIOCGIFINDEX: Final = 0x8933
_IFREQ: Final = 40
_IFNAME: Final = 16
_ARPHRD_ETHER: Final = 1
_ARPHRD_LOOPBACK: Final = 772
_ARPHRD_NONE: Final = 65534


class PacketSocket:
    """The socket, its interface's link and the kernel's counters.

    `loopback`: every frame is shown twice, once as PACKET_OUTGOING.
    """

    def __init__(self, interface: str) -> None:
        """Open, unbound; raises InterfaceError with the remedy."""
        self.interface = interface
        self.loopback = False
        self.linktype = ETHERNET
        self._index = 0
        if interface not in (name for _, name in socket.if_nameindex()):
            known = ", ".join(name for _, name in sorted(socket.if_nameindex()))
            raise InterfaceError(f"there is no interface `{interface}`; there are: {known}")
        try:
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        except PermissionError as error:
            raise InterfaceError("capturing needs root or CAP_NET_RAW") from error
        try:
            self._look()
        except OSError as error:
            self.socket.close()
            raise self.failed(error) from error

    def bind(self) -> None:
        """From here on frames come; again after the interface went away. Raises OSError."""
        self._look()
        self.socket.bind((self.interface, _ETH_P_ALL))
        self._index = self._number()
        promiscuous = struct.pack("=iHH8s", self._index, _PACKET_MR_PROMISC, 0, b"")
        self.socket.setsockopt(SOL_PACKET, _PACKET_ADD_MEMBERSHIP, promiscuous)

    def attach(self, program: Sequence[Instruction]) -> None:
        """Let the kernel keep only what the filter accepts; it replaces another one at once.
        Raises OSError.
        """
        code = array("B", b"".join(struct.pack("=HBBI", *one) for one in program))
        fprog = struct.pack("@HP", len(program), code.buffer_info()[0])
        self.socket.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, fprog)

    def detach(self) -> None:
        """Let everything through."""
        self.socket.setsockopt(socket.SOL_SOCKET, _SO_DETACH_FILTER, 0)

    def drops(self) -> int:
        """Packets lost since the last call: reading resets the kernel's counter."""
        _packets, drops = struct.unpack(
            "=II", self.socket.getsockopt(SOL_PACKET, _PACKET_STATISTICS, 8)
        )
        return int(drops)

    def error(self) -> int:
        """The error number that waits at the socket, which is taken away; 0 if none."""
        return self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)

    def present(self) -> bool:
        """Whether the interface is still the one that was bound."""
        try:
            return self._number() == self._index
        except OSError:
            return False

    def close(self) -> None:
        """No more frames."""
        self.socket.close()

    def failed(self, error: OSError) -> InterfaceError:
        """The same, in words."""
        if isinstance(error, InterfaceError):
            return error
        return InterfaceError(f"`{self.interface}` cannot be captured: {error.strerror}")

    def _look(self) -> None:
        """The link's type; raises InterfaceError if it is not read, OSError if it is not there."""
        (kind,) = struct.unpack_from("=H", self._ask(_SIOCGIFHWADDR), _IFNAME)
        self.loopback = kind == _ARPHRD_LOOPBACK
        if kind in (_ARPHRD_ETHER, _ARPHRD_LOOPBACK):
            self.linktype = ETHERNET
        elif kind == _ARPHRD_NONE:
            self.linktype = RAW
        else:
            raise InterfaceError(f"`{self.interface}` has a link of type {kind}, which is not read")

    def _number(self) -> int:
        (index,) = struct.unpack_from("=i", self._ask(_SIOCGIFINDEX), _IFNAME)
        return int(index)

    def _ask(self, request: int) -> bytes:
        """What the socket's own network namespace knows of the interface: an ifreq."""
        return fcntl.ioctl(self.socket, request, os.fsencode(self.interface).ljust(_IFREQ, b"\0"))
