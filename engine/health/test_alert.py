"""Nightly tests of sensors: one that failed at the engine, or did not come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.health import HOUR_US, MINUTE_US, Ground, Issue
from engine.times import iso

if TYPE_CHECKING:
    from collections.abc import Iterator

_LATE_US: Final = 26 * HOUR_US
_ON_ITS_WAY_US: Final = 10 * MINUTE_US
_FORGOTTEN_US: Final = 7 * 24 * HOUR_US
"""A sensor that is no more, or tests no more."""


def issues(ground: Ground) -> Iterator[Issue]:
    """A sensor whose last test failed, never arrived, or is more than a day ago."""
    for sensor, trial in sorted(ground.trials.items()):
        since = ground.now - trial.at
        if trial.begun > trial.at and _ON_ITS_WAY_US < ground.now - trial.begun < _FORGOTTEN_US:
            last = f"none since {iso(trial.at)[:19]}Z" if trial.at else "none ever did"
            why = f"the sensor {sensor} began a test at {iso(trial.begun)[:19]}Z that did not arrive, {last}"
            remedy = "see whether it sheds traffic or lost packets: `atp health list`; its journal says more"
        elif trial.fault:
            why = f"the test of the sensor {sensor} arrived and failed: {trial.fault}"
            remedy = "see `atp-run` for the reason; real alerts may be missing, too"
        elif _LATE_US < since < _FORGOTTEN_US:
            why = f"no test of the sensor {sensor} arrived since {iso(trial.at)[:19]}Z"
            remedy = "see on its machine whether it captures and delivers: `atp sensors list`"
        else:
            continue
        yield Issue("test_alert", sensor, "medium", "Nightly test alert failed", why, remedy)
