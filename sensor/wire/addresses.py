"""Addresses of the wire as text, made once each; and the keys of conversations.

A key is the raw addresses and ports of a packet as they stand in its headers: 12 bytes for IPv4
(4+4+2+2), 36 for IPv6 (16+16+2+2), sender first. Text is that of RFC 5952 (`inet_ntop`).
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sensor.wire.bounds import Bounds


def reverse(key: bytes) -> bytes:
    """The key of the opposite direction."""
    n = (len(key) - 4) >> 1
    return key[n : 2 * n] + key[:n] + key[2 * n + 2 :] + key[2 * n : 2 * n + 2]


class Addresses:
    """A bounded cache from raw to text."""

    __slots__ = ("_bound", "_texts")

    def __init__(self, bounds: Bounds) -> None:
        self._bound = bounds.addresses
        self._texts: dict[bytes, str] = {}

    def text(self, raw: bytes) -> str:
        """4 or 16 bytes as text."""
        text = self._texts.get(raw)
        if text is None:
            if len(self._texts) >= self._bound:
                self._texts.clear()
            text = socket.inet_ntop(socket.AF_INET if len(raw) == 4 else socket.AF_INET6, raw)
            self._texts[raw] = text
        return text

    def sender(self, key: bytes) -> tuple[str, int]:
        """Address and port of the sender."""
        n = (len(key) - 4) >> 1
        return self.text(key[:n]), key[2 * n] << 8 | key[2 * n + 1]

    def receiver(self, key: bytes) -> tuple[str, int]:
        """Address and port of the receiver."""
        n = (len(key) - 4) >> 1
        return self.text(key[n : 2 * n]), key[2 * n + 2] << 8 | key[2 * n + 3]
