"""Live capture from a Linux network interface: an AF_PACKET socket, in blocks for the driver.

Reads with plain `recvmsg`, a block at a time, so that the wire driver meets the same shape as from
a file. Needs CAP_NET_RAW. Kernel drops (PACKET_STATISTICS) are handed on, so that loss is known.
References: packet(7); the VLAN tag that the kernel strips comes back through PACKET_AUXDATA.
"""

from __future__ import annotations

import errno
import fcntl
import os
import select
import socket
import struct
import time
from typing import TYPE_CHECKING, Final

from sensor.inputs.packets import Packets
from sensor.wire.link import ETHERNET, RAW

if TYPE_CHECKING:
    from collections.abc import Iterator

SOL_PACKET: Final = 263
PACKET_ADD_MEMBERSHIP: Final = 1
PACKET_STATISTICS: Final = 6
PACKET_AUXDATA: Final = 8
PACKET_MR_PROMISC: Final = 1
PACKET_OUTGOING: Final = 4
SO_TIMESTAMPNS: Final = 35
SO_RCVBUFFORCE: Final = 33
ETH_P_ALL: Final = 3
SIOCGIFHWADDR: Final = 0x8927
SIOCGIFINDEX: Final = 0x8933
_IFREQ: Final = 40
_IFNAME: Final = 16
_ARPHRD_ETHER: Final = 1
_ARPHRD_LOOPBACK: Final = 772
_ARPHRD_NONE: Final = 65534
_VLAN_VALID: Final = 0x10
_BUFFER: Final = 64 * 1024 * 1024
_MAX_FRAME: Final = 262_144
_BLOCK_PACKETS: Final = 512
_IDLE_MS: Final = 200
_AUXDATA: Final = struct.Struct("=IIIHHHH")
_TIMESPEC: Final = struct.Struct("=qq")


class InterfaceError(OSError):
    """The interface cannot be captured: it is not there (any more), its link is not known, or the
    right is missing.
    """


class LiveCapture:
    """Frames of one interface. `dropped` counts what the kernel could not hand over.

    One thread reads `blocks`; `stop` may be called from another one, and `close` when it has ended.
    """

    def __init__(self, interface: str) -> None:
        """Open and bind; raises InterfaceError with the remedy."""
        self.interface = interface
        self.dropped = 0
        self._stopped = False
        self._loopback = False
        self._index = 0
        self._buffer = bytearray(_MAX_FRAME)
        if interface not in (name for _, name in socket.if_nameindex()):
            known = ", ".join(name for _, name in sorted(socket.if_nameindex()))
            raise InterfaceError(f"there is no interface `{interface}`; there are: {known}")
        try:
            # protocol 0: nothing comes in before bind
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        except PermissionError as error:
            raise InterfaceError("capturing needs root or CAP_NET_RAW") from error
        try:
            self._linktype = self._link()
            self._prepare()
        except InterfaceError:
            self._socket.close()
            raise
        except OSError as error:
            self._socket.close()
            raise InterfaceError(f"`{interface}` cannot be captured: {error.strerror}") from error

    def _link(self) -> int:
        (kind,) = struct.unpack_from("=H", self._ask(SIOCGIFHWADDR), _IFNAME)
        if kind in (_ARPHRD_ETHER, _ARPHRD_LOOPBACK):
            self._loopback = kind == _ARPHRD_LOOPBACK
            return ETHERNET
        if kind == _ARPHRD_NONE:
            return RAW
        raise InterfaceError(f"`{self.interface}` has a link of type {kind}, which is not read")

    def _prepare(self) -> None:
        live = self._socket
        try:
            live.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, _BUFFER)
        except PermissionError:
            live.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        live.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        live.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        live.bind((self.interface, ETH_P_ALL))
        self._index = self._number()
        promiscuous = struct.pack("=iHH8s", self._index, PACKET_MR_PROMISC, 0, b"")
        live.setsockopt(SOL_PACKET, PACKET_ADD_MEMBERSHIP, promiscuous)
        live.settimeout(0)

    def blocks(self) -> Iterator[Packets | None]:
        """Blocks of frames as they come; None where 0.2 s passed without any. Ends after `stop`;
        raises InterfaceError when the interface is gone. One that is only down is waited for.
        """
        waiting = select.poll()
        waiting.register(self._socket, select.POLLIN)
        while not self._stopped:
            waiting.poll(_IDLE_MS)
            times: list[int] = []
            parts: list[bytes] = []
            try:
                while len(times) < _BLOCK_PACKETS:
                    self._receive(times, parts)
            except BlockingIOError:
                pass
            except OSError as error:
                if error.errno != errno.ENETDOWN:  # down for now, or for ever: see below
                    raise InterfaceError(f"`{self.interface}`: {error.strerror}") from error
            self._count_drops()
            if parts:
                yield self._block(times, parts)
            elif self._present():
                yield None
            else:
                raise InterfaceError(f"`{self.interface}` is gone")

    def stop(self) -> None:
        """`blocks` ends within a fifth of a second."""
        self._stopped = True

    def close(self) -> None:
        """Free the socket; not while `blocks` is being read."""
        self._socket.close()

    def _present(self) -> bool:
        try:
            return self._number() == self._index
        except OSError:
            return False

    def _number(self) -> int:
        (index,) = struct.unpack_from("=i", self._ask(SIOCGIFINDEX), _IFNAME)
        return int(index)

    def _ask(self, request: int) -> bytes:
        """What the socket's own network namespace knows of the interface: an ifreq."""
        return fcntl.ioctl(self._socket, request, os.fsencode(self.interface).ljust(_IFREQ, b"\0"))

    def _receive(self, times: list[int], parts: list[bytes]) -> None:
        size, ancillary, _flags, address = self._socket.recvmsg_into([self._buffer], 256)
        if self._loopback and address[2] == PACKET_OUTGOING:
            return  # loopback shows every frame twice
        frame = bytes(memoryview(self._buffer)[:size])
        ts = 0
        for level, kind, data in ancillary:
            if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS:
                seconds, nanoseconds = _TIMESPEC.unpack_from(data)
                ts = seconds * 1_000_000_000 + nanoseconds
            elif level == SOL_PACKET and kind == PACKET_AUXDATA:
                frame = _with_vlan(frame, data)
        times.append((ts or time.time_ns()) // 1000)
        parts.append(frame)

    def _count_drops(self) -> None:
        # reading resets the kernel's counter
        _packets, drops = struct.unpack(
            "=II", self._socket.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8)
        )
        self.dropped += drops

    def _block(self, times: list[int], parts: list[bytes]) -> Packets:
        starts, ends, position = [], [], 0
        for part in parts:
            starts.append(position)
            position += len(part)
            ends.append(position)
        block = Packets(b"".join(parts), self._linktype)
        block.times, block.starts, block.ends = times, starts, ends
        return block


def _with_vlan(frame: bytes, auxdata: bytes) -> bytes:
    """The frame with the 802.1Q tag that the kernel moved into the metadata."""
    status, _length, _snap, _mac, _net, tci, tpid = _AUXDATA.unpack_from(auxdata)
    if not status & _VLAN_VALID or len(frame) < 14:
        return frame
    return frame[:12] + struct.pack(">HH", tpid or 0x8100, tci) + frame[12:]
