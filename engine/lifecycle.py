"""What people may decide about an alert, and how it stands then.

An alert is opened by the engine. People close it (with what they found it to be), suppress it (until
it was quiet for a week), reopen, delete, assign or comment it. Pure: knows no store, clock or sink.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from engine.alert_records import Verdict  # noqa: TC001 - msgspec reads annotations at run time

Action = Literal["close", "reopen", "suppress", "delete", "assign", "comment"]
ACTIONS: Final[tuple[Action, ...]] = (
    "close", "reopen", "suppress", "delete", "assign", "comment",
)  # fmt: skip
VERDICTS: Final[tuple[Verdict, ...]] = ("true_positive", "benign", "false_positive")
HARMLESS: Final = frozenset({"benign", "false_positive"})
"""What is behind alerts that were found to be so is learnt."""
ENGINE: Final = frozenset({"close", "reopen", "suppress", "delete"})
"""Actions that change what the engine does; the others are notes among people."""

_FROM: Final[dict[Action, frozenset[str]]] = {
    "close": frozenset({"open", "suppressed", "closed"}),
    "reopen": frozenset({"closed", "suppressed"}),
    "suppress": frozenset({"open"}),
    "delete": frozenset({"open", "closed", "suppressed", "retracted", "merged"}),
    "assign": frozenset({"open", "closed", "suppressed", "retracted"}),
    "comment": frozenset({"open", "closed", "suppressed", "retracted", "merged"}),
}


class RefusedError(ValueError):
    """A decision that an alert in its state does not allow; the text says why."""


class Standing(msgspec.Struct, frozen=True):
    """How an alert stands. `assignee`: who looks after it."""

    status: str
    verdict: Verdict | None = None
    assignee: str | None = None


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """One decision of a person about one alert. `seq` counts up, `ts` in microseconds.

    `id` is the alert's hash when it was decided. `note`: a comment or a reason; `assignee` None with
    `assign`: nobody any more.
    """

    seq: int
    ts: int
    who: str
    action: Action
    number: int
    id: str
    verdict: Verdict | None = None
    assignee: str | None = None
    note: str = ""


def decided(
    standing: Standing,
    action: Action,
    *,
    verdict: Verdict | None = None,
    assignee: str | None = None,
) -> Standing:
    """How an alert stands after an action. Raises RefusedError where it allows none."""
    if standing.status not in _FROM[action]:
        raise RefusedError(f"it is {standing.status}")
    if action == "close":
        if (standing.status, standing.verdict) == ("closed", verdict):
            raise RefusedError("it is closed as that already")
        return Standing("closed", verdict, standing.assignee)
    if action == "reopen":
        return Standing("open", None, standing.assignee)
    if action == "suppress":
        return Standing("suppressed", None, standing.assignee)
    if action == "delete":
        return Standing("deleted")
    if action == "assign":
        return Standing(standing.status, standing.verdict, assignee)
    return standing
