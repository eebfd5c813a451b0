"""What a folder of detections holds once it is read: detections, shared relations, lists.

Only data; `dsl.load` makes it. Names in a block are not resolved here.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from dsl.diagnostics import Diagnostic, Diagnostics

if TYPE_CHECKING:
    from pathlib import Path

    from dsl.diagnostics import Span
    from dsl.envelope import Envelope
    from dsl.given import RuleTest
    from dsl.schema.base import KindName
    from dsl.source import Source
    from dsl.syntax import Block


@dataclass(frozen=True, slots=True)
class Detection:
    """One detection. `source.span(at)` gives the place in the file of a range of the block."""

    envelope: Envelope
    block: Block
    tests: tuple[RuleTest, ...]
    source: Source
    path: Path

    @property
    def id(self) -> str:
        return self.envelope.id

    @property
    def tactic(self) -> str:
        """The folder's name."""
        return self.path.parent.name


@dataclass(frozen=True, slots=True)
class SharedRelation:
    """A relation used by many detections: the statement of its block that is named as its id.

    Parameters and alerts are not for relations; tests expect rows, role for column.
    """

    id: str
    title: str
    description: str
    block: Block
    tests: tuple[RuleTest, ...]
    source: Source
    path: Path


@dataclass(frozen=True, slots=True)
class ListEntry:
    """One entry; `expires` in microseconds (it is not valid from then on), None for never.

    `roles` (of a detection's own exclusions only): the entry excludes an alert in which every one
    of these roles has the value given; a value `tag:NAME` stands for everything that bears the tag.
    `value` then says the same in one text. `span` is the entry's place in its file.
    """

    value: str
    owner: str
    reason: str
    expires: int | None = None
    roles: tuple[tuple[str, str], ...] = ()
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class ListFile:
    """`@name`: what its entries are, and the entries."""

    name: str
    kind: KindName
    description: str
    entries: tuple[ListEntry, ...]
    source: Source
    path: Path


@dataclass(slots=True)
class Catalogue:
    """Everything that was read, by name, and every fault found on the way.

    `texts` holds all files by the names that diagnostics use, faulty ones too.
    """

    detections: dict[str, Detection] = field(default_factory=dict)
    relations: dict[str, SharedRelation] = field(default_factory=dict)
    lists: dict[str, ListFile] = field(default_factory=dict)
    diagnostics: Diagnostics = field(default_factory=Diagnostics)
    texts: dict[str, str] = field(default_factory=dict, repr=False)

    def add_lists(self, own: Catalogue) -> None:
        """Add the entries of an installation's lists to those of the detections."""
        for name, mine in own.lists.items():
            shipped = self.lists.get(name)
            if shipped is not None and shipped.kind != mine.kind:
                message = f"`{name}` is a list of {shipped.kind}, here it is of {mine.kind}"
                span = mine.source.place("kind")
                self.diagnostics.add(Diagnostic("D0617", message, mine.source.file, span))
                continue
            known = {e.value.casefold() for e in mine.entries}
            others = shipped.entries if shipped is not None else ()
            kept = tuple(e for e in others if e.value.casefold() not in known)
            self.lists[name] = replace(mine, entries=(*mine.entries, *kept))
        for diagnostic in own.diagnostics.items:
            self.diagnostics.add(diagnostic)
        self.texts |= own.texts
