"""Packets that the sensor or the kernel left unread: detections may have missed something."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from engine.health import Ground, Issue

if TYPE_CHECKING:
    from collections.abc import Iterator


def issues(ground: Ground) -> Iterator[Issue]:
    """A sensor that lost or shed packets since the last look."""
    lost: Counter[str] = Counter()
    shed: dict[str, set[str]] = {}
    short: dict[str, set[str]] = {}
    for report in ground.reports:
        if report.kind in ("loss", "shed"):
            lost[report.sensor] += report.lost
        if report.kind == "shed":
            shed.setdefault(report.sensor, set()).add(report.activity)
        if report.kind == "limited":
            short.setdefault(report.sensor.partition("/")[0], set()).add(report.activity)
    for sensor, number in sorted(lost.items()):
        of = ", ".join(sorted(shed.get(sensor, ())))
        of = f", of {of}" if of else ""
        lacks = " and ".join(sorted(short.get(sensor.partition("/")[0], ())))
        why = f": its host is short of {lacks}" if lacks else ""
        yield Issue(
            "dropped_traffic", sensor, "medium", "Dropped port mirrored network traffic",
            f"the sensor {sensor} left {number} packets unread{of}{why}",
            "give atp-run more memory (--buffer) or processor time, or mirror less traffic",
        )  # fmt: skip
