"""What can be offered at a cursor: names with what they are. Sets and orders nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from dsl.attributes import ATTRIBUTES, attributes_of
from dsl.check.kinds import comparable, named, one
from dsl.functions import AGGREGATES, FUNCTIONS
from dsl.schema.base import ENTITY_KINDS, Event
from dsl.schema.registry import event_types

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from dsl.catalogue import ListFile
    from dsl.check.scope import Relation
    from dsl.params import Param
    from dsl.types import Type

Sort = Literal[
    "word", "column", "attribute", "side", "relation", "event", "function", "aggregate", "param",
    "list", "key", "role", "keyword", "value", "filter",
]  # fmt: skip
_COMMON = frozenset(Event.__struct_fields__)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A name that may stand at the cursor. `text` is inserted for what was begun; `detail` is its
    kind or shape, `meaning` a sentence; `rank` orders, the least first.
    """

    text: str
    sort: Sort
    detail: str = ""
    meaning: str = ""
    rank: int = 5


def words(kind: Type) -> Iterator[Candidate]:
    """Words of an enum."""
    return (Candidate(word, "word", "word of the enum", rank=0) for word in kind.words)


def columns(
    kinds: Mapping[str, Type | None], events: Iterable[str], wanted: Type | None = None
) -> Iterator[Candidate]:
    """Columns by name; those of the wanted kind come first, those that every event has last."""
    read = tuple(events)
    for name, kind in kinds.items():
        fits = wanted is not None and kind is not None and comparable(one(kind), one(wanted))
        rank = 1 if fits else 8 if name in _COMMON else 2
        detail = named(kind) if kind is not None else "not known yet"
        yield Candidate(name, "column", detail, meaning_of(name, kind, read), rank)


def meaning_of(column: str, kind: Type | None, events: Iterable[str]) -> str:
    """What the schema says of a column that comes unchanged from one of the event types."""
    last = column.rpartition(".")[2]
    for event in events:
        found = event_types()[event].columns.get(last)
        if found is not None and (
            kind is None or (found.field.kind, found.many) == (kind.kind, kind.many)
        ):
            unit = f", {found.field.unit}" if found.field.unit else ""
            return f"{found.field.meaning}{unit}"
    return ""


def attributes(kind: Type) -> Iterator[Candidate]:
    """Attributes of an entity; none of other kinds."""
    if kind.kind not in ENTITY_KINDS or kind.many:
        return
    for name in attributes_of(kind.kind):
        found = ATTRIBUTES[name]
        yield Candidate(name, "attribute", named(found.type), found.meaning, 1)


def functions() -> Iterator[Candidate]:
    """Scalar functions with their signatures."""
    for function in FUNCTIONS.values():
        shape = "; ".join(f"{function.name}({s.text})" for s in function.signatures)
        yield Candidate(function.name, "function", shape, function.doc, 6)


def aggregates() -> Iterator[Candidate]:
    """Aggregates of `compute`."""
    for found in AGGREGATES.values():
        shape = "; ".join(f"{found.name}({s.text})" for s in found.signatures)
        yield Candidate(found.name, "aggregate", shape, found.doc, 1)


def params(declared: Mapping[str, Param], types: Iterable[str] = ()) -> Iterator[Candidate]:
    """Parameters, only those of some types if any are named."""
    only = frozenset(types)
    for param in declared.values():
        if not only or param.type in only:
            detail = f"{param.type}, default {param.show(param.default)}"
            yield Candidate(f"${param.name}", "param", detail, param.help, 3)


def lists(files: Mapping[str, ListFile]) -> Iterator[Candidate]:
    """Lists with the kind of their entries."""
    for file in files.values():
        yield Candidate(f"@{file.name}", "list", f"list of {file.kind}", file.description.strip())


def events() -> Iterator[Candidate]:
    """Event types."""
    for event in event_types().values():
        yield Candidate(event.name, "event", f"event type, {event.family}", event.meaning, 4)


def relation(name: str, found: Relation | None, meaning: str = "", rank: int = 2) -> Candidate:
    """A relation with its columns."""
    shown = ", ".join(n for n in (found.columns if found else ()) if n not in _COMMON)
    return Candidate(name, "relation", shown[:120], meaning, rank)
