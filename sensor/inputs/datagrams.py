"""A UDP port that one thread reads: datagrams as they come, and how many the system dropped.

The system counts what did not fit into the socket's buffer and says so with the next datagram
(SO_RXQ_OVFL, Linux); where it does not, `dropped` stays 0. Knows no protocol.
"""

from __future__ import annotations

import contextlib
import select
import socket
import sys
import threading
from typing import TYPE_CHECKING, Final

from sensor.inputs.interface import InterfaceError
from sensor.inputs.places import bound, plain_address

if TYPE_CHECKING:
    from collections.abc import Callable

    from sensor.inputs.places import Place

_LARGEST: Final = 65_536
_ANCILLARY: Final = 64
_AT_ONCE: Final = 256
_LOOK_S: Final = 0.2
_SO_RXQ_OVFL: Final = 40  # asm-generic/socket.h; Python has no name for it


class Datagrams:
    """One place."""

    def __init__(self, kind: str, where: Place) -> None:
        """Open and bind; raises InterfaceError with the reason, which `kind` begins."""
        self.place = where
        self.refused = 0
        """There are no connections to refuse."""
        self.dropped = 0
        """Datagrams that the system could not hold."""
        self._end = threading.Event()
        self._thread: threading.Thread | None = None
        try:
            self._socket = bound(where, socket.SOCK_DGRAM)
        except OSError as error:
            raise InterfaceError(f"{kind} {where.name}: {error.strerror or error}") from error
        with contextlib.suppress(OSError):
            self._socket.setsockopt(socket.SOL_SOCKET, _SO_RXQ_OVFL, 1)

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return int(self._socket.getsockname()[1])

    def start(self, datagram: Callable[[bytes, str], None]) -> None:
        """Read from now on; `datagram` is called with each, and the address it came from."""
        self._datagram = datagram
        self._thread = threading.Thread(
            target=self._run, name=f"port {self.place.name}", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Read no more; what waits in the socket is still told."""
        self._end.set()
        if self._thread is not None:
            self._thread.join(timeout=5)
        self._socket.close()

    def _run(self) -> None:
        while not self._end.is_set():
            if select.select([self._socket], [], [], _LOOK_S)[0]:
                self._read()
        self._read()

    def _read(self) -> None:
        with contextlib.suppress(BlockingIOError, ConnectionError):
            for _ in range(_AT_ONCE):
                if not hasattr(self._socket, "recvmsg"):  # Windows
                    data, sender = self._socket.recvfrom(_LARGEST)
                else:
                    data, ancillary, _, sender = self._socket.recvmsg(_LARGEST, _ANCILLARY)
                    self._count(ancillary)
                self._datagram(data, plain_address(str(sender[0])))

    def _count(self, ancillary: list[tuple[int, int, bytes]]) -> None:
        for level, kind, count in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, _SO_RXQ_OVFL):
                self.dropped = int.from_bytes(count[:4], sys.byteorder)
