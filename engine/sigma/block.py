"""A rule's `detect` block: one `match`, and the alert.

Knows what a rule asks of one event; what several rules ask of many is in `correlations`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from engine.sigma.conditions import EVERY, asked
from engine.sigma.logic import every, text_of

if TYPE_CHECKING:
    from sigma.rule import SigmaRule

    from engine.sigma.conditions import Asked

EVIDENCE: Final = ("event_id", "computer")
"""Columns that are always shown, of event types that have them."""


@dataclass(slots=True)
class Block:
    """Statements in order, the columns worth showing, placeholders by the names of their lists,
    what is uncertain, and the roles of the alert that name something.
    """

    statements: list[str] = field(default_factory=list)
    columns: dict[str, None] = field(default_factory=dict)
    lists: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    roles: tuple[str, ...] = ("target", "actor")

    @property
    def text(self) -> str:
        """The block."""
        return "\n".join(self.statements) + "\n"

    def take(self, what: Asked) -> None:
        """Note what reading a rule brings along."""
        self.columns |= what.fields.read
        self.lists |= what.lists
        self.notes += [n for n in what.notes if n not in self.notes]


def block_of(rule: SigmaRule) -> Block:
    """The block of a rule by itself. Raises RefusedError."""
    block = Block()
    matched(block, "seen", rule)
    block.statements.append("alert seen as (target: dc, actor: account)")
    return block


def matched(block: Block, name: str, rule: SigmaRule, lets: dict[str, str] | None = None) -> Asked:
    """Add the relation of the events that a rule asks for, with computed columns."""
    what = asked(rule)
    block.take(what)
    condition = text_of(what.condition)
    computed = "".join(
        f"{', ' if i else ' let '}{column} := {value}"
        for i, (column, value) in enumerate((lets or {}).items())
    )
    if what.texts:
        first = f" where {text_of(what.source)}" if what.source else ""
        block.statements.append(
            f"{name}_all = match {what.event}{first} let {EVERY} := {what.texts}"
        )
        block.statements.append(f"{name} = match {name}_all where {condition}{computed}")
    else:
        whole = every([what.source, what.condition]) if what.source else what.condition
        block.statements.append(f"{name} = match {what.event} where {text_of(whole)}{computed}")
    return what
