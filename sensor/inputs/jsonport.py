"""Listening for JSON: lines over TCP or TLS, and HTTP or HTTPS (`jsonhttp`).

Each line goes to whoever asked for it. Senders of lines are kept waiting while `room` says that
nothing can be taken; those of HTTP are told to come again. Reference: ndjson.org.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sensor.inputs.jsonhttp import Http
from sensor.inputs.server import READ, Server, until

if TYPE_CHECKING:
    import asyncio
    import ssl
    from collections.abc import Callable, Collection

    from sensor.inputs.places import Place

PORTS: Final = {"tcp": 9080, "tls": 9443, "http": 9200, "https": 9200}
SECURED: Final = frozenset({"tls", "https"})
LINE_LIMIT: Final = 1 << 20
"""Bytes of one line; the rest of a longer one is passed over."""


class JsonPort:
    """One place. `message` is called in a thread of this object with each line and the address it
    came from, and must not raise; `room` says whether it can take more.
    """

    dropped = 0
    """There are no datagrams to drop."""

    def __init__(
        self, where: Place, tls: ssl.SSLContext | None = None, tokens: Collection[str] = ()
    ) -> None:
        """Open and bind; `tokens` let HTTP's senders in. Raises InterfaceError with the reason."""
        self.place = where
        self.cut = 0
        """Lines that were longer than a line may be."""
        self._tokens = tokens
        self._server = Server("json", where, tls)

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return self._server.port

    @property
    def refused(self) -> int:
        """Connections above the number that is served at once."""
        return self._server.refused

    def start(self, message: Callable[[bytes, str], None], room: Callable[[], bool]) -> None:
        """Serve from now on."""
        self._message = message
        self._room = room
        if self.place.way.startswith("http"):
            self._server.start(Http(self._tokens, message, room).talk)
        else:
            self._server.start(self._talk)

    def close(self) -> None:
        """Serve no more: what has come is told, then the thread ends."""
        self._server.close()

    async def _talk(self, reader: asyncio.StreamReader, _: asyncio.StreamWriter, peer: str) -> None:
        rest, skipping = b"", False
        try:
            while True:
                await until(self._room)
                data = await reader.read(READ)
                if not data:
                    return
                *lines, rest = (rest + data).split(b"\n")
                for line in lines:
                    if not skipping and line.strip():
                        self._message(line, peer)
                    skipping = False
                if len(rest) > LINE_LIMIT:
                    self.cut += not skipping
                    rest, skipping = b"", True
        finally:
            if rest.strip() and not skipping:
                self._message(rest, peer)
