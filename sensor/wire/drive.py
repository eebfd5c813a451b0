"""The driver: blocks of captured frames in, events out.

Ties the front, the connections, the conversations and the clock of one sensor together. Inputs
(files, live capture) call `packets` for each block and `close` at the end; a live input also calls
`advance` while nothing arrives. Does no I/O and knows no clock but the packets' own times.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sensor.wire.addresses import Addresses
from sensor.wire.bounds import Bounds
from sensor.wire.connections import Connections
from sensor.wire.context import WireContext
from sensor.wire.conversations import Conversations
from sensor.wire.front import Front
from sensor.wire.health import Clock
from sensor.wire.ports import Ports
from sensor.wire.pressure import Pressure
from sensor.wire.protocols import WireProtocol, discover
from sensor.wire.shed import Shed

if TYPE_CHECKING:
    from collections.abc import Callable

    from dsl.schema.base import Event


class Driver:
    """One sensor's reading of one stream of packets.

    `emit` gets every event with `sensor` and `seq` set. `protocols` defaults to all decoders.
    Nothing that arrives in a packet raises.
    """

    __slots__ = (
        "_clock", "_connections", "_context", "_conversations", "_front", "_ports", "_pressure",
        "_shed",
    )  # fmt: skip

    def __init__(
        self,
        sensor_name: str,
        emit: Callable[[Event], None],
        protocols: tuple[WireProtocol, ...] | None = None,
        bounds: Bounds | None = None,
    ) -> None:
        limits = Bounds() if bounds is None else bounds
        known = discover() if protocols is None else protocols
        ports = Ports(known, limits)
        self._ports = ports
        addresses = Addresses(limits)
        self._context = WireContext(sensor_name, emit, ports)
        self._connections = Connections(ports, addresses, self._context, limits)
        self._conversations = Conversations(ports, addresses, self._context, limits)
        self._clock = Clock(self._context, ports, self._connections, self._conversations, limits)
        self._shed = Shed(known, ports)
        self._front = Front(
            ports, self._connections, self._conversations, self._shed, self._context, self._clock, limits
        )  # fmt: skip
        self._pressure = Pressure()
        self._clock.shed = self._shed.lost

    def packets(
        self, b: bytes, linktype: int, times: list[int], starts: list[int], ends: list[int]
    ) -> None:
        """A block of frames: frame i is b[starts[i]:ends[i]], captured at times[i] (us, UTC).

        `linktype` is a number of `sensor.wire.link`; frames of another one count as `other`.
        """
        self._front.scan(b, linktype, times, starts, ends)

    def press(self, fill: float, now: int, least: int = 0) -> int:
        """The capture's buffer is so full (0 to 1) at `now` (steady microseconds): what is shed of
        the next packets, as a level of `sensor.wire.shed`, but no less than `least`.
        """
        level = max(self._pressure.judge(fill, now), least)
        if level != self._shed.level:
            self._shed.set_level(level)
        return level

    @property
    def shed(self) -> int:
        """Packets left unread so far because there were too many."""
        return sum(self._shed.total.values())

    @property
    def tcp_ports(self) -> bytearray:
        """Non-zero for TCP ports that are read now, learnt ones among them."""
        return bytearray(self._ports.tcp)

    def packet(self, ts: int, frame: bytes, linktype: int) -> None:
        """One frame."""
        self._front.scan(frame, linktype, [ts], [0], [len(frame)])

    def advance(self, ts: int) -> None:
        """It is `ts` and nothing arrived: what waits for time gets it."""
        if ts >= self._clock.due:
            self._clock.advance(ts)

    def dropped(self, packets: int) -> None:
        """The capture itself lost packets (kernel, card)."""
        if packets > 0:
            self._context.count("capture.dropped", packets)
            self._context.gaps += packets

    def close(self) -> None:
        """The end of the stream: all readers close, the last heartbeat is sent."""
        self._front.close()
        self._clock.stop(self._front.last)

    @property
    def fault(self) -> str | None:
        """The first defect met in a decoder, or None; see the counters `<protocol>.fault`."""
        return self._context.fault

    def counters(self) -> dict[str, int]:
        """Everything counted so far, by name."""
        front = self._front
        counted = {
            "wire.packets": front.packets,
            "wire.not_ip": front.other,
            "wire.bad_headers": front.bad,
            "wire.cut_packets": front.cut,
            "wire.cut_bytes": front.cut_bytes,
            "wire.datagrams_lost": front.fragments_lost,
            "tcp.connections": self._connections.opened,
            "udp.conversations": self._conversations.opened,
        }
        for name, packets in self._shed.total.items():
            counted[f"shed.{name}"] = packets
        counted.update(self._context.counters)
        return counted
