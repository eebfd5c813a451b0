"""What a name stands for where it is written: relations, their columns, what was lost on the way.

A relation's columns may have an unknown type (None): then it rests on something refused or faulty,
which has been reported already, and whatever reads it stays silent.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from dsl.check.kinds import TIME
from dsl.learning import SHARE

if TYPE_CHECKING:
    from collections.abc import Collection

    from dsl import plan
    from dsl.types import Type

IMPLIED: Final = ("ts", "start")
"""Times that every row has; readable, not among the columns."""

RESERVED: Final = frozenset({"ts", "start", "tie", "evidence"})
"""Names a computed column may not have."""


@dataclass(frozen=True, slots=True)
class Absent:
    """A column that is not there though an author may expect it: why, and the remedy."""

    code: str
    message: str
    label: str
    hint: str


@dataclass(slots=True)
class Told:
    """What a profile or model tells: `reads` by the name behind its own. `unknown`: names whose kind
    nobody knows, `absent`: those that are not told, with the reason. `ready` is over the plain
    names. `function` is asked with an argument.
    """

    name: str
    keys: dict[str, Type | None]
    open: bool
    reads: dict[str, plan.Read] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)
    absent: dict[str, Absent] = field(default_factory=dict)
    ready: plan.Expr | None = None
    function: str = SHARE


@dataclass(frozen=True, slots=True)
class Relation:
    """Something that can be read: an event type, a local or a shared relation.

    `node` is what a reader's plan holds (None: faulty). `open`: further columns may exist that
    nobody knows. `covered`: columns that are some absence's `covered`, with the absences' names.
    `told`: it is a profile, which has no rows; its columns are its keys.
    """

    name: str
    node: plan.Node | None
    columns: dict[str, Type | None]
    event: bool = False
    open: bool = False
    absent: dict[str, Absent] = field(default_factory=dict)
    covered: dict[str, frozenset[str]] = field(default_factory=dict)
    told: Told | None = None

    def typed(self) -> plan.Columns | None:
        """The columns for a plan; None where one is of unknown type."""
        known = [(name, kind) for name, kind in self.columns.items() if kind is not None]
        return None if len(known) < len(self.columns) or self.open else tuple(known)


@dataclass(frozen=True, slots=True)
class Column:
    """What a written name reads: the column's name in the plan, its type (None = unknown)."""

    name: str
    type: Type | None
    covered: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Scope:
    """The names an expression may read. `title` and `noun` are for messages (`kerberos_tgs`,
    *event*); `sides` are qualifiers: steps, the sides of a join, the `of` of an absence.
    """

    title: str
    noun: str
    columns: dict[str, Column]
    absent: dict[str, Absent] = field(default_factory=dict)
    sides: frozenset[str] = frozenset()
    open: bool = False

    def find(self, words: tuple[str, ...]) -> tuple[Column, int] | None:
        """The column of the longest beginning of a dotted name, and how many words it took."""
        for count in range(len(words), 0, -1):
            column = self.columns.get(".".join(words[:count]))
            if column is not None:
                return column, count
        return None

    def missing(self, words: tuple[str, ...]) -> Absent | None:
        """Why the column is not there, if that is known."""
        for count in range(len(words), 0, -1):
            absent = self.absent.get(".".join(words[:count]))
            if absent is not None:
                return absent
        return None

    def with_columns(self, columns: dict[str, Column]) -> Scope:
        """The scope with further columns, which hide older ones of the same name."""
        return replace(self, columns=self.columns | columns)


def columns_of(relation: Relation, prefix: str = "", plan_prefix: str = "") -> dict[str, Column]:
    """Columns of a relation and the times of its rows, by written name."""
    found = {prefix + name: Column(plan_prefix + name, TIME) for name in IMPLIED}
    for name, kind in relation.columns.items():
        covered = relation.covered.get(name, frozenset())
        found[prefix + name] = Column(plan_prefix + name, kind, covered)
    return found


def scope_of(relation: Relation) -> Scope:
    """The scope of an expression over the rows of one relation."""
    noun = "event" if relation.event else "relation"
    return Scope(
        relation.name, noun, columns_of(relation), relation.absent, frozenset(), relation.open
    )


def two_sided(title: str, noun: str, sides: Collection[tuple[str, Relation, str]]) -> Scope:
    """The scope over several relations: written name of each side, relation, prefix in the plan."""
    columns: dict[str, Column] = {}
    absent: dict[str, Absent] = {}
    for name, relation, prefix in sides:
        columns |= columns_of(relation, f"{name}.", prefix)
        absent |= {f"{name}.{column}": a for column, a in relation.absent.items()}
    named = frozenset(name for name, _, _ in sides)
    return Scope(title, noun, columns, absent, named, any(r.open for _, r, _ in sides))
