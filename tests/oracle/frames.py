"""Frames and capture files written by hand, byte by byte: traffic for tests and fuzzing.

Shares no code with the sensor. Checksums are zero: nothing under test reads them.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable
from dataclasses import dataclass, field

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
CLIENT, SERVER = ("10.0.0.50", 50_000), ("10.0.0.10", 88)
Frame = tuple[int, bytes]
"""(time in microseconds, frame)"""


def raw(address: str) -> bytes:
    return socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)


def ipv4(
    source: str, target: str, protocol: int, data: bytes, *, ident=1, flags=0, offset=0, options=b""
) -> bytes:
    head = 20 + len(options)
    return (
        struct.pack(
            ">BBHHHBBH",
            0x40 | head // 4,
            0,
            head + len(data),
            ident,
            flags << 13 | offset // 8,
            64,
            protocol,
            0,
        )
        + raw(source)
        + raw(target)
        + options
        + data
    )


def ipv6(source: str, target: str, protocol: int, data: bytes) -> bytes:
    return struct.pack(">IHBB", 6 << 28, len(data), protocol, 64) + raw(source) + raw(target) + data


def ip(source: str, target: str, protocol: int, data: bytes) -> bytes:
    return (ipv6 if ":" in source else ipv4)(source, target, protocol, data)


def tcp(
    sport: int, dport: int, seq: int, data: bytes = b"", flags: int = ACK, options: bytes = b""
) -> bytes:
    words = (20 + len(options)) // 4 << 4
    return (
        struct.pack(">HHIIBBHHH", sport, dport, seq & 0xFFFFFFFF, 0, words, flags, 1024, 0, 0)
        + options
        + data
    )


def udp(sport: int, dport: int, data: bytes) -> bytes:
    return struct.pack(">HHHH", sport, dport, 8 + len(data), 0) + data


def ether(packet: bytes, tags: Iterable[int] = (), pad: int = 0) -> bytes:
    out = b"\x02" * 6 + b"\x04" * 6
    for tag in tags:
        out += struct.pack(">HH", tag, 7)
    out += b"\x86\xdd" if packet[:1] >= b"\x60" else b"\x08\x00"
    return (out + packet).ljust(pad, b"\0")


@dataclass
class Talk:
    """One TCP connection as frames: `send` numbers the bytes, the list keeps the order."""

    client: tuple[str, int] = CLIENT
    server: tuple[str, int] = SERVER
    ts: int = 1_000_000_000
    isn: tuple[int, int] = (1_000, 9_000)
    frames: list[Frame] = field(default_factory=list)

    def __post_init__(self):
        self.next = {True: self.isn[0], False: self.isn[1]}

    def segment(self, to_server: bool, seq: int, data: bytes = b"", flags: int = ACK) -> Frame:
        a, b = (self.client, self.server) if to_server else (self.server, self.client)
        return self.ts, ether(ip(a[0], b[0], 6, tcp(a[1], b[1], seq, data, flags)))

    def open(self):
        self.frames.append(self.segment(True, self.isn[0], flags=SYN))
        self.frames.append(self.segment(False, self.isn[1], flags=SYN | ACK))
        self.next = {True: self.isn[0] + 1, False: self.isn[1] + 1}
        return self

    def send(self, to_server: bool, data: bytes, sizes: Iterable[int] = (), flags: int = ACK):
        """Data in segments of these sizes, the rest in one."""
        at = 0
        for size in [*sizes, len(data)]:
            part = data[at : at + size]
            if part:
                self.frames.append(self.segment(to_server, self.next[to_server], part, flags))
                self.next[to_server] += len(part)
                at += len(part)
        return self

    def wait(self, us: int):
        self.ts += us
        return self

    def close(self):
        for to_server in (True, False):
            self.frames.append(self.segment(to_server, self.next[to_server], flags=FIN | ACK))
            self.next[to_server] += 1
        return self


def pcap(frames: Iterable[Frame], *, order="<", nano=False, linktype=1, snap=262_144) -> bytes:
    magic = 0xA1B23C4D if nano else 0xA1B2C3D4
    out = [struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, snap, linktype)]
    for ts, frame in frames:
        second, fraction = divmod(ts, 1_000_000)
        data = frame[:snap]
        out.append(
            struct.pack(
                order + "IIII", second, fraction * (1000 if nano else 1), len(data), len(frame)
            )
            + data
        )
    return b"".join(out)


def block(kind: int, body: bytes, order="<") -> bytes:
    body += b"\0" * (-len(body) % 4)
    size = struct.pack(order + "I", 12 + len(body))
    return struct.pack(order + "I", kind) + size + body + size


def option(code: int, value: bytes, order="<") -> bytes:
    return struct.pack(order + "HH", code, len(value)) + value + b"\0" * (-len(value) % 4)


def section(order="<") -> bytes:
    return block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1), order)


def interface(order="<", linktype=1, snap=0, options=b"") -> bytes:
    end = option(0, b"", order) if options else b""
    return block(1, struct.pack(order + "HHI", linktype, 0, snap) + options + end, order)


def enhanced(ticks: int, frame: bytes, order="<", number=0) -> bytes:
    return block(
        6,
        struct.pack(order + "5I", number, ticks >> 32, ticks & 0xFFFFFFFF, len(frame), len(frame))
        + frame,
        order,
    )


def simple(frame: bytes, order="<", length: int | None = None) -> bytes:
    return block(
        3, struct.pack(order + "I", len(frame) if length is None else length) + frame, order
    )


def old(ticks: int, frame: bytes, order="<", number=0) -> bytes:
    body = struct.pack(
        order + "HHIIII", number, 0, ticks >> 32, ticks & 0xFFFFFFFF, len(frame), len(frame)
    )
    return block(2, body + frame, order)


def pcapng(frames: Iterable[Frame], *, order="<", linktype=1) -> bytes:
    return (
        section(order)
        + interface(order, linktype)
        + b"".join(enhanced(ts, f, order) for ts, f in frames)
    )
