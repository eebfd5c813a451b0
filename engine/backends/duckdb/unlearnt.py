"""A window as it would be if its rows were not held against what was learnt: more rows, never fewer.

What a count must reach to meet `having` it must reach there, too, and that is asked of the events alone.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dsl import plan
from engine.backends.duckdb.reading import Definitions, all_of, columns_read, conjuncts

if TYPE_CHECKING:
    from engine.backends.duckdb.bounds import Needed

Names = frozenset[str]


def unlearnt(definitions: Definitions, window: Needed) -> tuple[Definitions, plan.Window] | None:
    """The window and the relations it then rests on; None where what was learnt decides more than
    which rows there are.
    """
    taken = _Taken(definitions)
    node = window.node
    source = taken.rows(node.source, shared=window.shared)
    if source is None:
        return None
    below, unknown = source
    if not unknown.isdisjoint(node.keys):
        return None
    known = tuple(a for a in node.aggregates if unknown.isdisjoint(_read(a)))
    rests_on = Definitions(
        {**definitions.local, **taken.local}, {**definitions.shared, **taken.shared}
    )
    return rests_on, replace(node, source=below, aggregates=known)


class _Taken:
    """Relations without what was learnt, as far as they were asked for."""

    def __init__(self, definitions: Definitions) -> None:
        self.local: dict[str, plan.Node] = {}
        self.shared: dict[str, plan.Node] = {}
        self._definitions = definitions

    def rows(self, node: plan.Node, *, shared: bool) -> tuple[plan.Node, Names] | None:
        """All rows of a node and perhaps more, and which of its columns they lack."""
        reached = self._definitions.reached(node, shared=shared)
        if not any(isinstance(n, plan.Recall) for n in reached):
            return node, frozenset()
        match node:
            case plan.Ref(name):
                inside, below = self._definitions.find(name, shared=shared)
                found = self.rows(below, shared=inside)
                if found is not None:
                    (self.shared if inside else self.local)[name] = found[0]
                    return node, found[1]
            case plan.Recall(source):
                found = self.rows(source, shared=shared)
                if found is not None:
                    return found[0], found[1] | {f"{node.alias}.{r.name}" for r in node.reads}
            case plan.Match():
                return self._match(node, shared=shared)
            case _:
                # further rows might take some away
                pass
        return None

    def _match(self, node: plan.Match, *, shared: bool) -> tuple[plan.Node, Names] | None:
        found = self.rows(node.source, shared=shared)
        if found is None:
            return None
        below, unknown = found
        lets = []
        for name, value in node.lets:
            if unknown.isdisjoint(columns_read(value)):
                lets.append((name, value))
                unknown -= {name}
            else:
                unknown |= {name}
        known = [
            condition
            for condition in (conjuncts(node.where) if node.where is not None else ())
            if found[1].isdisjoint(columns_read(condition))
        ]
        return replace(node, source=below, where=all_of(known), lets=tuple(lets)), unknown


def _read(aggregate: plan.Aggregate) -> Names:
    """The columns that an aggregate reads."""
    return frozenset().union(columns_read(aggregate.where), *map(columns_read, aggregate.arguments))
