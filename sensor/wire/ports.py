"""Which ports are worth looking at: well-known ones of the decoders, and learnt DCE/RPC ports.

DCE/RPC services of Windows live on dynamic ports. They are learnt per server, from the endpoint
mapper's answers and from any TCP segment that begins with a bind (MS-RPCE, C706 §12.6.4.3), and
forgotten when unused. The tables are the filter before any object exists.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sensor.wire.protocols import RPC, WireProtocol

if TYPE_CHECKING:
    from sensor.wire.bounds import Bounds


WANTED: Final = 1
CARRIER: Final = 2
"""A tunnel's port: what it carries is read."""
WEIGHED: Final = 3
"""Wanted, and under overload `sensor.wire.shed` is asked about each packet."""


class Ports:
    """Port tables. `tcp[port]` and `udp[port]` are non-zero if any server may speak something."""

    __slots__ = (
        "_bounds", "_by_tcp", "_by_udp", "_learnt", "_rpc", "_users", "_weighed", "tcp", "udp",
    )  # fmt: skip

    def __init__(self, protocols: tuple[WireProtocol, ...], bounds: Bounds) -> None:
        self._bounds = bounds
        self.tcp = [0] * 65_536
        self.udp = [0] * 65_536
        self._weighed: tuple[list[int], list[int]] = ([], [])
        self._by_tcp: dict[int, WireProtocol] = {}
        self._by_udp: dict[int, WireProtocol] = {}
        self._rpc: WireProtocol | None = None
        self._learnt: dict[tuple[str, int], int] = {}  # (server, port) -> last use, oldest first
        self._users: dict[int, int] = {}  # port -> servers it is learnt for, and watches
        for protocol in protocols:
            if protocol.name == RPC:
                self._rpc = protocol
            for port in protocol.tcp:
                self._by_tcp[port] = protocol
                self.tcp[port] = WANTED
            for port in protocol.udp:
                self._by_udp[port] = protocol
                self.udp[port] = WANTED

    def weigh(self, tcp: list[int], udp: list[int]) -> None:
        """These known ports are weighed from now on, and no others."""
        for table, before, now in (
            (self.tcp, self._weighed[0], tcp), (self.udp, self._weighed[1], udp),
        ):  # fmt: skip
            for port in before:
                table[port] = WANTED
            for port in now:
                table[port] = WEIGHED
        self._weighed = (tcp, udp)

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

    def udp_known(self) -> list[tuple[int, WireProtocol]]:
        """All UDP ports with their protocols."""
        return list(self._by_udp.items())

    def learn(self, server: str, port: int, now: int) -> bool:
        """A server's TCP port speaks DCE/RPC, as of now. True if that is news."""
        if self._rpc is None or port in self._by_tcp or not 0 < port < 65_536:
            return False
        known = self._learnt.pop((server, port), None) is not None
        if not known:
            if len(self._learnt) >= self._bounds.rpc_ports:
                self._forget(next(iter(self._learnt)))
            self.watch(port)
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

    def watch(self, port: int) -> None:
        """Let TCP segments of this port through, until as many `unwatch`."""
        self._users[port] = self._users.get(port, 0) + 1
        self.tcp[port] = self.tcp[port] or WANTED

    def unwatch(self, port: int) -> None:
        """Take one `watch` back."""
        left = self._users.get(port, 1) - 1
        if left > 0:
            self._users[port] = left
        else:
            self._users.pop(port, None)
            if port not in self._by_tcp:
                self.tcp[port] = 0

    def _forget(self, learnt: tuple[str, int]) -> None:
        del self._learnt[learnt]
        self.unwatch(learnt[1])
