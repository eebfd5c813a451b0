"""Frames out of a TPACKET_V3 ring: memory that the kernel fills block by block (Linux).

The kernel hands over a block when it is full or 60 ms old; one copy takes it out, and it is given
back before its packets are read. How many blocks wait tells how far the reader is behind.
References: Documentation/networking/packet_mmap.rst, Linux `if_packet.h`.
"""

from __future__ import annotations

import errno
import mmap
import struct
from typing import TYPE_CHECKING, Final

from sensor.inputs import ringblock
from sensor.inputs.packets import Packets
from sensor.inputs.packetsocket import SOL_PACKET

if TYPE_CHECKING:
    from sensor.inputs.packetsocket import PacketSocket

_PACKET_RX_RING: Final = 5
_PACKET_VERSION: Final = 10
_TPACKET_V3: Final = 2
_TP_STATUS_KERNEL: Final = 0
_TP_STATUS_USER: Final = 1
_BLOCK: Final = 256 * 1024
"""Bigger than any frame that is not cut; small blocks stay in the processor's cache."""
_FRAME: Final = 2048
"""Only has to divide the block: the frames of version 3 lie end to end."""
_LEAST: Final = 8
"""Blocks; with less, plain reception is no worse."""
_TIMEOUT_MS: Final = 60
_WORD: Final = struct.Struct("=I")


class Ring:
    """The ring of one socket that is not bound yet.

    `take` gives what is there. Raises OSError where the kernel has no such ring, or no memory for
    an eighth of `memory` bytes.
    """

    def __init__(self, live: PacketSocket, memory: int) -> None:
        self._live = live
        self._map, self._blocks = _mapped(live, memory)
        self._next = 0

    @property
    def way(self) -> str:
        """For people."""
        return f"ring of {self._blocks * _BLOCK / (1 << 20):.3g} MB"

    def take(self) -> Packets | None:
        """The frames of the next block, None if the kernel has none ready."""
        if not self._is_ready(self._next):
            return None
        memory = self._map
        base = self._next * _BLOCK
        (size,) = _WORD.unpack_from(memory, base + ringblock.SIZE)
        block = Packets(memory[base : base + min(size, _BLOCK)], self._live.linktype)
        _WORD.pack_into(memory, base + ringblock.STATUS, _TP_STATUS_KERNEL)
        self._next = (self._next + 1) % self._blocks
        ringblock.walk(block.data, self._live.loopback, block.times, block.starts, block.ends)
        return block

    def fill(self) -> float:
        """The share of blocks that wait: they are ready in order, so halving finds the last one."""
        low, high = 0, self._blocks
        while low < high:
            middle = (low + high) // 2
            if self._is_ready((self._next + middle) % self._blocks):
                low = middle + 1
            else:
                high = middle
        return low / self._blocks

    def close(self) -> None:
        """Give the memory back; before the socket is closed."""
        self._map.close()

    def _is_ready(self, block: int) -> bool:
        (status,) = _WORD.unpack_from(self._map, block * _BLOCK + ringblock.STATUS)
        return bool(status & _TP_STATUS_USER)


def _mapped(live: PacketSocket, memory: int) -> tuple[mmap.mmap, int]:
    """The ring's memory and its number of blocks: as many as asked for, or down to an eighth."""
    wanted = max(_LEAST, memory // _BLOCK)
    blocks = wanted
    live.socket.setsockopt(SOL_PACKET, _PACKET_VERSION, _TPACKET_V3)
    while True:
        frames = blocks * (_BLOCK // _FRAME)
        request = struct.pack("=7I", _BLOCK, blocks, _FRAME, frames, _TIMEOUT_MS, 0, 0)
        try:
            live.socket.setsockopt(SOL_PACKET, _PACKET_RX_RING, request)
        except OSError as error:
            if error.errno not in (errno.ENOMEM, errno.EAGAIN) or blocks // 2 < wanted // 8:
                raise
            blocks //= 2
        else:
            break
    try:
        return mmap.mmap(live.socket.fileno(), blocks * _BLOCK), blocks
    except OSError:
        # a socket with a ring receives no other way
        live.socket.setsockopt(SOL_PACKET, _PACKET_RX_RING, bytes(28))
        raise
