"""Every name in a `detect` block with its place: what `names` says of it, clause by clause."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dsl import syntax
from dsl.assist.analysis import Analysis
from dsl.assist.names import Names, Symbol, called, one, together
from dsl.check.walk import parts
from dsl.syntax import At

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dsl.assist.analysis import Surroundings
    from dsl.assist.names import Named

    View = Callable[[tuple[str, ...]], Named]

_BLANK: Final = r"(?:\s|#[^\n]*\n)+"
_ALIAS: Final = re.compile(rf"{_BLANK}as{_BLANK}(?P<name>\w+)")
_WORD: Final = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Mention:
    """A name in the block: what it stands for, where, and whether it is defined there."""

    symbols: frozenset[Symbol]
    at: At
    defines: bool = False


def mentions(text: str, block: syntax.Block, home: str, around: Surroundings) -> list[Mention]:
    """All names of the block that stand for something known, in the order of the text."""
    found = _Mentions(text, block, home, around)
    every = [m for s in block.statements for m in found.of(s) if m.symbols]
    return sorted(dict.fromkeys(every), key=lambda m: m.at.start)


class _Mentions:
    def __init__(self, text: str, block: syntax.Block, home: str, around: Surroundings) -> None:
        self._text = text
        self._home = home
        self._names = Names(block, home, around.relations)
        self._learned = {
            s.name
            for s in block.statements
            if isinstance(s, syntax.Assign)
            and isinstance(s.relation, syntax.Profile | syntax.Model)
        }
        # a word of an enum is no column of that name
        self._words = {
            read.path.at
            for read in Analysis(block, around).reads
            if read.expected is not None and read.path.parts[0] in read.expected.words
            and len(read.path.parts) == 1
        }  # fmt: skip

    def of(self, statement: syntax.Assign | syntax.Alert) -> Iterator[Mention]:
        """The names of one statement."""
        for part in parts(statement):
            match part:
                case syntax.Param(name, at):
                    yield Mention(frozenset({Symbol("param", name, self._home)}), at)
                case syntax.ListRef(name, at):
                    yield Mention(frozenset({Symbol("list", name)}), at)
        if isinstance(statement, syntax.Alert):
            yield from self._alert(statement)
            return
        name = statement.name
        yield Mention(one(self._names.relation(name)), statement.name_at, defines=True)
        match statement.relation:
            case syntax.Match() as made:
                yield from self._match(name, made)
            case syntax.Union(sources):
                for source in sources:
                    yield from self._source(source)
            case syntax.Window() as made:
                yield from self._window(name, made)
            case syntax.Profile() as made:
                yield from self._profile(name, made)
            case syntax.Sequence() as made:
                yield from self._sequence(name, made)
            case syntax.Absence() as made:
                yield from self._absence(made)
            case syntax.Join() as made:
                yield from self._join(name, made)
            case syntax.Score() as made:
                yield from self._source(made.source)
                for condition, _, _ in made.terms:
                    yield from self._expression(condition, self._from(made.source))
            case syntax.Model() as made:
                yield from self._source(made.source)
                for path in (*(k.left for k in made.keys), *made.using):
                    yield from self._path(path, self._from(made.source)(path.parts))

    def _source(self, path: syntax.Path) -> Iterator[Mention]:
        yield Mention(one(self._names.relation(called(path))), path.at)

    def _from(self, source: syntax.Path) -> View:
        name = called(source)
        return lambda words: self._names.column(name, words)

    def _path(self, path: syntax.Path, named: Named) -> Iterator[Mention]:
        """The words of a dotted name, each at its place."""
        if not named and path.parts[0] in self._learned and len(path.parts) > 1:
            first = path.parts[0]
            named = (one(self._names.relation(first)), *self._names.column(first, path.parts[1:]))
        places = list(_WORD.finditer(self._text, path.at.start, path.at.end))
        if len(places) < len(path.parts):  # comments between the words
            return
        for symbols, place in zip(named, places, strict=False):
            yield Mention(symbols, At(place.start(), place.end()))

    def _expression(self, expr: syntax.Expr | None, view: View) -> Iterator[Mention]:
        functions = {p.function.at for p in parts(expr) if isinstance(p, syntax.Call)}
        for part in parts(expr):
            if not isinstance(part, syntax.Path) or part.at in self._words:
                continue
            if part.at not in functions:
                yield from self._path(part, view(part.parts))
            elif len(part.parts) > 1:  # `usual.hour_share(ts)`
                yield from self._path(part, ())

    def _computed(self, name: str, item: syntax.Named, view: View) -> Iterator[Mention]:
        yield Mention(self._names.own(name, item.name)[0], item.name_at, defines=True)
        yield from self._expression(item.value, view)
        yield from self._expression(item.where, view)

    def _match(self, name: str, made: syntax.Match) -> Iterator[Mention]:
        yield from self._source(made.source)
        view = self._from(made.source)
        yield from self._expression(made.where, view)
        earlier: set[str] = set()
        for let in made.lets:

            def reach(words: tuple[str, ...], known: frozenset[str] = frozenset(earlier)) -> Named:
                return self._names.own(name, words[0]) if words[0] in known else view(words)

            yield from self._computed(name, let, reach)
            earlier.add(let.name)

    def _keys(self, keys: tuple[syntax.Key, ...], *sides: syntax.Path) -> Iterator[Mention]:
        """Keys of one or more relations; `a ~ b`: a of the first, b of the others."""
        for key in keys:
            several = [source for i, source in enumerate(sides) if i == 0 or key.right is None]
            left = together(self._from(source)(key.left.parts) for source in several)
            yield from self._path(key.left, left)
            if key.right is not None:
                others = (self._from(source)(key.right.parts) for source in sides[1:])
                yield from self._path(key.right, together(others))

    def _window(self, name: str, made: syntax.Window) -> Iterator[Mention]:
        yield from self._source(made.source)
        yield from self._keys(made.keys, made.source)
        for item in made.aggregates:
            yield from self._computed(name, item, self._from(made.source))
        yield from self._expression(made.having, lambda words: self._names.column(name, words))

    def _profile(self, name: str, made: syntax.Profile) -> Iterator[Mention]:
        yield from self._source(made.source)
        yield from self._keys((*made.keys, *made.peers), made.source)
        for item in made.learns:
            yield from self._computed(name, item, self._from(made.source))
        yield from self._expression(made.ready, lambda words: self._names.column(name, words))

    def _sequence(self, name: str, made: syntax.Sequence) -> Iterator[Mention]:
        yield from self._keys(made.keys, *(step.source for step in made.steps))
        for i, step in enumerate(made.steps):
            yield from self._source(step.source)
            if step.alias is not None:
                place = _ALIAS.match(self._text, step.source.at.end)
                at = At(place.start("name"), place.end("name")) if place else step.source.at
                yield Mention(self._names.alias(name, step), at, defines=True)
            yield from self._expression(step.where, self._reach(name, made.steps[: i + 1]))

    def _reach(self, name: str, steps: tuple[syntax.Step, ...]) -> View:
        """What the last of these steps may read: all of them by name, itself without."""
        own = self._from(steps[-1].source)
        return lambda words: self._names.side(name, steps, words) or own(words)

    def _absence(self, made: syntax.Absence) -> Iterator[Mention]:
        yield from self._source(made.of)
        yield from self._source(made.anchor)
        yield from self._keys(made.keys, made.of, made.anchor)
        of, anchor = self._from(made.of), self._from(made.anchor)

        def reach(words: tuple[str, ...]) -> Named:
            for side, view in ((made.of, of), (made.anchor, anchor)):
                if len(words) > 1 and words[0] == called(side):
                    return (one(self._names.relation(words[0])), *view(words[1:]))
            return anchor(words) or of(words)

        yield from self._expression(made.where, reach)

    def _join(self, name: str, made: syntax.Join) -> Iterator[Mention]:
        yield from self._source(made.left)
        yield from self._source(made.right)
        yield from self._keys(made.keys, made.left, made.right)
        for keep in made.keeps:
            yield from self._path(keep.column, self._names.kept(made.right, keep.column.parts))
            place = _ALIAS.match(self._text, keep.column.at.end)
            if keep.alias is not None and place is not None:
                at = At(place.start("name"), place.end("name"))
                yield Mention(self._names.own(name, keep.alias)[0], at, defines=True)

    def _alert(self, made: syntax.Alert) -> Iterator[Mention]:
        yield from self._source(made.source)
        view = self._from(made.source)
        roles = {binding.role for binding in made.bindings}
        for binding in made.bindings:
            at = At(binding.at.start, binding.at.start + len(binding.role))
            role = Symbol("role", binding.role, self._home)
            yield Mention(frozenset({role}), at, defines=True)
            yield from self._expression(binding.value, view)
        for condition in (made.severity, made.confidence, made.when):
            yield from self._expression(condition, view)
        for path in (*(e.role for e in made.excepts), *made.dedup_by):
            if path.parts[0] in roles and len(path.parts) == 1:
                role = Symbol("role", path.parts[0], self._home)
                yield Mention(frozenset({role}), path.at)
            else:
                yield from self._path(path, view(path.parts))
