"""What is wrong with the product itself: one module a check, found by folder scan.

A module has `issues(ground)`: what it finds wrong now, each with what mends it; its name is that of the check.
Pure but for the disk: knows no store and no SQL. `health.life` says what becomes of issues.
"""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, NamedTuple, cast

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from engine.blindness import Cell
    from engine.coverage import Spans
    from engine.store.spool import Counts

    Check = Callable[["Ground"], Iterable["Issue"]]

SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
HOUR_US = 60 * MINUTE_US


class Issue(msgspec.Struct, frozen=True):
    """One thing that is wrong now. `subject`: what it is about (a sensor, a profile); with the check's
    name it tells the issue from others. `remedy`: what mends it.
    """

    check: str
    subject: str
    severity: str
    title: str
    text: str
    remedy: str


class Report(NamedTuple):
    """What a sensor said of itself lately: `lost` packets (or bytes, messages) of a `kind`."""

    sensor: str
    kind: str
    activity: str
    lost: int


class Trial(msgspec.Struct, frozen=True):
    """The last nightly test of a sensor that arrived: when it began (microseconds; 0: none ever did), and why
    it failed at the engine; "": it did not. `begun`: when the sensor said last that it begins one; 0: one of an
    older release never says.
    """

    at: int
    fault: str = ""
    begun: int = 0


@dataclass(frozen=True)
class Ground:
    """What checks look at. Times in microseconds; `since`: of the check before this one.

    `alive`: when each (sensor, event type) was heard. `reports`: of the time since then. `late`: events
    since then that came later than allowed, by type. `marks`: watermarks. `forgotten`: by profile, values
    and keys that it had no room for. `complaints`: of inputs, by topic. `faults`: detections that cannot be
    computed. `undone`: what the timetable could not do, and why. `shortened`: what was deleted
    for want of room. `folder`: where the database lies. `cells`: of the map of blindness.
    `trials`: nightly tests by sensor. `waits`: for how many seconds detections have waited for their turn.
    """

    now: int
    since: int
    folder: Path
    alive: Mapping[tuple[str, str], Spans] = field(default_factory=dict)
    reports: Iterable[Report] = ()
    late: Mapping[str, int] = field(default_factory=dict)
    marks: Mapping[str, int] = field(default_factory=dict)
    forgotten: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    complaints: Mapping[str, str] = field(default_factory=dict)
    faults: Mapping[str, str] = field(default_factory=dict)
    sinks: Iterable[Counts] = ()
    cells: Sequence[Cell] = ()
    trials: Mapping[str, Trial] = field(default_factory=dict)
    undone: Mapping[str, str] = field(default_factory=dict)
    shortened: str = ""
    waits: Mapping[str, float] = field(default_factory=dict)


@cache
def checks() -> dict[str, Check]:
    """Every check by its name."""
    names = sorted(i.name for i in pkgutil.iter_modules(__path__) if i.name != "life")
    found = {n: importlib.import_module(f"{__name__}.{n}").issues for n in names}
    return cast("dict[str, Check]", found)


def found(ground: Ground) -> list[Issue]:
    """All that is wrong now."""
    return [issue for check in checks().values() for issue in check(ground)]
