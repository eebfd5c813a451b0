"""A TCP or TLS port that one thread serves, a task for each connection; bounded.

What is said on a connection is its user's business. Knows no protocol.
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

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sensor.inputs.places import Place

    Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter, str], Awaitable[None]]

READ: Final = 65_536
"""Bytes that are read at once."""
_CONNECTIONS: Final = 500
_WAIT_S: Final = 0.05


class Server:
    """One place. `refused` counts connections above the number that is served at once."""

    def __init__(self, kind: str, where: Place, tls: ssl.SSLContext | None = None) -> None:
        """Open and bind; raises InterfaceError with the reason, which `kind` begins."""
        self.place = where
        self.refused = 0
        self._tls = tls
        self._loop = asyncio.new_event_loop()
        self._thread: threading.Thread | None = None
        self._end = asyncio.Event()
        self._connections: set[asyncio.Task[None]] = set()
        try:
            self._socket = bound(where, socket.SOCK_STREAM)
        except OSError as error:
            self._loop.close()
            raise InterfaceError(f"{kind} {where.name}: {error.strerror or error}") from error

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return int(self._socket.getsockname()[1])

    def start(self, talk: Talk) -> None:
        """Serve from now on; `talk` is awaited for each connection with the address of the peer."""
        self._talk = talk
        self._thread = threading.Thread(
            target=self._run, name=f"port {self.place.name}", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Serve no more: each `talk` is cancelled and awaited, then the thread ends."""
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
        server = await asyncio.start_server(
            self._accept, sock=self._socket, ssl=self._tls, limit=READ
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
        peer = plain_address(str((writer.get_extra_info("peername") or ("",))[0]))
        try:
            with contextlib.suppress(OSError, ssl.SSLError):
                await self._talk(reader, writer, peer)
        finally:
            self._connections.discard(task)
            writer.transport.abort()


async def until(room: Callable[[], bool]) -> None:
    """Wait until there is room again."""
    while not room():  # noqa: ASYNC110 - who takes the events knows no loop
        await asyncio.sleep(_WAIT_S)
