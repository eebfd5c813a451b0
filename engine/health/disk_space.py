"""Room where the database lies: without it nothing is stored, learnt or told."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Final

from engine.health import Ground, Issue

if TYPE_CHECKING:
    from collections.abc import Iterator

_GB: Final = 1 << 30


def issues(ground: Ground) -> Iterator[Issue]:
    """Less than a tenth and 20 GB left; high below 1 GB."""
    try:
        disk = shutil.disk_usage(ground.folder)
    except OSError:
        return
    if disk.free < min(20 * _GB, disk.total // 10):
        yield Issue(
            "disk_space", str(ground.folder), "high" if disk.free < _GB else "medium",
            "Disk nearly full",
            f"{disk.free / _GB:.1f} GB of {disk.total / _GB:.0f} GB are left where the database lies",
            "make room, or move the database to a larger disk",
        )  # fmt: skip
