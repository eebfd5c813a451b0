"""What the daemon was given at its start that people see, and may change, in the portal. Knows no store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.tuning.own_lists import OwnLists


@dataclass(frozen=True, slots=True)
class Installed:
    """`lists`: the installation's own; None where nobody keeps them."""

    lists: OwnLists | None = None
