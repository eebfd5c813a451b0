"""Live capture from a Linux network interface: blocks of frames for the driver.

An AF_PACKET socket with a ring of memory (`ring`), or plain reception where the kernel refuses the
ring (`received`), behind a filter that leaves bulk traffic in the kernel (`bulk`). Needs
CAP_NET_RAW to open, and nothing afterwards. Kernel drops are counted, so that loss is known.
"""

from __future__ import annotations

import select
import time
from itertools import compress
from typing import TYPE_CHECKING, Final

from sensor.inputs.bulk import bulk_filter
from sensor.inputs.interface import InterfaceError
from sensor.inputs.packetsocket import PacketSocket
from sensor.inputs.received import Received
from sensor.inputs.ring import Ring
from sensor.wire.protocols import discover

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sensor.inputs.packets import Packets

MEMORY: Final = 128 << 20
"""Bytes of packets that may wait for the reader."""
_IDLE_MS: Final = 200
_DOWN_S: Final = 0.05


class LiveCapture:
    """Frames of one interface (`interface.LiveInput`).

    `memory` is the size of the buffer in bytes. `filtered`: whether the kernel keeps bulk traffic
    back; it cannot where a sandbox forbids filters.
    """

    def __init__(self, interface: str, memory: int = MEMORY) -> None:
        """Open and bind; raises InterfaceError with the remedy."""
        self.interface = interface
        self.dropped = 0
        self.filtered = False
        self._stopped = False
        self._live = PacketSocket(interface)
        protocols = discover()
        self._udp = frozenset(port for p in protocols for port in p.udp)
        self._tcp = frozenset(port for p in protocols for port in p.tcp)
        self._table = b""
        self._strict = False
        self._frames: Ring | Received | None = None
        try:
            self._filter()
            self._frames = self._reception(memory)
            self._live.bind()
        except OSError as error:
            self.close()
            raise self._live.failed(error) from error

    @property
    def way(self) -> str:
        """How frames are got, for people."""
        way = "closed" if self._frames is None else self._frames.way
        return way if self.filtered else f"{way}, unfiltered"

    def blocks(self) -> Iterator[Packets | None]:
        """Blocks of frames as they come; None where 0.2 s passed without any. Ends after `stop`;
        raises InterfaceError when the interface is gone. One that is only down is waited for.
        """
        frames = self._frames
        if frames is None:
            raise InterfaceError(f"`{self.interface}` is closed")
        waiting = select.poll()
        waiting.register(self._live.socket, select.POLLIN)
        while not self._stopped:
            try:
                block = frames.take()
            except OSError as error:
                raise InterfaceError(f"`{self.interface}`: {error.strerror}") from error
            self.dropped += self._live.drops()
            if block is not None:
                if block.times:
                    yield block
                continue
            if not self._live.present():
                raise InterfaceError(f"`{self.interface}` is gone")
            ready = waiting.poll(_IDLE_MS)
            if not ready:
                yield None
            elif ready[0][1] & select.POLLERR and self._live.error():
                time.sleep(_DOWN_S)  # down for now
                yield None

    def stop(self) -> None:
        """`blocks` ends within a fifth of a second."""
        self._stopped = True

    def reopen(self) -> None:
        """Bind anew to the interface of that name; raises InterfaceError while there is none."""
        try:
            self._live.bind()
            self._filter()
        except OSError as error:
            raise self._live.failed(error) from error

    def close(self) -> None:
        """Free the socket and its memory; not while `blocks` is being read."""
        if self._frames is not None:
            self._frames.close()
            self._frames = None
        self._live.close()

    def fill(self) -> float:
        """Which share of the buffer holds packets that nobody has read yet, 0 to 1."""
        return 0.0 if self._frames is None else self._frames.fill()

    def watch(self, tcp: bytes | bytearray, *, strict: bool = False) -> None:
        """Ports (65,536 bytes, non-zero: wanted) that the filter must let through; `strict`: and
        of all others no more than openings of DCE/RPC.
        """
        if tcp != self._table or strict != self._strict:
            self._table = bytes(tcp)
            self._strict = strict
            self._tcp = frozenset(compress(range(65_536), tcp))
            self._filter()

    def _filter(self) -> None:
        """Give the kernel the filter of the ports that are wanted now."""
        program = bulk_filter(self._live.linktype, self._tcp, self._udp, strict=self._strict)
        try:
            if program:
                self._live.attach(program)
            elif self.filtered:
                self._live.detach()
        except OSError:
            self.filtered = False
        else:
            self.filtered = bool(program)

    def _reception(self, memory: int) -> Ring | Received:
        try:
            return Ring(self._live, memory)
        except OSError:
            return Received(self._live, memory)
