"""All event types, found by scanning this folder; names, kinds and storage types derived from them.

The file system is the register: a new family is a new module here.
"""

from __future__ import annotations

import importlib
import pkgutil
import typing
from dataclasses import dataclass
from functools import cache
from types import UnionType

import dsl.schema
from dsl.schema.base import Event, Field


@dataclass(frozen=True, slots=True)
class Column:
    """A field of an event type: its declaration and whether it holds a list."""

    name: str
    field: Field
    many: bool
    common: bool


@dataclass(frozen=True, slots=True)
class EventType:
    """One event type: its name, Struct class, one-line meaning and columns in order."""

    name: str
    struct: type[Event]
    meaning: str
    family: str
    columns: dict[str, Column]


def _columns(struct: type[Event]) -> dict[str, Column]:
    common = set(Event.__struct_fields__)
    hints = typing.get_type_hints(struct, include_extras=True)
    columns = {}
    for name in struct.__struct_fields__:
        annotated = hints[name]
        (declared,) = (m for m in annotated.__metadata__ if isinstance(m, Field))
        plain = annotated.__origin__
        arms = typing.get_args(plain) if isinstance(plain, UnionType) else (plain,)
        many = any(typing.get_origin(arm) is list for arm in arms)
        columns[name] = Column(name, declared, many, name in common)
    return columns


@cache
def event_types() -> dict[str, EventType]:
    """Every event type by name, in the order of families and of declaration."""
    found: dict[str, EventType] = {}
    for info in sorted(pkgutil.iter_modules(dsl.schema.__path__), key=lambda i: i.name):
        module = importlib.import_module(f"dsl.schema.{info.name}")
        for value in vars(module).values():
            if (
                isinstance(value, type)
                and issubclass(value, Event)
                and value is not Event
                and value.__module__ == module.__name__
            ):
                tag = value.__struct_config__.tag
                doc = (value.__doc__ or "").strip().splitlines()[0]
                found[str(tag)] = EventType(str(tag), value, doc, info.name, _columns(value))
    return found


def event_type(event: Event) -> str:
    """The type name of an event, as `type` in its JSON."""
    return str(type(event).__struct_config__.tag)
