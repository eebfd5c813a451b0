"""The table of TCP connections: opening, direction, reuse, closing, expiry.

Who is the server: the receiver of a SYN, the sender of a SYN with ACK, the receiver of a DCE/RPC
bind; at a mid-stream start the side whose port speaks a known protocol (both: the lower port).
Payload goes to `sensor.wire.tcp` for order and from there to the framing. Time is stream time.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from sensor.contract import Context, Flow, Reader
from sensor.wire.addresses import Addresses, reverse
from sensor.wire.binds import ANSWER, BIND, MAYBE, NO, RPC_VERSION, Binds
from sensor.wire.bounds import SECOND, Bounds
from sensor.wire.framing import Connection, Half
from sensor.wire.protocols import WireProtocol
from sensor.wire.tcp import ACK, FIN, MASK, RST, SYN, acknowledged, flush, give_up, missing, payload

if TYPE_CHECKING:
    from sensor.wire.context import WireContext
    from sensor.wire.ports import Ports

_REST: Final = 5 * SECOND  # how long a connection rests in the queue before it is looked at again
_QUIET: Final = 60 * SECOND  # the same of those that nobody used for so long: they are many
_IGNORED: Final = 16_384
_CHANCES: Final = 16


class Connections:
    """All connections of one driver."""

    __slots__ = (
        "_addresses", "_binds", "_bounds", "_context", "_gone", "_halves", "_ignored", "_ports", "_queue", "_quiet",
        "_waiting", "opened",
    )  # fmt: skip

    def __init__(
        self, ports: Ports, addresses: Addresses, context: WireContext, bounds: Bounds
    ) -> None:
        self._ports = ports
        self._addresses = addresses
        self._context = context
        self._bounds = bounds
        self._halves: dict[bytes, Half] = {}
        self._queue: deque[Connection] = deque()
        self._quiet: deque[Connection] = deque()
        self._waiting: dict[Half, None] = {}
        self._ignored: set[bytes] = set()
        self._binds = Binds(ports, bounds)
        self._gone = _gone(context, bounds)
        self.opened = 0

    def __len__(self) -> int:
        return len(self._halves) >> 1

    def segment(
        self,
        ts: int,
        key: bytes,
        b: bytes,
        o: int,
        e: int,
        seq: int,
        ack: int,
        flags: int,
        cut: int,
    ) -> None:
        """One segment with payload b[o:e], of which the capture lacks another `cut` bytes."""
        half = self._halves.get(key)
        if half is None:
            half = self._open(ts, key, b, o, e, seq, flags)
            if half is None:
                return
        if flags & (SYN | RST):
            if flags & RST:
                self._reset(half, ts, seq)
                return
            synchronised = self._synchronise(half, ts, key, seq, flags)
            if synchronised is None:
                return
            half = synchronised
            seq = (seq + 1) & MASK
        half.last = ts
        if self._waiting and flags & ACK:
            connection = half.connection
            acknowledged(connection.server if half.to_server else connection.client, ts, ack)
        size = e - o
        if size:
            if seq == half.next and half.late is None and not half.connection.closed:
                half.next = (seq + size) & MASK
                if half.skip >= size:
                    half.skip -= size
                else:
                    half.deliver(ts, b[o:e])
            else:
                half = self._unusual(half, ts, seq, b[o:e])
        if cut and not half.connection.closed:
            if half.next == (seq + size) & MASK:
                missing(half, ts, cut)
            else:
                self._context.lost(half.connection.protocol.name, cut)
        if flags & FIN:
            half.fin = (seq + size + cut) & MASK
            if half.next < 0:
                half.next = half.fin
        if half.fin >= 0 and half.fin == half.next and not half.done:
            self._finish(half, ts)

    def expire(self, now: int) -> None:
        """Look at what rested: holes that stay open, connections that are idle or over."""
        limit = now - self._bounds.late_time
        for half in list(self._waiting):
            while half.late is not None and half.late_since <= limit:
                give_up(half, now)
            if half.late is None:
                del self._waiting[half]
                if half.fin == half.next and not half.done:
                    self._finish(half, now)
        self._look_at(self._queue, now, now - _REST)
        self._look_at(self._quiet, now, now - _QUIET)
        self._ignored.clear()
        self._binds.expire(now)

    def _look_at(self, queue: deque[Connection], now: int, limit: int) -> None:
        """Remove what is idle of those that rest in this queue since `limit`."""
        for _ in range(len(queue)):
            connection = queue[0]
            if connection.stamp > limit:
                break
            queue.popleft()
            if self._idle(connection, now):
                self._remove(connection, now)
                continue
            connection.stamp = now
            rested = now - max(connection.client.last, connection.server.last)
            if rested > _QUIET and not connection.closed:
                self._quiet.append(connection)
            else:
                self._queue.append(connection)

    def close(self, ts: int) -> None:
        """The end of the stream: read what waits, close every reader."""
        while self._queue:
            self._remove(self._queue.popleft(), ts)
        while self._quiet:
            self._remove(self._quiet.popleft(), ts)
        self._waiting.clear()

    def _open(
        self, ts: int, key: bytes, b: bytes, o: int, e: int, seq: int, flags: int
    ) -> Half | None:
        if flags & RST:
            return None
        sender, sender_port, receiver, receiver_port = self._addresses.ends(key)
        bind = NO
        before = b""
        if flags & SYN:
            to_server = not flags & ACK
        elif o == e or (key in self._ignored and b[o] != RPC_VERSION):
            return None
        else:
            bind, before = self._binds.look(ts, key, seq, b, o, e)
            if bind == BIND:
                self._context.learn_rpc_port(receiver, receiver_port, "")
            elif bind == ANSWER:
                self._context.learn_rpc_port(sender, sender_port, "")
            if bind in (BIND, ANSWER):
                to_server = bind == BIND
            else:
                to_server = self._points_to_server(sender, sender_port, receiver, receiver_port)
        if to_server:
            protocol = self._ports.tcp_protocol(receiver, receiver_port, ts)
        else:
            protocol = self._ports.tcp_protocol(sender, sender_port, ts)
        if protocol is None:
            if bind == MAYBE:
                self._ignored.discard(key)
            elif len(self._ignored) < _IGNORED:
                self._ignored.add(key)
            return None
        half = self._create(ts, key, to_server, protocol)
        if bind in (BIND, ANSWER) and protocol is self._ports.rpc:
            half.synced = True
            half.put_before(seq, before)
        return half

    def _points_to_server(
        self, sender: str, sender_port: int, receiver: str, receiver_port: int
    ) -> bool:
        now = self._context.now
        to = self._ports.tcp_protocol(receiver, receiver_port, now) is not None
        back = self._ports.tcp_protocol(sender, sender_port, now) is not None
        return receiver_port <= sender_port if to == back else to

    def _create(self, ts: int, key: bytes, to_server: bool, protocol: WireProtocol) -> Half:
        if len(self._queue) + len(self._quiet) >= self._bounds.connections:
            self._make_room(ts)
        client_key = key if to_server else reverse(key)
        server_key = reverse(client_key)
        client, client_port, server, server_port = self._addresses.ends(client_key)
        flow = Flow(client, client_port, server, server_port, udp=False)
        connection = Connection(flow, protocol, self._context, self._bounds, client_key, server_key)
        connection.stamp = ts
        connection.client.last = connection.server.last = ts
        self._halves[client_key] = connection.client
        self._halves[server_key] = connection.server
        self._queue.append(connection)
        self.opened += 1
        return connection.client if to_server else connection.server

    def _unusual(self, half: Half, ts: int, seq: int, b: bytes) -> Half:
        """Out of order, repeated, after the end, or of another connection; the half it is for."""
        if half.connection.closed:
            return half
        if payload(half, ts, seq, b):
            half = self._replace(half, ts)
            payload(half, ts, seq, b)
        if half.late is not None:
            self._waiting[half] = None
        return half

    def _synchronise(self, half: Half, ts: int, key: bytes, seq: int, flags: int) -> Half | None:
        """SYN, or SYN with ACK, on a known pair of addresses and ports."""
        first = (seq + 1) & MASK
        connection = half.connection
        if half.first == first:
            return half
        if connection.closed or (connection.reader is None and half.next >= 0):
            # over, or tried before without an answer: the ports are used again
            self._remove(connection, ts)
            fresh = self._open(ts, key, b"", 0, 0, seq, flags)
            if fresh is None:
                return None
            half = fresh
        elif half.next >= 0:
            # a living connection: believed when data follow, for a SYN alone is easily forged
            half.restart = first
            half.reborn = True
            return half
        half.begin(first)
        return half

    def _replace(self, half: Half, ts: int) -> Half:
        """Another connection with the same ports has begun, in the same direction."""
        old = half.connection
        key = old.client_key if half.to_server else old.server_key
        peer = old.server if half.to_server else old.client
        self._remove(old, ts)
        self._context.count("tcp.reused")
        fresh = self._create(ts, key, half.to_server, old.protocol)
        if half.reborn:
            fresh.begin(half.restart)
        if peer.reborn:
            other = fresh.connection.server if half.to_server else fresh.connection.client
            other.begin(peer.restart)
        return fresh

    def _reset(self, half: Half, ts: int, seq: int) -> None:
        # a reset outside the window is refused by the peer, too (RFC 5961 §3)
        if half.next >= 0 and (seq - half.next + self._bounds.late_bytes) & MASK > (
            self._bounds.window
        ):
            self._context.count("tcp.resets_refused")
            return
        self._remove(half.connection, ts)

    def _finish(self, half: Half, ts: int) -> None:
        half.done = True
        connection = half.connection
        if connection.client.done and connection.server.done and not connection.closed:
            connection.close(ts)

    def _idle(self, connection: Connection, now: int) -> bool:
        rested = now - max(connection.client.last, connection.server.last)
        if connection.closed:
            return rested > self._bounds.closed_idle
        if connection.reader is None or connection.client.done or connection.server.done:
            return rested > self._bounds.opening_idle
        return rested > self._bounds.connection_idle

    def _make_room(self, ts: int) -> None:
        """Remove one connection: the first in the queue that nobody used since it was put there."""
        for _ in range(_CHANCES):
            connection = self._candidate()
            if connection.closed or max(connection.client.last, connection.server.last) <= (
                connection.stamp
            ):
                break
            connection.stamp = ts
            self._queue.append(connection)
        else:
            connection = self._candidate()
        self._context.count("tcp.evicted")
        self._remove(connection, ts)

    def _candidate(self) -> Connection:
        """One that never said anything, if there is such a one among the next: a flood of SYNs
        evicts itself.
        """
        queue = self._queue
        for at in range(min(_CHANCES, len(queue))):
            connection = queue[at]
            if connection.reader is None:
                del queue[at]
                return connection
        return (self._quiet or queue).popleft()

    def _remove(self, connection: Connection, ts: int) -> None:
        for half in (connection.client, connection.server):
            if not connection.closed:
                flush(half, ts)
            self._waiting.pop(half, None)
        if not connection.closed:
            connection.close(ts)
        if self._halves.get(connection.client_key) is connection.client:
            del self._halves[connection.client_key]
            del self._halves[connection.server_key]
        connection.client.connection = connection.server.connection = self._gone


def _gone(context: WireContext, bounds: Bounds) -> Connection:
    """Whose halves of removed connections are: a ring of references would outlive its connection
    until Python looks for such rings, and that takes time which a capture does not have.
    """
    flow = Flow("", 0, "", 0, udp=False)
    connection = Connection(flow, WireProtocol("", (), (), _unread), context, bounds, b"", b"")
    connection.closed = True
    return connection


def _unread(flow: Flow, context: Context) -> Reader:
    raise NotImplementedError
