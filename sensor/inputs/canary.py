"""The nightly test: a question of DNS and its answer, as frames, put in where captured ones come from.

Addresses are those kept for documentation, the name ends in `.invalid`: nobody has either, and
nothing is sent. What the frames become bears a sensor's name of its own, that no frame of the
network can give. References: RFC 5737, RFC 2606 §2, RFC 1035 §4.1.
"""

from __future__ import annotations

import struct
from ipaddress import IPv4Address
from typing import Final

ETHERNET: Final = 1
"""The link type of the frames."""
NAME: Final = "atp-test-alert.invalid"
SENSOR: Final = "test:"
"""What the name of a sensor begins with under which the test travels."""
_CLIENT: Final = IPv4Address("192.0.2.1").packed
_SERVER: Final = IPv4Address("192.0.2.53").packed
_PORT: Final = 53
_FROM: Final = 49_153
_MINUTE_US: Final = 60_000_000
_DAY_US: Final = 24 * 60 * _MINUTE_US
_AT_START_US: Final = 10_000_000


def frames() -> tuple[bytes, bytes]:
    """The question and the answer (no such name)."""
    labels = b"".join(bytes([len(part)]) + part.encode() for part in NAME.split("."))
    asked = labels + b"\0" + struct.pack(">HH", 1, 1)
    question = struct.pack(">6H", 0xA7B0, 0x0100, 1, 0, 0, 0) + asked
    answer = struct.pack(">6H", 0xA7B0, 0x8183, 1, 0, 0, 0) + asked
    return (
        _frame(_CLIENT, _SERVER, _FROM, _PORT, question),
        _frame(_SERVER, _CLIENT, _PORT, _FROM, answer),
    )


def is_test(sensor: str | None) -> bool:
    """Whether an event is of the test, by its sensor's name; of a remote one, too."""
    return (sensor or "").rpartition("/")[2].startswith(SENSOR)


class Schedule:
    """When it is due: ten seconds after the start, and once a day. `minute`: of the day, UTC."""

    def __init__(self, minute: int) -> None:
        self._minute_us = minute * _MINUTE_US
        self._next: int | None = None

    def due(self, now: int) -> bool:
        """Whether to test now (microseconds); a clock that jumps back a day is met, too."""
        if self._next is None or self._next - now > _DAY_US:
            self._next = now + _AT_START_US
        if now < self._next:
            return False
        day = (now - self._minute_us) // _DAY_US + 1
        self._next = day * _DAY_US + self._minute_us
        return True


def _frame(source: bytes, target: bytes, sport: int, dport: int, payload: bytes) -> bytes:
    """Ethernet, IPv4 and UDP around it; the checksum of UDP is left out, as IPv4 allows."""
    udp = struct.pack(">4H", sport, dport, 8 + len(payload), 0) + payload
    header = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, source, target)
    return bytes(12) + b"\x08\x00" + header + udp
