"""How much the wire driver may remember: every table, buffer and wait of `sensor.wire`.

Traffic is hostile, so each of these is a promise about memory. What readers keep of their open
requests comes on top: full tables of one request each were measured at 300 to 380 MB in all. Times are microseconds of stream time (packet time stamps).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

SECOND = 1_000_000
_K = TypeVar("_K")
_V = TypeVar("_V")


def forget(table: dict[_K, _V], most: int) -> None:
    """Delete the oldest eighth of a table of `most` entries; one by one, each would cost a walk
    over all that were deleted before it.
    """
    for key in list(islice(table, most // 8)):
        del table[key]


@dataclass(frozen=True, slots=True)
class Bounds:
    """Limits; bytes, counts and microseconds."""

    connections: int = 65_536
    """TCP connections remembered; the longest idle one goes first."""
    connection_idle: int = 3_600 * SECOND
    opening_idle: int = 60 * SECOND
    """Connections without any payload, or closed in one direction."""
    closed_idle: int = 10 * SECOND
    """How long a closed connection swallows retransmissions."""
    conversations: int = 32_768
    """UDP conversations remembered."""
    conversation_idle: int = 20 * SECOND

    message: int = 4 << 20
    """Longest part of a message that is kept for its reader."""
    total: int = 64 << 20
    """Longest message believed at all; above it the framing is taken for lost."""
    head: int = 64 << 10
    """Longest head a reader may ask for before it knows the length of a message."""
    held: int = 64 << 20
    """Bytes of incomplete messages and of early segments, all connections together."""

    late_bytes: int = 512 << 10
    late_time: int = SECOND
    """One direction: what is kept while an earlier segment is missing (each segment costs
    `pieces.OVERHEAD` besides its bytes), and for how long; beyond, that one counts as lost."""
    window: int = 64 << 20
    """A sequence number further away than this belongs to another connection."""

    datagrams: int = 512
    datagram_pieces: int = 128
    datagram_time: int = 30 * SECOND
    """IP datagrams under reassembly (each at most 65,535 bytes)."""

    rpc_ports: int = 4_096
    rpc_port_time: int = 24 * 3_600 * SECOND
    binds: int = 1_024
    """Beginnings of segments that may become a bind on an unknown port."""
    addresses: int = 65_536
    """Cached address texts."""

    silence: int = 600 * SECOND
    """A longer pause, or a step back of a minute, is no silence of the network but another
    recording: it is not covered by heartbeats."""
