"""Statements that are read but not computed in this version: model.

Each is refused once, at its verb; whatever reads it is checked as far as it goes and stays silent
about what only the refused statement could tell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dsl import syntax
from dsl.check.scope import Relation
from dsl.syntax import At

if TYPE_CHECKING:
    from dsl.check.context import Context
    from dsl.check.verbs import Built

_REFUSED: Final = {
    syntax.Model: (
        "D0402", "model", "models are not available in this version",
        "leave the score out, and state the confidence",
    ),
}  # fmt: skip


def refuse(
    context: Context,
    node: syntax.Model,
    name: str,
) -> Built:
    """Report the statement; its readers know nothing of its columns."""
    code, verb, message, hint = _REFUSED[type(node)]
    at = At(node.at.start, node.at.start + len(verb))
    context.report.error(code, at, message, "not available", hint)
    return None, Relation(name, None, {}, open=True)


def refused_names(block: syntax.Block) -> frozenset[str]:
    """Relations whose columns are read by their name: `rare.score`."""
    return frozenset(
        s.name
        for s in block.statements
        if isinstance(s, syntax.Assign) and isinstance(s.relation, syntax.Model)
    )
