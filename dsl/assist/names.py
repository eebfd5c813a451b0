"""What each name in a `detect` block means: relations, aliases, columns, parameters, lists, roles.

A column that is carried on is the same everywhere: it is followed through windows, joins and
sequences to the `let`, aggregate or event field that made it, into shared relations too. A name
that stands for several things (the column of a union) has several symbols.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from dsl import syntax
from dsl.schema.registry import event_types

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from dsl.catalogue import SharedRelation

SymbolSort = Literal["relation", "alias", "column", "param", "list", "role", "event", "field"]


@dataclass(frozen=True, slots=True)
class Symbol:
    """Something that has a name. `home` is the id of the rule that defines it (empty for lists and
    the schema), `owner` the relation of an alias or column, or the event type of a field.
    """

    sort: SymbolSort
    name: str
    home: str = ""
    owner: str = ""


Named = tuple[frozenset[Symbol], ...]
"""For the first words of a dotted name what each stands for; empty where it is no column."""


class Names:
    """The names of one block. `home` is the rule's id."""

    def __init__(
        self, block: syntax.Block, home: str, relations: Mapping[str, SharedRelation]
    ) -> None:
        self._block = block
        self._home = home
        self._relations = relations
        self._others: dict[str, Names] = {}
        self._open: list[str] = []
        self._assigns: dict[str, syntax.Assign] = {}
        for statement in block.statements:
            if isinstance(statement, syntax.Assign):
                self._assigns.setdefault(statement.name, statement)

    def relation(self, name: str) -> Symbol | None:
        """What a name stands for where a relation is read."""
        if name in self._assigns:
            return Symbol("relation", name, self._home)
        if name in self._relations:
            return Symbol("relation", name, name)
        return Symbol("event", name) if name in event_types() else None

    def column(self, relation: str, words: tuple[str, ...]) -> Named:
        """What the first words of a dotted name are, read from a relation."""
        if relation in self._assigns:
            if relation in self._open:
                return ()
            self._open.append(relation)
            try:
                return self._made(relation, self._assigns[relation].relation, words)
            finally:
                self._open.pop()
        if relation in self._relations:
            return self._other(relation).column(relation, words)
        event = event_types().get(relation)
        if event is None or words[0] not in event.columns:
            return ()
        return (frozenset({Symbol("field", words[0], "", relation)}),)

    def _other(self, name: str) -> Names:
        """The names of a shared relation's file. A relation that reads itself gives nothing."""
        if name not in self._others:
            others = {k: v for k, v in self._relations.items() if k != name}
            self._others[name] = Names(self._relations[name].block, name, others)
        return self._others[name]

    def own(self, relation: str, column: str) -> Named:
        """A column that a relation of this block computes or names."""
        return (frozenset({Symbol("column", column, self._home, relation)}),)

    def _made(self, name: str, made: syntax.Relation, words: tuple[str, ...]) -> Named:
        """A column of a relation of this block, by the verb that made it."""
        match made:
            case syntax.Match(source, lets=lets):
                if any(let.name == words[0] for let in lets):
                    return self.own(name, words[0])
                return self.column(called(source), words)
            case syntax.Union(sources):
                return together(self.column(called(source), words) for source in sources)
            case syntax.Window(source, aggregates=computed) | syntax.Profile(
                source, learns=computed
            ):
                if any(item.name == words[0] for item in computed):
                    return self.own(name, words[0])
                key = next((k for k in made.keys if _begins(words, k.left.parts)), None)
                return self.column(called(source), key.left.parts) if key else ()
            case syntax.Sequence(steps=steps, keys=keys):
                side = self.side(name, steps, words)
                if side:
                    return side
                key = next((k for k in keys if _begins(words, k.left.parts)), None)
                return together(self._key_sides(key, [s.source for s in steps])) if key else ()
            case syntax.Absence(anchor=anchor):
                return () if words[0] == "covered" else self.column(called(anchor), words)
            case syntax.Join(left, right, keeps=keeps):
                for keep in keeps:
                    if keep.alias is not None and keep.alias == words[0]:
                        return self.own(name, words[0])
                    if keep.alias is None and keep.column.parts[-1] == words[0]:
                        return self.kept(right, keep.column.parts)[-1:]
                return self.column(called(left), words)
            case syntax.Score(source):
                return (
                    () if words[0] in ("points", "reasons") else self.column(called(source), words)
                )
            case _:
                return ()

    def side(self, name: str, steps: Iterable[syntax.Step], words: tuple[str, ...]) -> Named:
        """`alias.column` of a sequence; a step without an alias is called by its relation."""
        for step in steps:
            source = called(step.source)
            if len(words) > 1 and words[0] == (step.alias or source):
                side = self.alias(name, step)
                return (side, *self.column(source, words[1:]))
        return ()

    def alias(self, name: str, step: syntax.Step) -> frozenset[Symbol]:
        """What the name of a step of the sequence `name` is."""
        if step.alias is not None:
            return frozenset({Symbol("alias", step.alias, self._home, name)})
        return one(self.relation(called(step.source)))

    def kept(self, right: syntax.Path, words: tuple[str, ...]) -> Named:
        """`keep column` or `keep relation.column`."""
        plain = self.column(called(right), words)
        if plain or len(words) < 2 or words[0] != called(right):
            return plain
        return (one(self.relation(words[0])), *self.column(called(right), words[1:]))

    def _key_sides(self, key: syntax.Key, sources: list[syntax.Path]) -> Iterator[Named]:
        for i, source in enumerate(sources):
            path = key.left if i == 0 or key.right is None else key.right
            yield self.column(called(source), path.parts)


def one(symbol: Symbol | None) -> frozenset[Symbol]:
    """What a name stands for that may stand for nothing known."""
    return frozenset() if symbol is None else frozenset({symbol})


def together(several: Iterable[Named]) -> Named:
    """The symbols of one name that is read from several relations."""
    found: list[frozenset[Symbol]] = []
    for named in several:
        for i, symbols in enumerate(named):
            if i < len(found):
                found[i] |= symbols
            else:
                found.append(symbols)
    return tuple(found)


def called(path: syntax.Path) -> str:
    """A relation's name as written."""
    return ".".join(path.parts)


def _begins(words: tuple[str, ...], with_: tuple[str, ...]) -> bool:
    return words[: len(with_)] == with_
