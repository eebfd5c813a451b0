"""Many copies of recorded traffic, each of them new hosts and new connections.

A copy differs in the addresses of all its hosts and in the ports its clients chose; services stay
on theirs, for the endpoint mapper names them inside of messages. Copies overlap in time as the
users of a network do, and every frame keeps its distance to the others of its copy. Checksums are
left as they were recorded (nobody verifies them by default). Knows no protocol.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from sensor.inputs.captures import blocks
from sensor.inputs.packets import Packets

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

IPV4, IPV6 = 0x0800, 0x86DD
TCP, UDP = 6, 17
SYN = 2
FIRST_CLIENT_PORT, CLIENT_PORTS = 20_000, 25_000
"""Rewritten clients' ports: below the range where Windows puts its own RPC services."""
STEP = 50_000
"""Microseconds from the begin of one copy of one recording to that of the next."""
EPOCH = 1_700_000_000 * 1_000_000


@dataclass
class Recording:
    """Ethernet frames of one file with their times from its first; ports of clients, numbered."""

    frames: list[tuple[int, bytes]] = field(default_factory=list)
    clients: dict[tuple[bytes, int], int] = field(default_factory=dict)


def recording(path: Path) -> Recording:
    """The frames of a file, and which of its (address, port) are a client's."""
    found = Recording()
    with path.open("rb") as file:
        for item in blocks(file):
            if isinstance(item, Packets) and item.linktype == 1:
                found.frames += [
                    (ts, item.data[o:e])
                    for ts, o, e in zip(item.times, item.starts, item.ends, strict=True)
                ]
    begin = min((ts for ts, _ in found.frames), default=0)
    found.frames = [(ts - begin, frame) for ts, frame in found.frames]
    servers = set()
    for _, frame in found.frames:
        at = _transport(frame)
        if at and frame[_ip(frame)[1]] == TCP and frame[at + 13] & SYN:
            answer = frame[at + 13] & 16
            servers.add(_ends(frame, at)[0 if answer else 1])
    for _, frame in found.frames:
        at = _transport(frame)
        if at:
            ends = _ends(frame, at)
            for end, other in (ends, ends[::-1]):
                served = other[1] < 1024 or other in servers
                if served and end[1] >= 1024 and end not in servers:
                    found.clients.setdefault(end, len(found.clients))
    return found


def write(paths: Iterable[Path], target: Path, packets: int) -> int:
    """Write as many copies as `packets` need into one capture file in order of time; how many."""
    recordings = [recording(path) for path in paths]
    each = sum(len(found.frames) for found in recordings)
    copies = -(-packets // each)
    frames: list[tuple[int, bytes]] = []
    for copy in range(copies):
        for i, found in enumerate(recordings):
            number = copy * len(recordings) + i
            frames += [
                (ts + number * STEP, _rewritten(frame, found, number)) for ts, frame in found.frames
            ]
    frames.sort(key=lambda timed: timed[0])
    with target.open("wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262_144, 1))
        for ts, frame in frames:
            second, micro = divmod(EPOCH + ts, 1_000_000)
            file.write(struct.pack("<IIII", second, micro, len(frame), len(frame)) + frame)
    return len(frames)


def elsewhere(block: Packets, turn: int) -> bytes:
    """The block with other addresses in each turn (below 256), for reading a file many times."""
    if not turn:
        return block.data
    data = np.frombuffer(block.data, np.uint8).copy()
    starts = np.array(block.starts)
    starts = starts[np.array(block.ends) - starts >= 54]
    kind = data[starts + 12].astype(np.int32) << 8 | data[starts + 13]
    for ethertype, source, target in ((IPV4, 26, 30), (IPV6, 27, 43)):
        chosen = starts[kind == ethertype]
        data[chosen + source] ^= turn
        data[chosen + target] ^= turn
    return data.tobytes()


def _ip(frame: bytes) -> tuple[int, int]:
    """Ethertype, and the offset of the protocol number; 0 if it is no whole IP packet."""
    kind = frame[12] << 8 | frame[13] if len(frame) >= 54 else 0
    return kind, {IPV4: 23, IPV6: 20}.get(kind, 0)


def _transport(frame: bytes) -> int:
    """Offset of a TCP or UDP header that is all there, else 0."""
    kind, protocol = _ip(frame)
    if not protocol or frame[protocol] not in (TCP, UDP):
        return 0
    if kind == IPV4 and (frame[20] << 8 | frame[21]) & 0x1FFF:
        return 0
    at = 14 + (frame[14] & 15) * 4 if kind == IPV4 else 54
    return at if at + (20 if frame[protocol] == TCP else 8) <= len(frame) else 0


def _ends(frame: bytes, at: int) -> tuple[tuple[bytes, int], tuple[bytes, int]]:
    """(address, port) of sender and receiver."""
    n, first = (4, 26) if _ip(frame)[0] == IPV4 else (16, 22)
    return (
        (frame[first : first + n], frame[at] << 8 | frame[at + 1]),
        (frame[first + n : first + 2 * n], frame[at + 2] << 8 | frame[at + 3]),
    )


def _rewritten(frame: bytes, found: Recording, number: int) -> bytes:
    kind, protocol = _ip(frame)
    if not protocol:
        return frame
    fresh = bytearray(frame)
    at = _transport(frame)
    if at:
        for offset, end in zip((at, at + 2), _ends(frame, at), strict=True):
            client = found.clients.get(end)
            if client is not None:
                port = FIRST_CLIENT_PORT + (client + number * 97) % CLIENT_PORTS
                fresh[offset : offset + 2] = port.to_bytes(2, "big")
    for offset in (26, 30) if kind == IPV4 else (22, 38):
        middle = offset + 1 if kind == IPV4 else offset + 4
        if 0 < frame[offset] < (224 if kind == IPV4 else 255):  # neither unset nor multicast
            moved = ((frame[middle] << 8 | frame[middle + 1]) + number + 1) & 0xFFFF
            fresh[middle : middle + 2] = moved.to_bytes(2, "big")
    return bytes(fresh)
