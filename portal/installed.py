"""What the daemon was given at its start that people see, and may change, in the portal. Knows no store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from engine.daemon.reports_file import Planned
    from engine.tuning.own_lists import OwnLists


@dataclass(frozen=True, slots=True)
class Installed:
    """`lists`: the installation's own; None where nobody keeps them. `reports`: what is made by the clock, as
    `reports_file` says.
    """

    lists: OwnLists | None = None
    reports: Sequence[Planned] = ()
    reports_file: Path | None = None
