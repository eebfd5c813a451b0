"""What readers of packets and files keep to: processor time a second, and a level of shedding.

A bucket of processor time fills at the allowed rate and empties by what the process uses. Who reads
what can wait (the kernel's buffer, files) asks before each piece how long to rest. Then the buffer
fills, and `sensor.wire.pressure` sheds what is least valuable. Knows no packet.
"""

from __future__ import annotations

import math
import threading
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_BURST_S: Final = 0.2
_SHORTEST_S: Final = 0.001
_LONGEST_S: Final = 0.1


class Allowance:
    """Shared by all threads of the process; nothing is withheld before `allow` is called. `level`:
    of `sensor.wire.shed`, the least that is shed.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        spent: Callable[[], float] = time.process_time,
    ) -> None:
        self.level = 0
        self.rested = False
        """Whether somebody had to rest since this was set to False."""
        self._clock = clock
        self._spent = spent
        self._lock = threading.Lock()
        self._cores = math.inf
        self._credit = _BURST_S
        self._at = 0.0
        self._used = 0.0

    @property
    def cores(self) -> float:
        """Processor time a second that is allowed."""
        return self._cores

    def allow(self, cores: float) -> None:
        """From now on so much processor time a second."""
        with self._lock:
            if math.isinf(self._cores):
                self._credit, self._at, self._used = _BURST_S, self._clock(), self._spent()
            self._cores = cores

    def rest(self) -> float:
        """Seconds to wait before the next piece is read; 0: go on."""
        if math.isinf(self._cores):
            return 0.0
        with self._lock:
            now, used = self._clock(), self._spent()
            gained = (now - self._at) * self._cores - (used - self._used)
            self._at, self._used = now, used
            self._credit = min(_BURST_S, max(-self._cores, self._credit + gained))
            if self._credit >= 0:
                return 0.0
            self.rested = True
            return min(max(-self._credit / self._cores, _SHORTEST_S), _LONGEST_S)
