"""One file of rules as an editor sees it: what can be read of it, faulty or not, and its names.

A file's text is the whole of it; nothing is read from a disk.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Literal

from dsl import syntax
from dsl.assist.analysis import Surroundings
from dsl.assist.half import readable
from dsl.assist.layout import literal, section
from dsl.assist.mentions import mentions
from dsl.assist.names import Names, Symbol, called, one
from dsl.diagnostics import Diagnostics, Span
from dsl.params import read_params
from dsl.record import parse_record
from dsl.source import parse_source
from dsl.template import names_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from dsl.catalogue import ListFile, SharedRelation
    from dsl.params import Param
    from dsl.source import Source

FileSort = Literal["detection", "relation", "list"]


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A name in a file: what it stands for, where, and whether it is defined there."""

    symbols: frozenset[Symbol]
    span: Span
    defines: bool = False


class View:
    """A file's text with what can be read of it. `source` is None where it is no YAML mapping."""

    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        self.text = text

    @cached_property
    def source(self) -> Source | None:
        found = parse_source(str(self.path), self.text, Diagnostics())
        return found if found is not None and isinstance(found.data, dict) else None

    @cached_property
    def sort(self) -> FileSort:
        """By the folder, and by the key that only lists have."""
        if section(self.text, "list"):
            return "list"
        return "relation" if self.path.parent.name == "relations" else "detection"

    @property
    def id(self) -> str:
        """The rule's or list's name, which is the file's."""
        return self.path.stem

    @cached_property
    def params(self) -> dict[str, Param]:
        """The parameters that can be read, whatever is wrong elsewhere in the file."""
        diagnostics = Diagnostics()
        text = section(self.text, "params")
        file = parse_record(str(self.path), text, "the file", diagnostics)
        return {} if file is None else read_params(file)

    @cached_property
    def block_text(self) -> str:
        """The text of `detect`; empty where there is none."""
        if self.source is not None:
            return self.source.block()
        found = literal(self.text, "detect")
        return found.text if found else ""

    @cached_property
    def block(self) -> syntax.Block:
        """The statements that can be read."""
        return readable(self.block_text)

    def around(
        self, relations: Mapping[str, SharedRelation], lists: Mapping[str, ListFile]
    ) -> Surroundings:
        """What the block may name."""
        return Surroundings(self.params, relations, lists)

    def occurrences(self, around: Surroundings) -> list[Occurrence]:
        """All names with a meaning, in the block and around it."""
        if self.source is None:
            return []
        found = [*self._around_block(), *self._in_block(around), *self._in_tests(around)]
        if self.sort == "detection":
            found += self._in_explain(around)
        return sorted(dict.fromkeys(found), key=lambda o: (o.span.line, o.span.column))

    @property
    def alerts(self) -> list[syntax.Alert]:
        return [s for s in self.block.statements if isinstance(s, syntax.Alert)]

    def _around_block(self) -> Iterator[Occurrence]:
        source = self._known
        if self.sort == "list" and ("list",) in source.values:
            yield Occurrence(one(Symbol("list", self.id)), source.place("list"), defines=True)
        if self.sort == "relation" and ("id",) in source.values:
            itself = Symbol("relation", self.id, self.id)
            yield Occurrence(one(itself), source.place("id"), defines=True)
        for name in self.params:
            param = Symbol("param", name, self.id)
            yield Occurrence(one(param), source.key("params", name), defines=True)

    def _in_block(self, around: Surroundings) -> Iterator[Occurrence]:
        if self.sort == "list" or not self._known.is_linear("detect"):
            return
        for found in mentions(self.block_text, self.block, self.id, around):
            yield Occurrence(found.symbols, self._known.span(found.at), found.defines)

    def _in_tests(self, around: Surroundings) -> Iterator[Occurrence]:
        names = Names(self.block, self.id, around.relations)
        for place, span in self._known.keys.items():
            match place:
                case ("tests", int(), "params", str(name)) if name in self.params:
                    yield Occurrence(one(Symbol("param", name, self.id)), span)
                case ("tests", int(), "lists", str(name)) if name != self.id:
                    yield Occurrence(one(Symbol("list", name)), span)
                case ("tests", int(), "expect", int(), str(name)):
                    symbols = one(self.role(name))
                    if self.sort == "relation":
                        symbols = frozenset().union(*names.column(self.id, (name,))[:1])
                    if symbols:
                        yield Occurrence(symbols, span)
                case ("tests", int(), "profile", str(name)):
                    if (profile := names.relation(name)) is not None:
                        yield Occurrence(one(profile), span)
                case ("tests", int(), "profile", str(profile), int(), str(name)) | (
                    "tests",
                    int(),
                    "profile",
                    str(profile),
                    int(),
                    "key",
                    str(name),
                ):
                    for symbols in names.column(profile, (name,))[:1]:
                        yield Occurrence(symbols, span)
                case _:
                    pass

    def _in_explain(self, around: Surroundings) -> Iterator[Occurrence]:
        source = self._known
        if not source.is_linear("explain"):
            return
        names = Names(self.block, self.id, around.relations)
        for owner, name, at in names_in(source.block("explain")):
            symbols: frozenset[Symbol] = frozenset()
            if owner == "params" and name in self.params:
                symbols = one(Symbol("param", name, self.id))
            elif not owner:
                symbols = one(self.role(name)) or self._dedup_column(name, names)
            if symbols:
                yield Occurrence(symbols, source.span(at, "explain"))

    def role(self, name: str) -> Symbol | None:
        """A role of the alerts."""
        known = {b.role for alert in self.alerts for b in alert.bindings}
        return Symbol("role", name, self.id) if name in known else None

    def _dedup_column(self, name: str, names: Names) -> frozenset[Symbol]:
        """A column by which alerts are one, and which templates may read therefore."""
        for alert in self.alerts:
            for path in alert.dedup_by:
                if path.parts == (name,):
                    return frozenset().union(*names.column(called(alert.source), (name,))[:1])
        return frozenset()

    @property
    def _known(self) -> Source:
        if self.source is None:
            raise ValueError(f"{self.path} is no YAML mapping")
        return self.source


@lru_cache(maxsize=2048)
def view(path: Path, text: str) -> View:
    """The view of a file, kept as long as its text is the same."""
    return View(path, text)
