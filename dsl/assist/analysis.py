"""The checker, watched: which relations a block has, what each name in it may read.

Takes blocks with faults as they are: what rests on a fault is unknown, the rest is known.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from dsl import syntax
from dsl.check.alerts import alert
from dsl.check.block import BlockRelations, Shared, event_relation
from dsl.check.context import Param
from dsl.check.report import Report
from dsl.check.walk import scanned
from dsl.schema.registry import event_types
from dsl.types import Type

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dsl.catalogue import ListFile, SharedRelation
    from dsl.check.scope import Relation, Scope
    from dsl.params import Param as Declared
    from dsl.plan import Node


@dataclass(frozen=True, slots=True)
class Read:
    """A name where a column may be read, what is in reach there, and the type it meets."""

    path: syntax.Path
    scope: Scope
    expected: Type | None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a block may name beside its own relations."""

    params: Mapping[str, Declared]
    relations: Mapping[str, SharedRelation]
    lists: Mapping[str, ListFile]


class Analysis:
    """One block with all that the checker saw in it."""

    def __init__(self, block: syntax.Block, around: Surroundings) -> None:
        self.block = block
        self.around = around
        self.reads: list[Read] = []
        kinds = {name: file.kind for name, file in around.lists.items()}
        params = {n: Param(Type(p.type), p.default) for n, p in around.params.items()}
        local = frozenset(s.name for s in block.statements if not isinstance(s, syntax.Alert))
        shared = Shared(around.relations, kinds, local)
        report = _Watched(self.reads)
        self._built = BlockRelations(block, report, params, shared)
        self._built.build()
        for statement in block.statements:
            if isinstance(statement, syntax.Alert):
                alert(self._built.context, statement, self._built.get(statement.source))

    @property
    def local(self) -> tuple[str, ...]:
        """Names of the block's own relations."""
        return tuple(self._built.assigns)

    @property
    def nodes(self) -> dict[str, Node]:
        """The plan of every relation that is free of faults, by its name in the plan."""
        return self._built.shared.nodes | self._built.nodes

    @cached_property
    def events(self) -> tuple[str, ...]:
        """The event types that the block reads, through shared relations too."""
        found: set[str] = set()
        for statement in self.block.statements:
            for path in sources_of(statement):
                name = ".".join(path.parts)
                relation = None if name in self._built.assigns else self.relation(name)
                if relation is not None and relation.node is not None:
                    found |= scanned(relation.node, self.nodes)
        return tuple(sorted(found))

    def relation(self, name: str) -> Relation | None:
        """What a name stands for where a relation is read; None for an unknown one."""
        if name in self._built.assigns:
            return self._built.own(name)
        if name in self.around.relations:
            return self._built.shared.get(name)
        return event_relation(name) if name in event_types() else None


def sources_of(statement: syntax.Assign | syntax.Alert) -> tuple[syntax.Path, ...]:
    """The relations that a statement reads, in the order of the text."""
    if isinstance(statement, syntax.Alert):
        return (statement.source,)
    match statement.relation:
        case syntax.Union(sources):
            return sources
        case syntax.Sequence(steps=steps):
            return tuple(step.source for step in steps)
        case syntax.Join(left, right):
            return (left, right)
        case syntax.Absence() as absence:
            return (absence.of, absence.anchor)
        case other:
            return (other.source,)


class _Watched(Report):
    def __init__(self, reads: list[Read]) -> None:
        super().__init__()
        self._reads = reads

    def reads(self, path: syntax.Path, scope: Scope, expected: Type | None) -> None:
        self._reads.append(Read(path, scope, expected))
