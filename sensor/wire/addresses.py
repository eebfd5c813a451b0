"""Addresses of the wire as text, made once each; and the keys of conversations.

A key is the raw addresses and ports of a packet as they stand in its headers: 12 bytes for IPv4
(4+4+2+2), 36 for IPv6 (16+16+2+2), sender first. Text is that of RFC 5952 (`inet_ntop`).
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sensor.wire.bounds import Bounds

IPV4_KEY: Final = 12


def reverse(key: bytes) -> bytes:
    """The key of the opposite direction."""
    if len(key) == IPV4_KEY:
        return key[4:8] + key[:4] + key[10:] + key[8:10]
    return key[16:32] + key[:16] + key[34:] + key[32:34]


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

    def ends(self, key: bytes) -> tuple[str, int, str, int]:
        """Address and port of the sender, and of the receiver."""
        n = 4 if len(key) == IPV4_KEY else 16
        texts = self._texts
        sender = texts.get(key[:n])
        receiver = texts.get(key[n : 2 * n])
        return (
            self.text(key[:n]) if sender is None else sender,
            key[-4] << 8 | key[-3],
            self.text(key[n : 2 * n]) if receiver is None else receiver,
            key[-2] << 8 | key[-1],
        )
