"""Look-back: how far before a row's ts an event may lie that changes the row.

It adds up along the chain, per event type, so that it can be held against what is retained
(design: language.md §4 *Retention*, §5 *Scope rule*). Pure functions over plan nodes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from dsl import plan
from dsl.check.walk import sources
from dsl.retention import DAY

if TYPE_CHECKING:
    from collections.abc import Mapping

Reach = dict[str, int]
"""Event type -> microseconds."""

SESSION_CAP: Final = DAY


def reach(node: plan.Node, relations: Mapping[str, plan.Node]) -> Reach:
    """Per event type that a node reads: the cumulative look-back."""
    return _Reaches(relations).of(node)


def stored(node: plan.Node, relations: Mapping[str, plan.Node]) -> Reach:
    """The part of it for which the events themselves must be kept: what a profile has learnt of
    its rows outlives them.
    """
    return _Reaches(relations, learned=True).of(node)


def look_back(node: plan.Node, relations: Mapping[str, plan.Node]) -> int:
    """The cumulative look-back of a node, in microseconds."""
    return max(reach(node, relations).values(), default=0)


@dataclass(slots=True)
class _Reaches:
    """Reaches of a plan's nodes, of relations once. `learned`: without what profiles keep."""

    relations: Mapping[str, plan.Node]
    learned: bool = False
    _known: dict[str, Reach] = field(default_factory=dict)

    def of(self, node: plan.Node) -> Reach:
        if isinstance(node, plan.Ref):
            if node.name not in self._known:
                self._known[node.name] = self.of(self.relations[node.name])
            return self._known[node.name]
        if isinstance(node, plan.Scan):
            return {node.event: 0}
        kept = self.learned and isinstance(node, plan.Profile)
        total: Reach = {}
        for below, more in zip(sources(node), _more(node), strict=True):
            for event, far in self.of(below).items():
                total[event] = max(total.get(event, 0), far + (0 if kept else more))
        return total


def _more(node: plan.Node) -> tuple[int, ...]:
    """What a node adds for each of its sources."""
    match node:
        case plan.Window(over=over, kind="session"):
            # the cap of the session, and the gap before it that decides where it begins
            return (min(24 * over, SESSION_CAP) + over,)
        case plan.Window(over=over):
            return (over,)
        case plan.Sequence(within=within, steps=steps):
            return (within,) * len(steps)
        case plan.Join(within=within, direction=direction):
            # a row's ts is the later side's, or the end of the wait for a partner
            return {
                "before": (0, within), "after": (within, within), "around": (within, 2 * within),
            }[direction]  # fmt: skip
        case plan.Absence(within=within, direction=direction):
            return (within, within) if direction == "following" else (0, within)
        case plan.Model(kind="novelty"):
            # what was learned is kept by itself; the row's own day is read
            return (DAY,)
        case plan.Model():
            # what was trained is kept by itself
            return (0,)
        case plan.Profile(bucket=bucket, over=over):
            # as the reader sees it: a row may lie anywhere in the open bucket
            return (over + bucket,)
        case _:
            return (0,) * len(sources(node))
