"""Listening for syslog: UDP, TCP and TLS, each message to whoever asked for it.

One thread serves a place. A TCP or TLS sender is kept waiting while `room` says that nothing
can be taken; what UDP sends meanwhile the system drops. References: RFC 5426 (UDP), 6587 (TCP),
5425 (TLS).
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import threading
from typing import TYPE_CHECKING, Final

from sensor.inputs.interface import InterfaceError
from sensor.inputs.places import bound, plain_address
from sensor.inputs.syslogframes import Frames

if TYPE_CHECKING:
    from collections.abc import Callable

    from sensor.inputs.places import Place

PORTS: Final = {"udp": 514, "tcp": 514, "tls": 6514}
_CONNECTIONS: Final = 500
_READ: Final = 65_536
_QUIET_S: Final = 1.0
"""A line that waits for more is a message after so long."""
_WAIT_S: Final = 0.05


class Syslog:
    """One place. `message` is called in a thread of this object with each message and the address
    it came from, and must not raise; `room` says whether it can take more.
    """

    def __init__(self, where: Place, tls: ssl.SSLContext | None = None) -> None:
        """Open and bind; raises InterfaceError with the reason."""
        self.place = where
        self.cut = 0
        """Messages that were longer than a message may be."""
        self.refused = 0
        """Connections above the number that is served at once, or without a handshake."""
        self._tls = tls
        self._loop = asyncio.new_event_loop()
        self._thread: threading.Thread | None = None
        self._end = asyncio.Event()
        self._connections: set[asyncio.Task[None]] = set()
        try:
            kind = socket.SOCK_DGRAM if where.way == "udp" else socket.SOCK_STREAM
            self._socket = bound(where, kind)
        except OSError as error:
            self._loop.close()
            raise InterfaceError(f"syslog {where.name}: {error.strerror or error}") from error

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return int(self._socket.getsockname()[1])

    def start(self, message: Callable[[bytes, str], None], room: Callable[[], bool]) -> None:
        """Serve from now on."""
        self._message = message
        self._room = room
        self._thread = threading.Thread(
            target=self._run, name=f"syslog {self.place.name}", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Serve no more: what has come is told, then the thread ends."""
        if self._thread is None:
            self._socket.close()
            self._loop.close()
        elif self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._end.set)
            self._thread.join(timeout=5)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._loop.close()

    async def _serve(self) -> None:
        if self.place.way == "udp":
            transport, _ = await self._loop.create_datagram_endpoint(
                lambda: _Datagrams(self._message), sock=self._socket
            )
            await self._end.wait()
            transport.close()
            return
        server = await asyncio.start_server(
            self._accept, sock=self._socket, ssl=self._tls, limit=_READ
        )
        await self._end.wait()
        server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        await asyncio.sleep(_WAIT_S)  # the transports close their sockets in the loop's next rounds

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(self._connections) >= _CONNECTIONS:
            self.refused += 1
            writer.close()
            return
        self._connections.add(task)
        frames = Frames()
        peer = plain_address(str((writer.get_extra_info("peername") or ("",))[0]))
        try:
            with contextlib.suppress(OSError, ssl.SSLError):
                await self._read(reader, frames, peer)
        finally:
            for one in frames.flush():
                self._message(one, peer)
            self.cut += frames.cut
            self._connections.discard(task)
            writer.transport.abort()

    async def _read(self, reader: asyncio.StreamReader, frames: Frames, peer: str) -> None:
        while True:
            while not self._room():  # noqa: ASYNC110 - who takes the events knows no loop
                await asyncio.sleep(_WAIT_S)
            try:
                data = await asyncio.wait_for(reader.read(_READ), _QUIET_S)
            except TimeoutError:
                messages = frames.flush()
            else:
                if not data:
                    return
                messages = frames.feed(data)
            for one in messages:
                self._message(one, peer)


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, message: Callable[[bytes, str], None]) -> None:
        self._message = message

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._message(data, plain_address(str(addr[0])))
