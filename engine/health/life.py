"""What becomes of issues of health: opened when found, closed when gone, quiet while people want it so.

An issue is gone when it was not found for ten minutes. Closed by people while it is still there it stays
closed until it was gone once; suppressed it is told again when it comes after seven quiet days. Pure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

import msgspec

from engine.alert_records import REARM_US
from engine.health import MINUTE_US, Issue
from engine.lifecycle import RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

GONE_US: Final = 10 * MINUTE_US
Status = Literal["open", "closed", "suppressed"]
Action = Literal["close", "reopen", "suppress"]
_FROM: Final[dict[str, frozenset[str]]] = {
    "close": frozenset({"open", "suppressed"}),
    "suppress": frozenset({"open", "closed"}),
    "reopen": frozenset({"closed", "suppressed"}),
}
_TO: Final[dict[str, Status]] = {"close": "closed", "suppress": "suppressed", "reopen": "open"}


class Standing(msgspec.Struct, frozen=True):
    """An issue and how it stands. `opened`: since when; `seen`: when it was found last."""

    issue: Issue
    status: Status
    opened: int
    seen: int


def step(
    known: Mapping[tuple[str, str], Standing], issues: Sequence[Issue], now: int
) -> tuple[list[Standing], list[Standing]]:
    """Issues that were found at a time: (how those that changed stand, those that are to be told)."""
    changed: list[Standing] = []
    told: list[Standing] = []
    there = {(issue.check, issue.subject): issue for issue in issues}
    for key, issue in there.items():
        before = known.get(key)
        if before is None or _comes_again(before, now):
            opened = Standing(issue, "open", now, now)
            changed.append(opened)
            told.append(opened)
        else:
            changed.append(Standing(issue, before.status, before.opened, now))
    for key, before in known.items():
        if key not in there and before.status == "open" and now - before.seen >= GONE_US:
            closed = Standing(before.issue, "closed", before.opened, before.seen)
            changed.append(closed)
            told.append(closed)
    return changed, told


def decided(standing: Standing, action: Action) -> Standing:
    """How an issue stands after people said so. Raises RefusedError where it does already."""
    if standing.status not in _FROM[action]:
        raise RefusedError(f"it is {standing.status}")
    return Standing(standing.issue, _TO[action], standing.opened, standing.seen)


def _comes_again(before: Standing, now: int) -> bool:
    quiet = now - before.seen
    if before.status == "suppressed":
        return quiet >= REARM_US
    return before.status == "closed" and quiet >= GONE_US
