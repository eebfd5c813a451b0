"""Which address belongs to which host, told once: `host_binding` events without their repetition.

Readers see the same name with every message of a machine; what is told again says nothing new
until the engine's own memory of it grows old. Knows no protocol.
"""

from __future__ import annotations

from typing import Final

from sensor.wire.bounds import SECOND, forget

AGAIN: Final = 900 * SECOND
"""How long what was told of an address is not told again."""
_MOST: Final = 16_384


class Bindings:
    """What was told lately: (method, address) -> (host, when). The oldest are forgotten first."""

    __slots__ = ("_told",)

    def __init__(self) -> None:
        self._told: dict[tuple[str, str], tuple[str, int]] = {}

    def news(self, ts: int, ip: str, host: str, method: str, until: int | None) -> bool:
        """Whether this is to be told; if so it is remembered. An end is told once."""
        told = self._told
        key = (method, ip)
        before = told.get(key)
        if until is not None and until <= ts:
            if before is None or before[0] != host:
                return False
            del told[key]
            return True
        if before is not None:
            if before[0] == host and 0 <= ts - before[1] < AGAIN:
                return False
            del told[key]
        elif len(told) >= _MOST:
            forget(told, _MOST)
        told[key] = (host, ts)
        return True
