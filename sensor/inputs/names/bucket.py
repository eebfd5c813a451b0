"""A token bucket: so many a second in the long run, and as many at once (RFC 2697's idea)."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Bucket:
    """`rate` tokens a second; full at the begin, with one second's worth but at least one."""

    def __init__(self, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._clock = clock
        self._most = max(1.0, rate)
        self._tokens = self._most
        self._filled = clock()

    def wait(self) -> float:
        """Take one token; the seconds until it is there."""
        now = self._clock()
        self._tokens = min(self._most, self._tokens + (now - self._filled) * self._rate)
        self._filled = now
        self._tokens -= 1
        return max(0.0, -self._tokens / self._rate)

    async def take(self) -> None:
        """Take one token and wait until it is there."""
        seconds = self.wait()
        if seconds:
            await asyncio.sleep(seconds)
