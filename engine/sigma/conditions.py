"""The condition of a Sigma rule as a condition of our language.

pySigma resolves names, quantifiers and modifiers; what is left is a tree of and, or, not, fields
with values and keywords. Of several conditions one must hold.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionNOT,
    ConditionOR,
    ConditionValueExpression,
)

from engine.sigma.fields import Fields
from engine.sigma.logic import Every, Logic, No, every, some
from engine.sigma.logsources import place
from engine.sigma.refused import RefusedError
from engine.sigma.values import Values

if TYPE_CHECKING:
    from sigma.rule import SigmaRule

EVERY: Final = "every"
"""The computed column of all texts of an event, for keywords."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a rule asks of one event.

    `event`: its type; `source`: the condition of the log source; `condition`: that of the rule;
    `texts`: the expression behind `EVERY`, where keywords read it; `columns`: columns it reads;
    `lists`: placeholders by the names of their lists.
    """

    event: str
    source: Logic | None
    condition: Logic
    texts: str
    fields: Fields
    lists: dict[str, str]
    notes: tuple[str, ...]


def asked(rule: SigmaRule) -> Asked:
    """What the rule asks. Raises RefusedError, and SigmaError where pySigma cannot read it."""
    where = place(rule.logsource)
    fields = Fields(where.event, where.names)
    lists: dict[str, str] = {}
    tree = _Tree(Values(fields, lists))
    conditions = [tree.logic(parsed.parsed) for parsed in rule.detection.parsed_condition]
    texts = fields.every_text() if tree.keywords else ""
    return Asked(where.event, where.condition, some(conditions), texts, fields, lists, where.notes)


class _Tree:
    def __init__(self, values: Values) -> None:
        self._values = values
        self.keywords = False

    def logic(self, node: object) -> Logic:
        match node:
            case ConditionNOT():
                return No(self.logic(node.args[0]))
            case ConditionAND() | ConditionOR():
                parts = [self.logic(a) for a in node.args]
                joined = every if isinstance(node, ConditionAND) else some
                return joined(parts) if parts else Every(())
            case ConditionFieldEqualsValueExpression():
                return self._values.bound(node.field, node.value)
            case ConditionValueExpression():
                self.keywords = True
                return self._values.unbound(EVERY, node.value)
        raise RefusedError("the condition is empty")
