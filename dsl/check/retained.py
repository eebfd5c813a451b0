"""Look-back held against how long events are kept (design: language.md §4 *Retention*)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dsl import plan, syntax
from dsl.check.look_back import stored
from dsl.durations import format_duration
from dsl.retention import retention

if TYPE_CHECKING:
    from dsl.check.block import BlockRelations
    from dsl.check.report import Report


def hold_against_retention(
    report: Report, block: BlockRelations, nodes: dict[str, plan.Node]
) -> None:
    """A look-back beyond what is kept of an event type, where it first grows too long."""
    told: set[str] = set()
    for name, assign in block.assigns.items():
        node = assign.relation
        for event, far in sorted(stored(nodes[block.called(name)], nodes).items()):
            kept = retention(event)
            if far <= kept or event in told:
                continue
            told.add(event)
            at = node.over if isinstance(node, syntax.Window) else getattr(node, "within", node)
            report.error(
                "D0312", at.at,
                f"`{name}` looks back {format_duration(far)}, `{event}` is kept {format_duration(kept)}",
                "further back than events are kept",
                "shorten it; look-back adds up along the relations that are read",
            )  # fmt: skip
