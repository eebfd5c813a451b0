"""How often Python looks for cycles of dead objects: seldom, because the sensor leaves none.

Reading traffic makes hundreds of thousands of objects a second and frees them by their reference
counts (tests/sensor/wire/test_cycles.py). With the interpreter's own thresholds (700, 10, 10) the
collector traces the living ones again and again, 18 % of the time a packet takes, and a full
collection over the connections of a busy capture stops it for a second.
"""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_THRESHOLDS: Final = (20_000, 10, 1_000)


def collect_rarely() -> None:
    """For this process, from now on."""
    gc.set_threshold(*_THRESHOLDS)


@contextmanager
def untraced() -> Iterator[None]:
    """What lives now lives on: no collection looks at it. A full one over loaded rules holds up a
    capture for 0.3 s.
    """
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
