"""What the plan of a reader holds of a relation: all rows, or the counted ones of an event type."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dsl import plan
from dsl.check.walk import reads

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dsl.check.scope import Relation


def reading(
    relation: Relation, expressions: Iterable[plan.Expr | None], via: str = "via"
) -> plan.Node | None:
    """What a reader's plan holds: the relation, or the events of a type; only the counted ones
    unless an expression names the witness, that is the column `via`.
    """
    node = relation.node
    if isinstance(node, plan.Scan) and any(reads(e, via) for e in expressions):
        return replace(node, primary_only=False)
    return node
