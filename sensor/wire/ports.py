"""Which ports are worth looking at: well-known ones of the decoders, and learnt DCE/RPC ports.

DCE/RPC services of Windows live on dynamic ports. They are learnt per server, from the endpoint
mapper's answers and from any TCP segment that begins with a bind (MS-RPCE, C706 §12.6.4.3), and
forgotten when unused. The byte tables are the filter before any object exists.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sensor.wire.protocols import RPC, WireProtocol

if TYPE_CHECKING:
    from sensor.wire.bounds import Bounds

RPC_VERSION: Final = 5
_BIND: Final = 11
_BIND_ACK: Final = 12
_MIN_BIND: Final = 28  # common header 16, and what both PDUs have before their lists
_MAX_FRAGMENT: Final = 0x4000


def bind_direction(b: bytes, o: int, e: int) -> int:
    """1: b[o:e] begins with a bind (sender is the client), -1: with a bind_ack, 0: with neither."""
    if (
        e - o < _MIN_BIND
        or b[o] != RPC_VERSION
        or b[o + 1] > 1
        or b[o + 2] not in (_BIND, _BIND_ACK)
    ):
        return 0
    # data representation: integer order and character set in one byte, IEEE floats, two reserved
    if b[o + 4] not in (0x00, 0x10) or b[o + 5] or b[o + 6] or b[o + 7]:
        return 0
    fragment = b[o + 8] | b[o + 9] << 8 if b[o + 4] else b[o + 8] << 8 | b[o + 9]
    if not _MIN_BIND <= fragment <= _MAX_FRAGMENT:
        return 0
    return 1 if b[o + 2] == _BIND else -1


class Ports:
    """Port tables. `tcp[port]` and `udp[port]` are non-zero if any server may speak something."""

    __slots__ = ("_bounds", "_by_tcp", "_by_udp", "_learnt", "_rpc", "_servers", "tcp", "udp")

    def __init__(self, protocols: tuple[WireProtocol, ...], bounds: Bounds) -> None:
        self._bounds = bounds
        self.tcp = bytearray(65_536)
        self.udp = bytearray(65_536)
        self._by_tcp: dict[int, WireProtocol] = {}
        self._by_udp: dict[int, WireProtocol] = {}
        self._rpc: WireProtocol | None = None
        self._learnt: dict[tuple[str, int], int] = {}  # (server, port) -> last use, oldest first
        self._servers: dict[int, int] = {}  # port -> number of servers it is learnt for
        for protocol in protocols:
            if protocol.name == RPC:
                self._rpc = protocol
            for port in protocol.tcp:
                self._by_tcp[port] = protocol
                self.tcp[port] = 1
            for port in protocol.udp:
                self._by_udp[port] = protocol
                self.udp[port] = 1

    @property
    def rpc(self) -> WireProtocol | None:
        """DCE/RPC, if there is a decoder for it."""
        return self._rpc

    def tcp_protocol(self, server: str, port: int, now: int) -> WireProtocol | None:
        """What a TCP server speaks there, or None."""
        protocol = self._by_tcp.get(port)
        if protocol is None and (server, port) in self._learnt:
            self.learn(server, port, now)
            return self._rpc
        return protocol

    def udp_protocol(self, port: int) -> WireProtocol | None:
        """What a UDP server speaks there, or None."""
        return self._by_udp.get(port)

    def learn(self, server: str, port: int, now: int) -> bool:
        """A server's TCP port speaks DCE/RPC, as of now. True if that is news."""
        if self._rpc is None or port in self._by_tcp or not 0 < port < 65_536:
            return False
        known = self._learnt.pop((server, port), None) is not None
        if not known:
            if len(self._learnt) >= self._bounds.rpc_ports:
                self._forget(next(iter(self._learnt)))
            self._servers[port] = self._servers.get(port, 0) + 1
            self.tcp[port] = 2
        self._learnt[server, port] = now
        return not known

    def expire(self, now: int) -> None:
        """Forget learnt ports that nobody used for long."""
        limit = now - self._bounds.rpc_port_time
        while self._learnt:
            oldest = next(iter(self._learnt))
            if self._learnt[oldest] > limit:
                return
            self._forget(oldest)

    def _forget(self, learnt: tuple[str, int]) -> None:
        self._learnt.pop(learnt, None)
        port = learnt[1]
        left = self._servers.get(port, 1) - 1
        if left > 0:
            self._servers[port] = left
        else:
            self._servers.pop(port, None)
            self.tcp[port] = 0
