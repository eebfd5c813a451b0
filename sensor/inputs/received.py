"""Frames received one by one with `recvmsg`: the road where the kernel offers no ring.

Some sandboxes and old kernels refuse the ring. Costs ten times as much a packet. Reference:
packet(7), socket(7) (SO_TIMESTAMPNS, SO_MEMINFO).
"""

from __future__ import annotations

import errno
import socket
import struct
import time
from typing import TYPE_CHECKING, Final

from sensor.inputs.packets import Packets, joined
from sensor.inputs.packetsocket import PACKET_OUTGOING

if TYPE_CHECKING:
    from sensor.inputs.packetsocket import PacketSocket

_SO_TIMESTAMPNS: Final = 35
_SO_RCVBUFFORCE: Final = 33
_SO_MEMINFO: Final = 55
_MEMINFO: Final = struct.Struct("=II")
"""SK_MEMINFO_RMEM_ALLOC, SK_MEMINFO_RCVBUF"""
_MAX_FRAME: Final = 262_144
_BLOCK_PACKETS: Final = 512
_TIMESPEC: Final = struct.Struct("=qq")


class Received:
    """Reception on one socket that is not bound yet, with a receive buffer of `memory` bytes."""

    way: Final = "plain reception"

    def __init__(self, live: PacketSocket, memory: int) -> None:
        self._live = live
        self._buffer = bytearray(_MAX_FRAME)
        try:
            live.socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, memory)
        except PermissionError:
            live.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, memory)
        live.socket.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        live.socket.settimeout(0)

    def take(self) -> Packets | None:
        """The frames that are there, some hundreds at most; None if there are none. Raises OSError."""
        times: list[int] = []
        parts: list[bytes] = []
        try:
            while len(times) < _BLOCK_PACKETS:
                self._receive(times, parts)
        except BlockingIOError:
            pass
        except OSError as error:
            if error.errno != errno.ENETDOWN:  # down for now or for ever: the caller looks
                raise
        return joined(self._live.linktype, times, parts) if parts else None

    def fill(self) -> float:
        """The share of the receive buffer in use."""
        used, size = _MEMINFO.unpack_from(
            self._live.socket.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, 64)
        )
        return float(min(1.0, used / max(1, size)))

    def close(self) -> None:
        """Nothing of its own is open."""

    def _receive(self, times: list[int], parts: list[bytes]) -> None:
        size, ancillary, _flags, address = self._live.socket.recvmsg_into([self._buffer], 64)
        if self._live.loopback and address[2] == PACKET_OUTGOING:
            return  # loopback shows every frame twice
        ts = 0
        for level, kind, data in ancillary:
            if level == socket.SOL_SOCKET and kind == _SO_TIMESTAMPNS:
                seconds, nanoseconds = _TIMESPEC.unpack_from(data)
                ts = seconds * 1_000_000_000 + nanoseconds
        times.append((ts or time.time_ns()) // 1000)
        parts.append(bytes(memoryview(self._buffer)[:size]))
