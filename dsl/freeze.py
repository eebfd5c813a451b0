"""A detection whose profiles are frozen: rows from a time on ask them as of that time.

What comes later is learnt, but nobody is told of it until the profiles thaw. Pure.
"""

from __future__ import annotations

from dataclasses import replace

from dsl import plan


def freeze(detection: plan.DetectionPlan, at: int | None) -> plan.DetectionPlan:
    """The detection with all of its profiles frozen at a time (microseconds); None: with none."""
    if at is None:
        return detection
    return replace(
        detection,
        relations=tuple((name, _frozen(node, at)) for name, node in detection.relations),
        shared=tuple((name, _frozen(node, at)) for name, node in detection.shared),
    )


def _frozen(node: plan.Node, at: int) -> plan.Node:
    return replace(node, frozen=at) if isinstance(node, plan.Profile) else node
