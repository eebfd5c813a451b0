"""What the daemon was given at its start that people see, and may change, in the portal. Knows no store."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from engine.configuration.file import Told
    from engine.daemon.reports_file import Planned
    from engine.daemon.sinks_file import Sink
    from engine.tuning.own_lists import OwnLists


@dataclass(frozen=True, slots=True)
class Installed:
    """`lists`: the installation's own; None where nobody keeps them. `reports`: what is made by the clock, as
    `reports_file` says. `sinks`: where alerts go, as the file that the option names says. `options`: of the
    command, as they are in force; `file`: the configuration file, None where there is none. `kept`: microseconds
    that each event type is kept.
    """

    lists: OwnLists | None = None
    reports: Sequence[Planned] = ()
    reports_file: Path | None = None
    sinks: Sequence[Sink] = ()
    options: Sequence[Told] = ()
    file: Path | None = None
    kept: Mapping[str, int] = field(default_factory=dict)
