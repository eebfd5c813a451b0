"""What tells `atp-run` events while it runs: one module an input, found by folder scan.

A module has `OPTIONS`, its part of the command line, and `opened`, which takes values of options by
their names and opens what it reads. That comes first, while there may be privileges to open it with; what was
opened is started once the store is there.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    import click

    from dsl.plan import DetectionPlan
    from engine.daemon.service import Source
    from engine.daemon.synchronizing import Tenure
    from sensor.govern.allowance import Allowance


Telling = Literal["events", "sessions", "directory", "names"]
"""What an input tells: events of the network or of logs, VPN sessions, the state of a directory, or
only the names of clients that others have seen.
"""


class Ground(NamedTuple):
    """What a source stands on.

    `last` is the greatest number that the store has of a sensor's events, a run goes on from there;
    `raw` whether detections read raw Windows events; `rejected` the file for what cannot be read;
    `mirror` the file of what was read of directories;
    `unresolved` the clients' addresses, since it was asked last, whose hosts are not certain;
    `hold` says of a remote sensor up to when (microseconds) it is known to bring older events;
    `plans` gives the detections in force;
    `allowance` how fast traffic may be read, None: as fast as it comes;
    `tenure` which domains this process synchronises, None: all that are named; `travels` whether
    events go to an engine elsewhere.
    """

    last: Callable[[str], int]
    raw: bool
    rejected: Path
    mirror: Path
    unresolved: Callable[[], Sequence[str]] = lambda: ()
    hold: Callable[[str, int], None] = lambda _sensor, _until: None
    plans: Callable[[], Sequence[DetectionPlan]] = lambda: ()
    allowance: Allowance | None = None
    tenure: Tenure | None = None
    travels: bool = False


class Opened(Protocol):
    """What is open, and not read yet."""

    @property
    def words(self) -> str:
        """What it is, for people."""

    @property
    def tells(self) -> Telling:
        """What it is for."""

    def start(self, ground: Ground) -> Source:
        """Read on, in a thread of its own."""


class Input(Protocol):
    """A module of this folder."""

    OPTIONS: Sequence[click.Option]

    def opened(self, **values: object) -> Sequence[Opened]:
        """All that the options name; ends the command with the reason where one cannot be."""


def inputs() -> list[Input]:
    """All of them, by name."""
    names = sorted(info.name for info in pkgutil.iter_modules(__path__))
    return [cast("Input", importlib.import_module(f"{__name__}.{name}")) for name in names]


def options() -> list[click.Option]:
    """The options of all inputs; one that several share stands there once."""
    return list(dict.fromkeys(option for module in inputs() for option in module.OPTIONS))


def open_all(values: Mapping[str, object]) -> list[Opened]:
    """What the command line names of any input; `values` by the names of options."""
    found: list[Opened] = []
    for module in inputs():
        asked = inspect.signature(module.opened).parameters
        found += module.opened(**{name: values[name] for name in asked})
    return found
