"""What the sensor may use so that enough is left free: pure arithmetic of a reading.

What others use is taken as given; what is over the reserve is the sensor's. So it yields when
others need more, and has it back when they are done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from sensor.govern.readings import Reading, Room

_MARGIN: Final = 0.03
"""Of processor time left beside the reserve, for what changes between two readings."""
LEAST_CORES: Final = 0.05
"""The sensor's even where others leave nothing: what is never shed must go on."""


class Quota(NamedTuple):
    """`cores` and `memory` (bytes) that the sensor may use; shares of the scarcest room that are
    free, 0 to 1.
    """

    cores: float
    memory: float
    free_processor: float
    free_memory: float


def quota(reading: Reading, reserve: float) -> Quota:
    """So that a share `reserve` (0 to 1) of each room stays free."""
    cores = _left(reading.processor, reserve + _MARGIN, reading.own_cores)
    memory = _left(reading.memory, reserve, reading.own_memory)
    return Quota(
        max(cores, LEAST_CORES), max(memory, 0.0), _free(reading.processor), _free(reading.memory)
    )


def _left(rooms: tuple[Room, ...], reserve: float, own: float) -> float:
    return min(room.capacity * (1 - reserve) - (room.used - own) for room in rooms)


def _free(rooms: tuple[Room, ...]) -> float:
    return min(max(0.0, 1 - room.used / room.capacity) for room in rooms)
