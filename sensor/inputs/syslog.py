"""Listening for syslog: UDP, TCP and TLS, each message to whoever asked for it.

A TCP or TLS sender is kept waiting while `room` says that nothing can be taken; of UDP the system
drops what its buffer does not hold meanwhile, and counts it. References: RFC 5426 (UDP), 6587
(TCP), 5425 (TLS).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from sensor.inputs.datagrams import Datagrams
from sensor.inputs.server import READ, Server, until
from sensor.inputs.syslogframes import Frames

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from sensor.inputs.places import Place

PORTS: Final = {"udp": 514, "tcp": 514, "tls": 6514}
_QUIET_S: Final = 1.0
"""A line that waits for more is a message after so long."""


class Syslog:
    """One place. `message` is called in a thread of this object with each message and the address
    it came from, and must not raise; `room` says whether it can take more.
    """

    def __init__(self, where: Place, tls: ssl.SSLContext | None = None) -> None:
        """Open and bind; raises InterfaceError with the reason."""
        self.place = where
        self.cut = 0
        """Messages that were longer than a message may be."""
        self._server = None if where.way == "udp" else Server("syslog", where, tls)
        self._datagrams = Datagrams("syslog", where) if where.way == "udp" else None

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return self._any.port

    @property
    def refused(self) -> int:
        """Connections above the number that is served at once."""
        return self._any.refused

    @property
    def dropped(self) -> int:
        """Datagrams that the system could not hold."""
        return self._datagrams.dropped if self._datagrams is not None else 0

    @property
    def _any(self) -> Server | Datagrams:
        opened = self._server or self._datagrams
        assert opened is not None  # noqa: S101 - one of them is
        return opened

    def start(self, message: Callable[[bytes, str], None], room: Callable[[], bool]) -> None:
        """Serve from now on."""
        self._message = message
        self._room = room
        if self._server is not None:
            self._server.start(self._talk)
        elif self._datagrams is not None:
            self._datagrams.start(message)

    def close(self) -> None:
        """Serve no more: what has come is told, then the thread ends."""
        self._any.close()

    async def _talk(self, reader: asyncio.StreamReader, _: asyncio.StreamWriter, peer: str) -> None:
        frames = Frames()
        try:
            await self._read(reader, frames, peer)
        finally:
            for one in frames.flush():
                self._message(one, peer)
            self.cut += frames.cut

    async def _read(self, reader: asyncio.StreamReader, frames: Frames, peer: str) -> None:
        while True:
            await until(self._room)
            try:
                data = await asyncio.wait_for(reader.read(READ), _QUIET_S)
            except TimeoutError:
                messages = frames.flush()
            else:
                if not data:
                    return
                messages = frames.feed(data)
            for one in messages:
                self._message(one, peer)
