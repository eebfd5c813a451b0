"""Event types: every field with kind, unit, meaning, sources and its names in ECS and OCSF."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dsl.retention import DAY, retention
from dsl.schema import enums
from dsl.schema.registry import event_types
from pages.markdown import code, codes, plain, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dsl.catalogue import Catalogue
    from dsl.schema.registry import Column, EventType


def lines(_: Catalogue) -> Iterator[str]:
    """The page."""
    types = event_types().values()
    yield "# Event types\n"
    yield (
        "What a rule may read. A kind is what values are compared by; `list` before it says that"
        " there are several. Times and durations are microseconds; the words of enums stand at the"
        " end. ECS and OCSF name the field in those schemas, where it has a name there."
    )
    yield from table("type", "is", "family", "kept", rows=map(_summary, types))
    yield "\n## Fields of every event"
    yield from _fields(c for c in next(iter(types)).columns.values() if c.common)
    for event in types:
        yield f"\n## {event.name}\n\n{plain(event.meaning)}"
        yield from _fields(c for c in event.columns.values() if not c.common)
    yield "\n## Words of enums"
    for name, words in _vocabularies().items():
        yield f"\n### {name}\n\n{codes(words)}"


def _summary(event: EventType) -> tuple[str, ...]:
    kept = f"{retention(event.name) // DAY} days"
    return f"[{event.name}](#{event.name})", plain(event.meaning), event.family, kept


def _fields(columns: Iterable[Column]) -> Iterator[str]:
    head = ("field", "kind", "unit", "meaning", "sources", "ECS", "OCSF")
    return table(*head, rows=map(_field, columns))


def _field(column: Column) -> tuple[str, ...]:
    field = column.field
    return (
        code(column.name), _kind(column), field.unit, plain(field.meaning), plain(field.sources),
        code(field.ecs), code(field.ocsf),
    )  # fmt: skip


def _kind(column: Column) -> str:
    field = column.field
    kind = ("list " if column.many else "") + field.kind
    if not field.words:
        return kind
    name = next(n for n, words in _vocabularies().items() if words == field.words)
    return f"{kind} [{name}](#{name})" + (", open" if field.open_words else "")


def _vocabularies() -> dict[str, tuple[str, ...]]:
    """The words of every enum, under the name that the schema gives them; one without a name is
    called after the first field that has it.
    """
    known = {
        enums.names(value): name.lower().removesuffix("_words")
        for name, value in vars(enums).items()
        if name.isupper() and isinstance(value, (tuple, dict))
    }
    found: dict[tuple[str, ...], str] = {}
    for event in event_types().values():
        for column in event.columns.values():
            words = column.field.words
            if words:
                found.setdefault(words, known.get(words, f"{event.name}.{column.name}"))
    return {name: words for words, name in found.items()}
