"""Sinks that do not deliver: nobody hears of alerts there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.health import Ground, Issue

if TYPE_CHECKING:
    from collections.abc import Iterator


def issues(ground: Ground) -> Iterator[Issue]:
    """A sink whose messages wait, were refused or were dropped."""
    for sink in ground.sinks:
        if not (sink.trouble or sink.dropped or sink.refused):
            continue
        told = f"{sink.waiting} waiting, {sink.refused} refused, {sink.dropped} dropped"
        yield Issue(
            "alerts_out", sink.name, "high" if sink.dropped else "medium", "Alerts are not delivered",
            f"the sink {sink.name}: {told}" + (f"; {sink.trouble}" if sink.trouble else ""),
            f"`atp sinks test {sink.name}` says what is wrong now",
        )  # fmt: skip
