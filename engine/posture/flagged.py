"""Accounts with a flag of userAccountControl, as findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.posture.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from engine.posture.item import Item


def flagged(items: Iterable[Item], flag: str, why: str) -> Iterator[Finding]:
    """A finding for each that has the flag (enums.UAC_FLAG)."""
    for item in items:
        if flag in item.flags:
            yield Finding(item.name, "userAccountControl", flag, why)
