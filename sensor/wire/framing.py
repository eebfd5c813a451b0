"""From the ordered bytes of one TCP direction to the messages of its reader.

The reader tells the length of a message and how much of it it wants; the rest is skipped without
copying, and holes inside skipped bytes are no loss. After a loss, and at a mid-stream start, the
reader's `resync` is asked where a message plausibly begins. Knows no segment, port or address.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sensor.wire.context import UNREADABLE

if TYPE_CHECKING:
    from sensor.contract import Flow, Reader
    from sensor.wire.bounds import Bounds
    from sensor.wire.context import WireContext
    from sensor.wire.pieces import Piece
    from sensor.wire.protocols import WireProtocol

TAIL: Final = 63
"""Bytes kept while out of step, so that a signature cut by a segment boundary is found."""


class Connection:
    """One TCP connection: its flow and reader, its two directions, and its place in the table."""

    __slots__ = (
        "bounds", "client", "client_key", "closed", "context", "flow", "protocol", "reader",
        "server", "server_key", "stamp",
    )  # fmt: skip

    def __init__(
        self,
        flow: Flow,
        protocol: WireProtocol,
        context: WireContext,
        bounds: Bounds,
        client_key: bytes,
        server_key: bytes,
    ) -> None:
        self.flow = flow
        self.protocol = protocol
        self.context = context
        self.bounds = bounds
        self.client_key = client_key
        self.server_key = server_key
        self.reader: Reader | None = None
        self.closed = False
        self.stamp = 0
        self.client = Half(self, to_server=True)
        self.server = Half(self, to_server=False)

    def start(self) -> Reader | None:
        """Make the reader when the first payload comes; None if its module fails at that."""
        try:
            self.reader = self.protocol.reader(self.flow, self.context)
        except Exception as error:  # noqa: BLE001 - hostile traffic must not end the sensor
            self.context.failed(self.protocol.name, error)
            self.closed = True
        return self.reader

    def close(self, ts: int) -> None:
        """The connection is over: nothing is kept but the fact."""
        self.closed = True
        self.client.drop()
        self.server.drop()
        reader = self.reader
        self.reader = None
        if reader is not None:
            try:
                reader.close(ts)
            except UNREADABLE:
                self.context.unreadable(self.protocol.name)
            except Exception as error:  # noqa: BLE001 - as above
                self.context.failed(self.protocol.name, error)


class Half:
    """One direction. `next` is the sequence number expected (-1: not known yet).

    `held` is an incomplete message of which `need` bytes are wanted; `skip` bytes are to be passed
    over; `late` are segments beyond a hole, their positions counted from `origin`; `fin` is the
    sequence number after the last byte, `first` that of the first one if its SYN was seen, `restart`
    the first one of a connection that may follow (`reborn`: its SYN was seen).
    """

    __slots__ = (
        "connection", "done", "fin", "first", "held", "last", "late", "late_bytes", "late_since",
        "need", "next", "origin", "reborn", "restart", "skip", "synced", "to_server",
    )  # fmt: skip

    def __init__(self, connection: Connection, *, to_server: bool) -> None:
        self.connection = connection
        self.to_server = to_server
        self.next = -1
        self.last = 0
        self.skip = 0
        self.synced = False
        self.held: bytearray | None = None
        self.need = 0
        self.late: list[Piece] | None = None
        self.late_bytes = 0
        self.late_since = 0
        self.origin = 0
        self.fin = -1
        self.first = -1
        self.restart = -1
        self.reborn = False
        self.done = False

    def begin(self, first: int) -> None:
        """A SYN said so: the stream begins with this sequence number, and a message with it."""
        self.first = first
        self.next = first
        self.synced = True

    def put_before(self, seq: int, before: bytes) -> None:
        """The stream goes on at `seq`, and these bytes came before it."""
        self.next = seq
        if before:
            self.held = bytearray(before)
            self.need = len(before) + 1
            self.connection.context.held += len(before)

    def drop(self) -> None:
        """Forget what waits."""
        context = self.connection.context
        if self.held is not None:
            context.held -= len(self.held)
            self.held = None
        if self.late is not None:
            context.held -= self.late_bytes
            self.late = None
            self.late_bytes = 0

    def lose(self, ts: int, size: int) -> None:
        """The next `size` bytes will not come."""
        if self.skip >= size:
            self.skip -= size
            return
        size -= self.skip
        self.skip = 0
        if self.held is not None:
            size += self._release()
        self.connection.context.lost(self.connection.protocol.name, size)
        self._out_of_step(ts)

    def deliver(self, ts: int, b: bytes) -> None:
        """The next bytes in order, not empty; emits the messages they complete."""
        connection = self.connection
        reader = connection.reader
        if reader is None:
            reader = None if connection.closed else connection.start()
            if reader is None:
                return
        o = 0
        e = len(b)
        if self.skip:
            if self.skip >= e:
                self.skip -= e
                return
            o = self.skip
            self.skip = 0
        context = connection.context
        bounds = connection.bounds
        if self.held is not None:
            self.held += b[o:]
            if len(self.held) < self.need and context.held + e - o <= bounds.held:
                context.held += e - o
                return
            context.held -= len(self.held) - (e - o)
            b = bytes(self.held)
            self.held = None
            o = 0
            e = len(b)
        to_server = self.to_server
        while o < e:
            if not self.synced:
                o = self._search(reader, b, o, e)
                if o < 0:
                    return
            try:
                want, total = reader.frame(to_server, b, o, e)
            except UNREADABLE:
                want, total = 0, -1
            except Exception as error:  # noqa: BLE001 - as above
                context.failed(connection.protocol.name, error)
                want, total = 0, -1
            if want == total == e - o and 0 < want <= bounds.message:
                # the whole message and nothing else: the most frequent case
                try:
                    reader.message(ts, to_server, b, o, e)
                except UNREADABLE:
                    context.unreadable(connection.protocol.name)
                except Exception as error:  # noqa: BLE001 - as above
                    context.failed(connection.protocol.name, error)
                self.skip = 0
                return
            if total == 0 and e - o < bounds.head and context.held + e - o <= bounds.held:
                self._hold(b, o, e - o + 1)
                return
            if total <= 0 or want < 0 or total > bounds.total:
                context.unreadable(connection.protocol.name)
                context.passed_over(connection.protocol.name, 1)
                self._out_of_step(ts)
                o += 1
                continue
            if want > total:  # noqa: PLR1730 - a call costs more than the whole comparison
                want = total
            if want > bounds.message or (want > e - o and context.held + want > bounds.held):
                context.count(f"{connection.protocol.name}.oversized")
                self._tell_gap(ts)
                want = 0
            if want > e - o:
                self._hold(b, o, want)
                return
            if want:
                try:
                    reader.message(ts, to_server, b, o, o + want)
                except UNREADABLE:
                    context.unreadable(connection.protocol.name)
                except Exception as error:  # noqa: BLE001 - as above
                    context.failed(connection.protocol.name, error)
            o += total
        self.skip = o - e

    def _hold(self, b: bytes, o: int, need: int) -> None:
        self.held = bytearray(b[o:])
        self.need = need
        self.connection.context.held += len(self.held)

    def _release(self) -> int:
        """Give up the incomplete message; its length so far."""
        size = 0
        if self.held is not None:
            size = len(self.held)
            self.connection.context.held -= size
            self.held = None
        return size

    def _search(self, reader: Reader, b: bytes, o: int, e: int) -> int:
        """Where a message begins, or -1 after keeping the tail for the next segment."""
        connection = self.connection
        at = -1
        try:
            at = reader.resync(self.to_server, b, o, e)
        except UNREADABLE:
            pass
        except Exception as error:  # noqa: BLE001 - as above
            connection.context.failed(connection.protocol.name, error)
        name = connection.protocol.name
        if o <= at < e:
            self.synced = True
            if at > o:
                connection.context.passed_over(name, at - o)
            return at
        keep = max(o, e - TAIL)
        if keep > o:
            connection.context.passed_over(name, keep - o)
        self._hold(b, keep, e - keep + 1)
        return -1

    def _out_of_step(self, ts: int) -> None:
        self.synced = False
        self._tell_gap(ts)

    def _tell_gap(self, ts: int) -> None:
        reader = self.connection.reader
        if reader is None:
            return
        try:
            reader.gap(ts, self.to_server)
        except UNREADABLE:
            self.connection.context.unreadable(self.connection.protocol.name)
        except Exception as error:  # noqa: BLE001 - as above
            self.connection.context.failed(self.connection.protocol.name, error)
