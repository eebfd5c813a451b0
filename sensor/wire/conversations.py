"""UDP conversations: one reader per pair of addresses and ports, bounded in number and idle time.

The server is the side whose port speaks a known protocol; if both do, the receiver of the first
datagram. A datagram is one message. A protocol of very short conversations has one reader for all
of them (`sensor.contract.Datagrams`). Time is stream time.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from sensor.contract import Datagrams, Flow, Reader
from sensor.wire.addresses import Addresses, reverse
from sensor.wire.context import UNREADABLE, WireContext

if TYPE_CHECKING:
    from sensor.wire.bounds import Bounds
    from sensor.wire.ports import Ports


class _Talk:
    __slots__ = ("client_key", "last", "name", "reader", "server_key", "stamp")

    def __init__(
        self, reader: Reader, name: str, client_key: bytes, server_key: bytes, ts: int
    ) -> None:
        self.reader = reader
        self.name = name
        self.client_key = client_key
        self.server_key = server_key
        self.last = ts
        self.stamp = ts


class _Shared:
    __slots__ = ("name", "reader")

    def __init__(self, name: str, reader: Datagrams) -> None:
        self.name = name
        self.reader = reader


class Conversations:
    """All UDP conversations of one driver."""

    __slots__ = (
        "_addresses", "_bounds", "_context", "_ports", "_queue", "_shared", "_talks", "opened",
    )  # fmt: skip

    def __init__(
        self, ports: Ports, addresses: Addresses, context: WireContext, bounds: Bounds
    ) -> None:
        self._ports = ports
        self._addresses = addresses
        self._context = context
        self._bounds = bounds
        self._talks: dict[bytes, _Talk] = {}
        self._queue: deque[_Talk] = deque()
        self._shared: dict[bytes, _Shared] = {}
        """By port, as it stands in the headers."""
        self.opened = 0
        for port, protocol in ports.udp_known():
            if protocol.datagrams is not None:
                reader = protocol.datagrams(context, self._flow)
                self._shared[port.to_bytes(2, "big")] = _Shared(protocol.name, reader)

    def __len__(self) -> int:
        return len(self._queue)

    def datagram(self, ts: int, key: bytes, b: bytes) -> None:
        """One datagram with payload `b`."""
        shared = self._shared.get(key[-2:]) or self._shared.get(key[-4:-2])
        if shared is not None:
            try:
                shared.reader.datagram(ts, key, b)
            except UNREADABLE:
                self._context.unreadable(shared.name)
            except Exception as error:  # noqa: BLE001 - hostile traffic must not end the sensor
                self._context.failed(shared.name, error)
            return
        talk = self._talks.get(key)
        if talk is None:
            talk = self._open(ts, key)
            if talk is None:
                return
        talk.last = ts
        try:
            talk.reader.message(ts, key == talk.client_key, b, 0, len(b))
        except UNREADABLE:
            self._context.unreadable(talk.name)
        except Exception as error:  # noqa: BLE001 - hostile traffic must not end the sensor
            self._context.failed(talk.name, error)

    def expire(self, now: int) -> None:
        """Close conversations that are idle."""
        limit = now - self._bounds.conversation_idle
        for shared in self._shared.values():
            shared.reader.expire(limit)
        queue = self._queue
        while queue and queue[0].stamp <= limit:
            talk = queue.popleft()
            if talk.last <= limit:
                self._remove(talk, now)
            else:
                # due again when it has been idle for long enough since its last datagram
                talk.stamp = talk.last
                queue.append(talk)

    def close(self, ts: int) -> None:
        """The end of the stream."""
        while self._queue:
            self._remove(self._queue.popleft(), ts)
        for shared in self._shared.values():
            shared.reader.close(ts)

    def _flow(self, key: bytes) -> Flow:
        """The flow of these ends, client first."""
        client, client_port, server, server_port = self._addresses.ends(key)
        return Flow(client, client_port, server, server_port, udp=True)

    def _open(self, ts: int, key: bytes) -> _Talk | None:
        sender, sender_port, receiver, receiver_port = self._addresses.ends(key)
        protocol = self._ports.udp_protocol(receiver_port)
        if protocol is not None:
            flow = Flow(sender, sender_port, receiver, receiver_port, udp=True)
            client_key, server_key = key, reverse(key)
        else:
            protocol = self._ports.udp_protocol(sender_port)
            if protocol is None:
                return None
            flow = Flow(receiver, receiver_port, sender, sender_port, udp=True)
            client_key, server_key = reverse(key), key
        try:
            reader = protocol.reader(flow, self._context)
        except Exception as error:  # noqa: BLE001 - as above
            self._context.failed(protocol.name, error)
            return None
        if len(self._queue) >= self._bounds.conversations:
            self._context.count("udp.evicted")
            self._remove(self._queue.popleft(), ts)
        talk = _Talk(reader, protocol.name, client_key, server_key, ts)
        self._talks[client_key] = self._talks[server_key] = talk
        self._queue.append(talk)
        self.opened += 1
        return talk

    def _remove(self, talk: _Talk, ts: int) -> None:
        del self._talks[talk.client_key]
        self._talks.pop(talk.server_key, None)  # the same key if both ends are one
        try:
            talk.reader.close(ts)
        except UNREADABLE:
            self._context.unreadable(talk.name)
        except Exception as error:  # noqa: BLE001 - as above
            self._context.failed(talk.name, error)
